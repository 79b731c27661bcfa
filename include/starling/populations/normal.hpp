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

  template <class R>
  static STARLING_HD R log_density_with_noise(const Coefficients<R, 3>& c, R x, R variance) {
    const R z = (x - c[0]) * c[1], wider = math::fma(variance, c[1] * c[1], R(1.0f));
    return math::fma(R(-0.5f), z * z / wider + math::log(wider), c[2]);
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

  // ---- exponential family: sums of mu - m and (mu - m)^2, m the walker's own mean
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 3>& current, R mu) {
    const R y = mu - current[0];
    return {{y, y * y}};
  }
  static double log_density_sum(std::span<const double> theta, const Coefficients<double, 3>& current,
                                std::span<const double> sums, double n) {
    const double d = theta[0] - current[0], s = theta[1];
    return -0.5 * (sums[1] - 2 * d * sums[0] + n * d * d) / (s * s) -
           n * (std::log(s) + 0.91893853320467274178);
  }

  // ---- location and scale, and units
  static std::pair<double, double> location_scale(std::span<const double> theta) {
    return {theta[0], theta[1]};
  }
  static constexpr bool frame_shifts = true, frame_scales = true;
  static NormalPopulation in_frame(Frame) { return {}; }
  static std::array<double, 2> to_frame(std::span<const double> theta, Frame frame) {
    return {frame.to(theta[0]), theta[1] / frame.scale};
  }

  static double draw(std::span<const double> theta, HostStream& stream) {
    return theta[0] + theta[1] * stream.normal();
  }
  static double cdf(std::span<const double> theta, double mu) {
    return 0.5 * std::erfc(-(mu - theta[0]) / (theta[1] * 1.41421356237309504880));
  }

  /// Method of moments. The spreads are the large-sample posterior widths, that of theta_sigma at most a
  /// third of it.
  static Start estimate(const Points& p) {
    double total = std::max(p.variance, p.noise);
    if (!(total > 0)) total = p.mean != 0 ? p.mean * p.mean : 1;  // nothing tells the width: any will do
    // never near 0: walkers that start there freeze
    const double excess = std::max(total - p.noise, 0.05 * total);
    const double s = std::sqrt(excess), wide = excess + p.noise;
    return {{p.mean, s}, {std::sqrt(wide / p.n), std::min(wide / (s * std::sqrt(2 * p.n)), s / 3)}};
  }
};

static_assert(Population<NormalPopulation> && HasRatio<NormalPopulation> && HasStatistics<NormalPopulation> &&
              LocationScale<NormalPopulation> && HasFrame<NormalPopulation> && HasCdf<NormalPopulation>);

}  // namespace starling
