// Simulated catalogs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/registry.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"

namespace starling {

Simulation simulate(std::string_view population, const std::vector<double>& truth, std::size_t objects,
                    const std::vector<double>& sigma, std::size_t samples_per_object, std::uint64_t seed) {
  return simulate(
      {std::string(population), "normal", truth, {{"sigma", sigma}}, objects, samples_per_object, seed});
}

Simulation simulate(const SimulationRequest& request) {
  if (request.measurement == "samples")
    throw InputError("measurement 'samples' cannot be simulated by itself: ask for samples per object");
  const auto population = find_population(request.population);
  const auto measurement = find_measurement(request.measurement);
  const auto parameters = parameters_of(request.population, request.measurement);
  const auto& truth = request.truth;
  const std::size_t objects = request.objects;
  if (truth.size() != parameters.size())
    throw InputError(fmt::format("the truth has {} values, expected {}", truth.size(), parameters.size()));
  for (std::size_t j = 0; j < truth.size(); ++j)
    if (!(truth[j] > parameters[j].lower && truth[j] < parameters[j].upper) || !std::isfinite(truth[j]))
      throw InputError(fmt::format("the truth of '{}' is {}, expected a value in ({}, {})",
                                   parameters[j].name, truth[j], parameters[j].lower, parameters[j].upper));
  if (objects == 0 || objects >= (std::size_t{1} << 32))
    throw InputError(fmt::format("objects is {}, expected between 1 and 4294967295", objects));
  const std::size_t of_population = population.model->parameters().size();
  const auto theta = std::span(truth).first(of_population), noise = std::span(truth).subspan(of_population);
  if (!std::isfinite(population.model->log_constraint(theta)))
    throw InputError(fmt::format("the truth is not possible for population '{}'", population.text));

  Simulation out;
  Catalog& catalog = out.catalog;
  catalog.x.assign(objects, 0);
  const auto columns = measurement.model->columns();
  for (const auto& column : columns) {
    if (column.role == "x") continue;
    const auto given = request.columns.find(column.role);
    if (given == request.columns.end()) continue;
    const auto& values = given->second;
    if (values.size() != 1 && values.size() != objects)
      throw InputError(fmt::format("{} values of {} for {} objects", values.size(), column.role, objects));
    if (column.role == "sigma")
      catalog.sigma = values;
    else
      catalog.columns[column.role] = values.size() == 1 ? std::vector<double>(objects, values[0]) : values;
  }
  for (const auto& [role, values] : request.columns)
    if (std::none_of(columns.begin(), columns.end(),
                     [&, &role = role](const auto& c) { return c.role == role; }))
      throw InputError(fmt::format("measurement '{}' has no column '{}'", measurement.text, role));
  if (const auto limits = catalog.columns.find("limit");
      limits != catalog.columns.end() &&
      std::any_of(limits->second.begin(), limits->second.end(), [](double l) { return l != 0; }))
    throw InputError(
        "limits cannot be simulated, as which objects have them is the survey's choice: limit = 0");
  // x itself is yet to be drawn
  const Rows rows(*measurement.model, catalog);
  rows.check(*measurement.model);
  if (request.samples_per_object > 0 && request.measurement != "normal")
    throw InputError(fmt::format("posterior samples are simulated for measurement normal only, got '{}'",
                                 measurement.text));
  for (std::size_t i = 0; i < objects; ++i) {
    const auto stream = [&](std::uint32_t what) {
      return HostStream(request.seed, 0, static_cast<std::uint32_t>(i),
                        purpose_word(Purpose::simulation, what));
    };
    auto truths = stream(0), noises = stream(1), sampling = stream(2);
    out.mu.push_back(population.model->draw(theta, truths));
    catalog.x[i] = measurement.model->draw(noise, rows[i], out.mu.back(), noises);
    for (std::size_t k = 0; k < request.samples_per_object; ++k)
      catalog.samples.push_back(catalog.x[i] + catalog.sigma_of(i) * sampling.normal());
    if (request.samples_per_object > 0) catalog.offsets.push_back(i * request.samples_per_object);
  }
  if (request.samples_per_object > 0) catalog.offsets.push_back(catalog.samples.size());
  return out;
}

}  // namespace starling
