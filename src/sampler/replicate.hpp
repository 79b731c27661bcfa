/// New catalogs under a model that was fitted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/registry.hpp"
#include "models/vector_model.hpp"
#include "starling/catalog.hpp"
#include "starling/fit.hpp"
#include "starling/measurements/samples.hpp"
#include "starling/model.hpp"

namespace starling {

/// Draws points (see PredictiveCheck) of the objects of one catalog.
class Replicator {
 public:
  /// Throws InputError where the model's selection cannot be drawn.
  Replicator(const Model& model, const Catalog& catalog, Method method, std::uint64_t seed);

  /// Whether true values are compared, as no new samples can be drawn.
  [[nodiscard]] bool of_latents() const { return is_of_samples(model_.measurement()); }
  /// The catalog's own points, [component][object], of one latent [object]; latents given theta and the
  /// samples, which differ from replicate to replicate.
  [[nodiscard]] std::vector<double> observed(std::span<const double> theta, std::uint32_t replicate) const;
  /// Points of new objects. Throws RunError where hardly any would be in the catalog.
  [[nodiscard]] std::vector<double> replicated(std::span<const double> theta, std::uint32_t replicate) const;
  /// p(mu | theta); of several latents that of the first, roughly, from draws.
  [[nodiscard]] std::vector<double> density(std::span<const double> theta, std::span<const double> mu) const;

 private:
  [[nodiscard]] std::span<const double> population(std::span<const double> theta) const;
  [[nodiscard]] std::span<const double> noise(std::span<const double> theta) const;
  [[nodiscard]] double new_point(std::span<const double> theta, std::size_t object, HostStream& stream) const;
  /// The same of several latents.
  [[nodiscard]] std::vector<double> new_points(std::span<const double> theta, std::size_t object,
                                               HostStream& stream) const;

  const Model& model_;
  const Catalog& catalog_;
  std::shared_ptr<const VectorModel> vectors_;  // of several latents, or with covariates; else null
  NamedPair pair_;                              // of one
  bool points_are_truths_;
  std::uint64_t seed_;
  std::size_t population_dimension_, measurement_dimension_ = 0;
  std::vector<Rows::Values> rows_;  // of the objects, empty for posterior samples
  std::size_t place_of_x_ = 0;      // in a row
};

}  // namespace starling
