#include "sampler/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// theta moved away from `from` by `share` of their distance, or by less where that is impossible: a
/// component whose prior ends before goes nearly there.
std::vector<double> outward(const Model& model, std::span<const double> theta, std::span<const double> from,
                            double share) {
  std::vector<double> moved(theta.size());
  for (int tries = 0; tries < 4; ++tries, share /= 2) {
    for (std::size_t j = 0; j < theta.size(); ++j) {
      const auto& parameter = model.parameters()[j];
      const auto& prior = model.priors()[j];
      const double lower = std::max(prior.lower(), parameter.lower),
                   upper = std::min(prior.upper(), parameter.upper);
      moved[j] = theta[j] + share * (theta[j] - from[j]);
      if (moved[j] <= lower) moved[j] = lower + 1e-3 * (theta[j] - lower);
      if (moved[j] >= upper) moved[j] = upper - 1e-3 * (upper - theta[j]);
    }
    if (model.log_prior(moved) > -kInfinity) return moved;
  }
  return {theta.begin(), theta.end()};
}

}  // namespace

Reference reference_of(const Ensembles& walkers, const Model& model) {
  const std::size_t d = walkers.dimension, chains = walkers.chains();
  Reference reference{std::vector<double>(d), {}};
  for (std::size_t c = 0; c < chains; ++c)
    for (std::size_t j = 0; j < d; ++j) reference.theta[j] += walkers.at(c)[j] / static_cast<double>(chains);
  // of n normal numbers the farthest is about sqrt(2 ln n) standard deviations out
  const double beyond = std::clamp(5 / std::sqrt(2 * std::log(static_cast<double>(chains))), 1.0, 2.5) - 1;
  for (const std::size_t j : walkers.free) {
    std::size_t lowest = 0, highest = 0;
    for (std::size_t c = 0; c < chains; ++c) {
      if (walkers.at(c)[j] < walkers.at(lowest)[j]) lowest = c;
      if (walkers.at(c)[j] > walkers.at(highest)[j]) highest = c;
    }
    for (const std::size_t c : {lowest, highest}) {
      const auto theta = outward(model, walkers.at(c), reference.theta, beyond);
      reference.others.insert(reference.others.end(), theta.begin(), theta.end());
    }
  }
  return reference;
}

bool went_beyond(const Ensembles& walkers, const Reference& reference) {
  for (const std::size_t j : walkers.free) {
    double lowest = kInfinity, highest = -kInfinity;
    for (std::size_t k = j; k < reference.others.size(); k += walkers.dimension) {
      lowest = std::min(lowest, reference.others[k]);
      highest = std::max(highest, reference.others[k]);
    }
    for (std::size_t c = 0; c < walkers.chains(); ++c)
      if (walkers.at(c)[j] < lowest || walkers.at(c)[j] > highest) return true;
  }
  return false;
}

}  // namespace starling
