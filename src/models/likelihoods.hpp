/// The naive and the marginal likelihood: they bind a catalog, a model and a backend. Objects are brought to
/// the kernels' units and to a reference theta once, in double; theta is prepared per walker, in double; the
/// kernel sums differences to the reference.
#pragma once

#include <memory>
#include <span>

#include "models/definition.hpp"
#include "models/measurement_model.hpp"
#include "models/population_model.hpp"

namespace starling {

/// How the bias of a samples likelihood is corrected; formulas/terms.hpp has the equations.
enum class BiasCorrection { none, first_order, jackknife, gaussian };
BiasCorrection parse_bias_correction(const std::string& text);

/// What a likelihood is made of. population is in the frame; measurement is null for posterior samples.
struct Parts {
  const Catalog& catalog;
  std::shared_ptr<const PopulationModel> population;
  std::shared_ptr<const MeasurementModel> measurement;
  Frame frame;
  std::size_t population_dimension, measurement_dimension;
  std::size_t dimension;  ///< of theta; after those two parts comes the rate, if it is one of the parameters
  Backend backend;
  double tolerance;                                ///< of quadrature, per object
  std::shared_ptr<const Catalog> nodes = nullptr;  ///< what `catalog` refers to, where it was made for this

  /// The population's part of theta, in the frame.
  [[nodiscard]] std::vector<double> framed(std::span<const double> theta) const {
    return population->framed(theta.first(population_dimension), frame);
  }
};

/// The naive fit of the points. theta may have parameters after the population's; they do not enter.
std::unique_ptr<Likelihood> point_likelihood(const Parts& parts, std::span<const double> reference);
/// Normal population and normal noise, integrated in closed form.
std::unique_ptr<Likelihood> exact_likelihood(const Parts& parts, std::span<const double> reference);
/// A population with a closed form behind normal noise, integrated by it.
std::unique_ptr<Likelihood> noisy_density_likelihood(const Parts& parts, std::span<const double> reference);
/// Importance sampling over posterior samples; with the correction `gaussian`, which is for the normal
/// population and a flat interim prior, a closed form.
std::unique_ptr<Likelihood> samples_likelihood(const Parts& parts, std::span<const double> reference,
                                               BiasCorrection correction);
/// Densities fitted to posterior samples, by their nodes (parts.nodes).
std::unique_ptr<Likelihood> density_likelihood(const Parts& parts, std::span<const double> reference);
/// How many objects have samples that are far from normal: skewness or excess kurtosis beyond five times what
/// chance gives normal samples.
std::size_t objects_far_from_normal(const Catalog& catalog);
/// Quadrature.
std::unique_ptr<Likelihood> quadrature_likelihood(const Parts& parts, std::span<const double> reference);

}  // namespace starling
