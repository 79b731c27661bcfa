// Simulated catalogs.
#include <fmt/format.h>

#include <cmath>

#include "models/definition.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"

namespace starling {
Simulation simulate(std::string_view population, const std::vector<double>& truth, std::size_t objects,
                    const std::vector<double>& sigma, std::size_t samples_per_object, std::uint64_t seed) {
  const auto parameters = parameters_of(population, "normal");
  if (truth.size() != parameters.size())
    throw InputError(fmt::format("the truth has {} values, expected {}", truth.size(), parameters.size()));
  for (std::size_t j = 0; j < truth.size(); ++j)
    if (!(truth[j] > parameters[j].lower && truth[j] < parameters[j].upper) || !std::isfinite(truth[j]))
      throw InputError(fmt::format("the truth of '{}' is {}, expected a value in ({}, {})",
                                   parameters[j].name, truth[j], parameters[j].lower, parameters[j].upper));
  if (objects == 0 || objects >= (std::size_t{1} << 32))
    throw InputError(fmt::format("objects is {}, expected between 1 and 4294967295", objects));
  if (sigma.size() != 1 && sigma.size() != objects)
    throw InputError(fmt::format("{} values of sigma for {} objects", sigma.size(), objects));
  for (const double s : sigma)
    if (!(s > 0) || !std::isfinite(s)) throw InputError(fmt::format("sigma is {}, expected more than 0", s));

  Simulation out;
  out.catalog.sigma = sigma;
  for (std::size_t i = 0; i < objects; ++i) {
    const auto stream = [&](std::uint32_t what) {
      return HostStream(seed, 0, static_cast<std::uint32_t>(i), purpose_word(Purpose::simulation, what));
    };
    auto truths = stream(0), noise = stream(1), sampling = stream(2);
    const double s = sigma.size() == 1 ? sigma[0] : sigma[i];
    out.mu.push_back(draw_from_population(population, truth, truths));
    out.catalog.x.push_back(out.mu.back() + s * noise.normal());
    for (std::size_t k = 0; k < samples_per_object; ++k)
      out.catalog.samples.push_back(out.catalog.x[i] + s * sampling.normal());
    if (samples_per_object > 0) out.catalog.offsets.push_back(i * samples_per_object);
  }
  if (samples_per_object > 0) out.catalog.offsets.push_back(out.catalog.samples.size());
  return out;
}

}  // namespace starling
