#include "models/latent_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "models/quadrature.hpp"

namespace starling {
namespace {

/// A value of mu that both the population and the measurement make possible, in the frame.
double likely_value(const Parts& parts, std::span<const double> framed) {
  double lower = -std::numeric_limits<double>::infinity(), upper = -lower;
  if (parts.measurement)
    std::tie(lower, upper) = common_support(*parts.population, *parts.measurement, framed, parts.frame);
  double mu = 0;
  for (std::uint32_t k = 0; k < 100; ++k) {
    HostStream stream(0, 0, k, purpose_word(Purpose::simulation, 98));
    mu = parts.population->draw(framed, stream);
    if (mu > lower && mu < upper) return mu;
  }
  return std::isfinite(lower) && std::isfinite(upper) ? 0.5 * (lower + upper) : mu;
}

}  // namespace

std::pair<double, double> eta_transform(const PopulationModel& population, std::span<const double> before,
                                        std::span<const double> after) {
  const auto from = population.location_scale(before), to = population.location_scale(after);
  if (!from) return {1, 0};
  const double a = to->second / from->second;
  return {a, to->first - a * from->first};
}

ObjectTable<double> latent_objects(const Parts& parts, std::size_t begin, std::size_t end) {
  ObjectTable<double> objects;
  objects.size = end - begin;
  if (parts.measurement) {
    const Rows rows(*parts.measurement, parts.catalog);
    objects.measurement = parts.measurement->number();
    for (std::size_t j = 0; j < 4; ++j) objects.column[j].reserve(objects.size);
    bool used[3] = {};
    for (std::size_t i = begin; i < end; ++i) {
      const auto datum = parts.measurement->datum(rows[i], parts.frame);
      objects.column[0].push_back(datum.center);
      for (std::size_t j = 0; j < 3; ++j) {
        objects.column[1 + j].push_back(datum.v[j]);
        used[j] = used[j] || datum.v[j] != 0;
      }
    }
    for (std::size_t j = 0; j < 3; ++j)
      if (!used[j]) objects.column[1 + j] = {};
    parts.catalog.let_go(begin, end);
    return objects;
  }
  const Catalog& catalog = parts.catalog;
  objects.measurement = ~std::uint32_t{0};  // none: the samples say all
  objects.offset.push_back(0);
  for (std::size_t i = begin; i < end; ++i) {
    objects.column[0].push_back(parts.frame.to(catalog.x[i]));
    for (std::size_t k = catalog.offsets[i]; k < catalog.offsets[i + 1]; ++k) {
      objects.sample[0].push_back(parts.frame.to(catalog.samples[k]));
      if (!catalog.log_interim.empty()) objects.sample[2].push_back(catalog.log_interim[k]);
    }
    objects.offset.push_back(objects.sample[0].size());
  }
  return objects;
}

double first_scale(const Parts& parts, const ObjectTable<double>& objects, std::size_t i,
                   std::span<const double> noise) {
  Datum<double> datum{objects.column[0][i], {}};
  for (std::size_t j = 0; j < 3; ++j)
    if (!objects.column[1 + j].empty()) datum.v[j] = objects.column[1 + j][i];
  const auto c = parts.measurement->prepare(noise, parts.frame);
  const double variance = parts.measurement->normal_like()
                              ? 1 / datum.v[0]
                              : std::pow(likelihood_width(*parts.measurement, c, datum), 2);
  // without a unit of its own the catalog's points say how wide the population is, roughly
  return 2.4 / std::sqrt(1 / variance + 1);
}

void latent_column(const Parts& parts, std::span<const double> theta, double* out, bool start) {
  const auto framed = parts.framed(theta);
  const auto place = parts.population->location_scale(framed);
  *out++ = place ? place->first : start ? likely_value(parts, framed) : 0;
  parts.population->prepare(framed, out);
  out += parts.population->prepared_size();
  if (!parts.measurement) {
    std::fill_n(out, kMeasurementCoefficients, 0.0);
    return;
  }
  const auto c = parts.measurement->prepare(
      theta.subspan(parts.population_dimension, parts.measurement_dimension), parts.frame);
  std::copy(c.begin(), c.end(), out);
}

}  // namespace starling
