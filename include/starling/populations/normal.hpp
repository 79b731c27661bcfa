/// The normal population: mu ~ N(theta_mu, theta_sigma^2).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "starling/population.hpp"

namespace starling {

struct NormalPopulation {
  static constexpr std::string_view name = "normal";
  static constexpr std::string_view meaning = "mu ~ N(theta_mu, theta_sigma^2)";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"theta_mu", -infinity, infinity, "mean of the true values"},
            {"theta_sigma", 0, infinity, "standard deviation of the true values"}};
  }

  // ---- density: coefficients {mean, 1 / sd, -ln(sd sqrt(2 pi))}
  static constexpr int prepared_size = 3;
  static std::array<double, 3> prepare(std::span<const double> theta) {
    return {theta[0], 1 / theta[1], -std::log(theta[1]) - 0.91893853320467274178};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 3>& c, R mu) {
    const R z = (mu - c[0]) * c[1];
    return math::fma(R(-0.5f) * z, z, c[2]);
  }

  // ---- ln p(mu | theta) - ln p(mu | reference) = c0 + c1 mu + c2 mu^2
  static constexpr int ratio_size = 3;
  static std::array<double, 3> prepare_ratio(std::span<const double> theta,
                                             std::span<const double> reference) {
    const double m = theta[0], s = theta[1], m0 = reference[0], s0 = reference[1];
    // (1 / s0^2 - 1 / s^2) and its products, as differences of the parameters
    const double d = (s - s0) * (s + s0) / (s * s * s0 * s0);
    const double c1 = (m - m0) / (s * s) - m0 * d;
    const double c0 = 0.5 * (m0 * m0 * d - (m - m0) * (m + m0) / (s * s)) - std::log1p((s - s0) / s0);
    return {c0, c1, 0.5 * d};
  }
  template <class R>
  static STARLING_HD R log_ratio(const Coefficients<R, 3>& c, R mu) {
    return math::fma(math::fma(c[2], mu, c[1]), mu, c[0]);
  }

  // ---- exponential family: sums of mu and mu^2
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(R mu) {
    return {{mu, mu * mu}};
  }
  static double log_density_sum(std::span<const double> theta, std::span<const double> sums, double n) {
    const double m = theta[0], s = theta[1];
    return -0.5 * (sums[1] - 2 * m * sums[0] + n * m * m) / (s * s) -
           n * (std::log(s) + 0.91893853320467274178);
  }

  // ---- location and scale
  static std::pair<double, double> location_scale(std::span<const double> theta) {
    return {theta[0], theta[1]};
  }
  static std::vector<double> to_frame(std::span<const double> theta, Frame frame) {
    return {frame.to(theta[0]), theta[1] / frame.scale};
  }

  static double draw(std::span<const double> theta, HostStream& stream) {
    return theta[0] + theta[1] * stream.normal();
  }

  /// Method of moments. The spreads are the large-sample posterior widths, that of theta_sigma at most a
  /// third of it.
  static Start estimate(double n, double mean, double variance, double noise) {
    double total = std::max(variance, noise);
    if (!(total > 0)) total = mean != 0 ? mean * mean : 1;  // nothing tells the width: any will do
    const double excess =
        std::max(total - noise, 0.05 * total);  // never near 0: walkers that start there freeze
    const double s = std::sqrt(excess);
    const double wide = excess + noise;
    return {{mean, s}, {std::sqrt(wide / n), std::min(wide / (s * std::sqrt(2 * n)), s / 3)}};
  }
};

static_assert(Population<NormalPopulation> && HasRatio<NormalPopulation> && HasStatistics<NormalPopulation> &&
              LocationScale<NormalPopulation> && HasEstimate<NormalPopulation>);

}  // namespace starling
