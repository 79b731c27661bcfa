// Simulated catalogs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/registry.hpp"
#include "models/vector_pair.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"
#include "starling/measurements/samples.hpp"

namespace starling {

Simulation simulate(std::string_view population, const std::vector<double>& truth, std::size_t objects,
                    const std::vector<double>& sigma, std::size_t samples_per_object, std::uint64_t seed) {
  return simulate(
      {std::string(population), "normal", truth, {{"sigma", sigma}}, objects, samples_per_object, seed});
}

namespace {

void check_request(const SimulationRequest& request, const std::vector<Parameter>& parameters) {
  const auto& truth = request.truth;
  if (truth.size() != parameters.size())
    throw InputError(fmt::format("the truth has {} values, expected {}", truth.size(), parameters.size()));
  for (std::size_t j = 0; j < truth.size(); ++j)
    if (!(truth[j] > parameters[j].lower && truth[j] < parameters[j].upper) || !std::isfinite(truth[j]))
      throw InputError(fmt::format("the truth of '{}' is {}, expected a value in ({}, {})",
                                   parameters[j].name, truth[j], parameters[j].lower, parameters[j].upper));
  if (request.objects == 0 || request.objects >= (std::size_t{1} << 32))
    throw InputError(fmt::format("objects is {}, expected between 1 and 4294967295", request.objects));
}

/// What is given of the columns, x apart.
void give_columns(const SimulationRequest& request, const std::vector<Column>& columns, Catalog& catalog) {
  const std::size_t objects = request.objects;
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
      throw InputError(fmt::format("measurement '{}' has no column '{}'", request.measurement, role));
}

HostStream stream_of(std::uint64_t seed, std::size_t object, std::uint32_t what) {
  return {seed, 0, static_cast<std::uint32_t>(object), purpose_word(Purpose::simulation, what)};
}

/// Several latents per object: mu and x have all components of one object side by side; x, x_2, ... are
/// columns of the catalog.
Simulation simulate_vectors(const SimulationRequest& request) {
  const auto definition = find_definition(request.population, request.measurement);
  const auto model = find_vector_model(request.population, request.measurement).model;
  check_request(request, definition->parameters());
  const std::size_t n = request.objects, d = model->latents().size();
  const auto theta = std::span(request.truth).first(definition->population_dimension()),
             noise = std::span(request.truth).subspan(definition->population_dimension());
  if (!std::isfinite(model->log_constraint(theta)))
    throw InputError(fmt::format("the truth is not possible for population '{}'", request.population));
  Simulation out;
  Catalog& catalog = out.catalog;
  catalog.x.assign(n, 0);
  const auto columns = definition->columns();
  const auto is_value = [](const Column& column) {
    return column.role == "x" || column.role.starts_with("x_");
  };
  for (const auto& column : columns)
    if (is_value(column) && column.role != "x") catalog.columns[column.role].assign(n, 0);
  give_columns(request, columns, catalog);
  definition->check(catalog, Method::joint);
  out.mu.resize(n * d);
  for (std::size_t i = 0; i < n; ++i) {
    auto truths = stream_of(request.seed, i, 0), noises = stream_of(request.seed, i, 1),
         sampling = stream_of(request.seed, i, 2);
    const auto mu = std::span(out.mu).subspan(i * d, d);
    model->draw(theta, covariates_of(*model, catalog, i), truths, mu);
    auto row = vector_row(*model, catalog, i);
    row.values = model->draw_values(noise, row, mu, noises);
    if (row.values.empty())
      throw InputError(
          fmt::format("measurement '{}' does not say how measured values are drawn", request.measurement));
    const auto own = model->columns();
    for (std::size_t j = 0; j < own.size(); ++j)
      if (is_value(own[j]))
        (own[j].role == "x" ? catalog.x : catalog.columns.at(own[j].role))[i] = row.values[j];
    for (std::size_t k = 0; k < request.samples_per_object; ++k) {
      // posterior samples under a flat prior: the noise about x
      const auto sample = model->draw_values(noise, row, std::span(row.values).first(d), sampling);
      catalog.samples.insert(catalog.samples.end(), sample.begin(),
                             sample.begin() + static_cast<std::ptrdiff_t>(d));
    }
    if (request.samples_per_object > 0) catalog.offsets.push_back(i * request.samples_per_object);
  }
  if (request.samples_per_object > 0) {
    if (!model->has_normal_noise())
      throw InputError(fmt::format("posterior samples are simulated for measurement normal only, got '{}'",
                                   request.measurement));
    catalog.offsets.push_back(n * request.samples_per_object);
    catalog.sample_size = d;
  }
  return out;
}

}  // namespace

Simulation simulate(const SimulationRequest& request) {
  if (is_of_samples(request.measurement))
    throw InputError("measurement 'samples' cannot be simulated by itself: ask for samples per object");
  if (names_vectors(request.population)) return simulate_vectors(request);
  const auto population = find_population(request.population);
  const auto measurement = find_measurement(request.measurement);
  const auto parameters = parameters_of(request.population, request.measurement);
  const auto& truth = request.truth;
  const std::size_t objects = request.objects;
  check_request(request, parameters);
  const std::size_t of_population = population.model->parameters().size();
  const auto theta = std::span(truth).first(of_population), noise = std::span(truth).subspan(of_population);
  if (!std::isfinite(population.model->log_constraint(theta)))
    throw InputError(fmt::format("the truth is not possible for population '{}'", population.text));

  Simulation out;
  Catalog& catalog = out.catalog;
  catalog.x.assign(objects, 0);
  give_columns(request, measurement.model->columns(), catalog);
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
    auto truths = stream_of(request.seed, i, 0), noises = stream_of(request.seed, i, 1),
         sampling = stream_of(request.seed, i, 2);
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
