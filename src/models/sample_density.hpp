/// Mixtures of normals fitted to the posterior samples of single objects, and catalogs in which they stand in
/// the samples' place.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/population_model.hpp"
#include "starling/catalog.hpp"

namespace starling {

/// A density sum_j weight_j N(mean_j, sd_j^2); the weights add up to 1.
struct NormalSum {
  std::vector<double> weight, mean, sd;

  /// P(mu < at)
  [[nodiscard]] double cdf(double at) const;
};

/// The maximum-likelihood sum of at most `most` normals by expectation-maximisation, their number by the
/// Bayesian information criterion (one, if skewness and kurtosis are within what chance gives), no sd below
/// 0.02 of the samples' own. `weight` counts samples as more than others; empty: all alike. Throws InputError
/// if the samples are all the same.
NormalSum fit_normals(std::span<const double> samples, std::span<const double> weight, int most);

/// Whether skewness or excess kurtosis are beyond so many times what chance gives normal samples.
bool is_far_from_normal(std::span<const double> samples, double times);

/// Nodes of one object's density, which stand for its samples, as with_density makes them.
struct DensityNodes {
  std::vector<double> mu, log_interim;
};
DensityNodes density_nodes(const Catalog& catalog, const PopulationModel& population, int components,
                           double step, std::size_t object);

/// Which objects of a catalog; of the others nothing is made.
struct ObjectRange {
  std::size_t begin, end;
};

/// A catalog whose samples are nodes of the midpoint rule for a density q_i, fitted to each object's samples
/// (with variances larger by 4 / n for the n samples of a component, against the bias of a fit), over the
/// interim prior pi0: (1 / K_i) sum_k p(mu_ik | theta) / pi0'_ik is int p(mu | theta) q_i(mu) / pi0(mu) dmu.
/// `step`: distance of nodes in units of a component's sd, out to 6 of them. Where pi0 is known per sample
/// only, q_i / pi0 itself is fitted, to samples of weight 1 / pi0. Nodes keep within the support of pi0, if
/// it has a name, and of the population, where that is fixed. Throws InputError for objects that have no
/// density.
Catalog with_density(const Catalog& catalog, const PopulationModel& population, int components, double step,
                     ObjectRange objects, int threads);

/// Why these densities may not be what the samples say, in sentences for the user, if it is so for more than
/// one object in a hundred; none: nothing was found.
/// The samples must be those of their density (Kolmogorov-Smirnov; false alarms: 1e-3 per catalog), not lie
/// against an end of the interim prior, be 10 at least, and be where the population at theta is, which nodes
/// `step` apart must resolve.
std::vector<std::string> density_caveats(const Catalog& catalog, const PopulationModel& population,
                                         std::span<const double> theta, int components, double step,
                                         int threads);

}  // namespace starling
