/// A few nodes in the place of many posterior samples.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "models/population_model.hpp"

namespace starling {

/// mu (in the frame) and log interim densities of one object's samples.
struct WeightedSamples {
  std::span<const double> mu, log_interim;  ///< the second empty: flat
};

/// Nodes and weights of the n-point Gauss quadrature of a discrete measure: sum_k weight_k f(x_k) is that
/// over the nodes for every polynomial f of degree below 2 n. By Lanczos' recurrence (Golub & Welsch 1969,
/// Math. Comp. 23, 221; Gautschi 2004, Orthogonal Polynomials, 2.2.3). All weights are positive and sorted by
/// node. Fewer nodes where there are fewer distinct x.
struct GaussRule {
  std::vector<double> node, weight;
};
GaussRule gauss_rule(std::span<const double> x, std::span<const double> weight, std::size_t n);

/// Values of mu of all objects, one object's after the other's.
struct ValuesOfObjects {
  std::vector<std::uint64_t> offset{0};  ///< [N + 1]
  std::vector<double> mu, log_interim;

  [[nodiscard]] WeightedSamples of(std::size_t i) const {
    const std::size_t begin = offset[i], count = offset[i + 1] - begin;
    return {std::span(mu).subspan(begin, count), std::span(log_interim).subspan(begin, count)};
  }
};

/// Nodes, the mean over which is the mean over the samples of each object.
struct SampleNodes : ValuesOfObjects {
  std::vector<double> shift;  ///< [N] ln L_i at the reference over the samples less that over the nodes
  double error = 0;           ///< the largest error of an object's ln L at any of the thetas
};

/// A theta at which nodes must be right. All in the frame.
struct NodesPoint {
  std::vector<double> population;  ///< as PopulationModel::prepare gives it
  std::pair<double, double> support;
  double break_in_support;  ///< NaN: none
};
NodesPoint nodes_point(const PopulationModel& population, std::span<const double> theta);

/// ln [p(mu_k | theta) / pi0_k]; `prepared` as PopulationModel::prepare gives it.
std::vector<double> log_weights(const PopulationModel& population, std::span<const double> prepared,
                                WeightedSamples samples);

/// Of weights that are given by their logarithms.
struct WeightSums {
  double largest;       ///< logarithm of the largest
  double sum, squares;  ///< of the weights, in units of the largest

  [[nodiscard]] double log_sum() const;  ///< -infinity where the sum is 0
};
WeightSums sums_of(const std::vector<double>& log_weights);

/// As few nodes per object as leave ln L_i within `tolerance` at all points (the first is the reference),
/// half of its samples at most. Where so few are not enough, or the support ends or breaks among the samples
/// at any of the points or in between, the samples themselves.
SampleNodes nodes_for_samples(const PopulationModel& population, std::size_t objects,
                              const std::function<WeightedSamples(std::size_t)>& samples,
                              const std::vector<NodesPoint>& points, double tolerance, int threads);

}  // namespace starling
