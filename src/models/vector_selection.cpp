// The probability that an object of several latents is in the catalog, by injections.
#include <cmath>

#include "models/vector_pair.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

/// The injections as a catalog: an object for every run of them, or, as covariates are an object's, for each.
Catalog runs_of(const Selection& selection, std::size_t latents, double log_scale) {
  Catalog catalog;
  catalog.samples = selection.mu;
  catalog.sample_size = latents;
  for (const double l : selection.value) catalog.log_interim.push_back(l + log_scale);
  catalog.columns = selection.covariates;
  const std::size_t count = selection.value.size(), run = catalog.columns.empty() ? kInjectionRun : 1;
  for (std::size_t k = 0; k < count; k += run) catalog.offsets.push_back(k);
  catalog.x.assign(catalog.offsets.size(), 0);
  catalog.offsets.push_back(count);
  return catalog;
}

}  // namespace

InjectionSums vector_injections(const VectorParts& parts, const Selection& selection) {
  if (selection.mu.size() != selection.value.size() * parts.latents())
    throw InputError("the injections have another number of latents than the population");
  double log_scale = 0;
  for (const Frame& frame : parts.frames) log_scale += std::log(frame.scale);
  const auto catalog = runs_of(selection, parts.latents(), log_scale);
  const VectorParts of_runs{catalog,
                            parts.model,
                            true,
                            parts.frames,
                            parts.population_dimension,
                            parts.measurement_dimension,
                            parts.dimension,
                            parts.backend,
                            parts.tolerance};
  const auto objects =
      std::make_shared<ObjectTable<double>>(vector_objects(of_runs, VectorRows::samples, 0, catalog.size()));
  InjectionSums sums;
  sums.coefficients = parts.model->coefficients(VectorTerm::injections);
  sums.prepared = [model = parts.model, frames = parts.frames, d = parts.population_dimension,
                   n = sums.coefficients](std::span<const double> theta) {
    std::vector<double> c(static_cast<std::size_t>(n));
    model->prepare(VectorTerm::injections, theta.first(d), frames, c.data());
    return c;
  };
  sums.kernel = parts.model->kernel(VectorTerm::injections, parts.backend, *objects);
  sums.in_double = [model = parts.model, objects](std::span<const double> prepared) {
    const auto view = objects->view();
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < objects->size; ++i) {
      double second = 0;
      sum += model->evaluate(VectorTerm::injections, prepared, view, i, &second);
      squares += second;
    }
    return std::pair(sum, squares);
  };
  return sums;
}

}  // namespace starling
