/// Populations of several latents per object, seen through a measurement: what binds a catalog, a model and a
/// backend.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "formulas/vector_latents.hpp"
#include "models/definition.hpp"
#include "models/selection.hpp"
#include "models/vector_model.hpp"

namespace starling {

/// The definition of a pair whose population has several latents (or covariates), or null if it is not one.
/// Throws InputError for pairs that cannot be had.
std::shared_ptr<const ModelDefinition> find_vectors(std::string_view population, std::string_view measurement,
                                                    bool rate);

/// What a likelihood of vectors, or a target, is made of.
struct VectorParts {
  const Catalog& catalog;
  std::shared_ptr<const VectorModel> model;
  bool sampled;  ///< posterior samples instead of the model's measurement
  std::vector<Frame> frames;
  std::size_t population_dimension, measurement_dimension, dimension;  ///< of theta
  Backend backend;
  double tolerance;  ///< of quadrature, per object

  [[nodiscard]] std::size_t latents() const { return frames.size(); }
  [[nodiscard]] std::span<const double> population(std::span<const double> theta) const {
    return theta.first(population_dimension);
  }
  [[nodiscard]] std::span<const double> noise(std::span<const double> theta) const {
    return theta.subspan(population_dimension, measurement_dimension);
  }
};

/// The values of object i's columns and arrays.
VectorRow vector_row(const VectorModel& model, const Catalog& catalog, std::size_t i);
std::vector<double> covariates_of(const VectorModel& model, const Catalog& catalog, std::size_t i);
/// A value of mu where the likelihood is high; of posterior samples the medians.
std::vector<double> vector_point(const VectorParts& parts, std::size_t i);

/// What stands in the rows of objects; formulas/vector_terms.hpp has the layouts.
enum class VectorRows { points, covariances, samples, nodes, numbers };
/// Rows of objects [begin, end). nodes: of a quadrature, so many per latent.
ObjectTable<double> vector_objects(const VectorParts& parts, VectorRows rows, std::size_t begin,
                                   std::size_t end, int nodes = 0);

/// first_order: of samples, ln L_i gets half of its share of V, the bias of a logarithm of a mean.
std::unique_ptr<Likelihood> vector_likelihood(const VectorParts& parts, VectorRows rows,
                                              std::span<const double> reference, bool first_order = false);
/// Sums over detected injections, whose latents stand in Selection::mu side by side.
InjectionSums vector_injections(const VectorParts& parts, const Selection& selection);
std::unique_ptr<JointTarget> vector_target(const VectorParts& parts, const FitOptions& options,
                                           bool collapsed);
std::vector<double> replay_vectors(const VectorParts& parts, std::size_t object, const ReplaySetup& setup);

}  // namespace starling
