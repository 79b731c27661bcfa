#include "sampler/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

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

/// The lowest and the highest theta_j of the others.
std::pair<double, double> reach(const Reference& reference, std::size_t j) {
  std::pair<double, double> reach{kInfinity, -kInfinity};
  for (std::size_t k = j; k < reference.others.size(); k += reference.theta.size()) {
    reach.first = std::min(reach.first, reference.others[k]);
    reach.second = std::max(reach.second, reference.others[k]);
  }
  return reach;
}

}  // namespace

Reference reference_of(const Ensembles& walkers, const Model& model, const std::vector<double>& also) {
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
  reference.others.insert(reference.others.end(), also.begin(), also.end());
  return reference;
}

bool went_beyond(const Ensembles& walkers, const Reference& reference) {
  for (const std::size_t j : walkers.free) {
    const auto [lowest, highest] = reach(reference, j);
    for (std::size_t c = 0; c < walkers.chains(); ++c)
      if (walkers.at(c)[j] < lowest || walkers.at(c)[j] > highest) return true;
  }
  return false;
}

std::vector<double> unresolved(const Ensembles& walkers, const Reference& reference,
                               const Likelihood& likelihood) {
  std::vector<double> found;
  if (reference.others.empty()) return found;
  std::vector<std::pair<double, double>> near(walkers.dimension, {-kInfinity, kInfinity});
  for (const std::size_t j : walkers.free) {
    const auto [lowest, highest] = reach(reference, j);
    near[j] = {(reference.theta[j] + lowest) / 2, (reference.theta[j] + highest) / 2};
  }
  for (std::size_t c = 0; c < walkers.chains(); ++c) {
    const auto theta = walkers.at(c);
    const bool far = std::any_of(walkers.free.begin(), walkers.free.end(), [&](std::size_t j) {
      return theta[j] < near[j].first || theta[j] > near[j].second;
    });
    if (far && !likelihood.resolves(theta)) found.insert(found.end(), theta.begin(), theta.end());
  }
  return found;
}

bool reaches_too_far(const Ensembles& walkers, const Reference& reference, const Model& model) {
  const Reference now = reference_of(walkers, model);
  for (const std::size_t j : walkers.free) {
    const auto [lowest, highest] = reach(reference, j);
    const auto [lowest_now, highest_now] = reach(now, j);
    if (highest - lowest > 2 * (highest_now - lowest_now)) return true;
  }
  return false;
}

}  // namespace starling
