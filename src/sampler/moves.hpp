/// Proposals of theta: each is one function of a walker and of the other half of its ensemble. The acceptance
/// is written once, in ensemble.cpp: accept with probability min(1, exp(log_factor) p' / p).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "starling/random.hpp"

namespace starling {

/// The half of an ensemble that a proposal may use: `count` walkers, theta rows of `dimension`, and which
/// columns are free.
struct OtherHalf {
  const double* theta;
  std::size_t count, dimension;
  std::span<const std::size_t> free;
  [[nodiscard]] const double* walker(std::size_t k) const { return theta + k * dimension; }
};

/// Stretch move (Goodman & Weare 2010): theta' = theta_k + z (theta - theta_k), g(z) ~ z^(-1/2) on [1/a, a].
/// Returns the log factor (d - 1) ln z; `proposed` starts as a copy of `theta`.
double propose_stretch(std::span<const double> theta, const OtherHalf& other, double a, HostStream& stream,
                       std::span<double> proposed);

/// Differential evolution (ter Braak 2006): theta' = theta + gamma (theta_j - theta_k), gamma = 2.38 / sqrt(2
/// d) with a jitter of 1 %, and gamma = 1 one time in ten. Symmetric: the log factor is 0. Needs count >= 2.
double propose_de(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                  std::span<double> proposed);

/// Snooker move (ter Braak & Vrugt 2008): along the line from a walker z through theta, by 1.7 times the
/// difference of two others projected on it; the log factor is (d - 1) ln(|theta' - z| / |theta - z|). Needs
/// count >= 3.
double propose_snooker(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                       std::span<double> proposed);

/// Normal move: theta' is drawn anew from what is known of a normal distribution that the other half was
/// drawn from: a t distribution about their mean, of nu = count - d degrees of freedom, whose scale matrix is
/// the sum of their squared deviations times (1 + 1 / count) / nu (Gelman et al. 2013, Bayesian Data
/// Analysis, section 3.6, the predictive distribution under Jeffreys' prior). Close to a normal target most
/// are accepted, and what follows is independent of what was.
class NormalMove {
 public:
  explicit NormalMove(const OtherHalf& other);
  /// Returns the log factor ln t(theta) - ln t(theta'). Walkers that do not span the space say nothing: theta
  /// is proposed to itself with factor -infinity, a rejection.
  double propose(std::span<const double> theta, HostStream& stream, std::span<double> proposed) const;

 private:
  std::span<const std::size_t> free_;
  double freedom_;
  std::vector<double> mean_;
  std::vector<double> root_;  // [row][column] of the scale matrix's, lower triangular; empty if there is none
};

}  // namespace starling
