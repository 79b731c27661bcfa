/// The log-normal population: ln mu ~ N(log_mean, log_sd^2), mu > 0.
#pragma once

#include "starling/populations/normal.hpp"

namespace starling {

struct LogNormalPopulation {
  static constexpr std::string_view name = "log_normal";
  static constexpr std::string_view meaning = "ln mu ~ N(log_mean, log_sd^2), mu > 0";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"log_mean", -infinity, infinity, "mean of ln mu", "normal(0, 100)"},
            {"log_sd", 0, infinity, "standard deviation of ln mu", "half_normal(10)"}};
  }

  // ---- density, with y = ln mu - log_mean = ln(mu / m) - d and m the median as a float (within its range):
  // coefficients {m, 1 / m, d, 1 / sd, -ln(m sd sqrt(2 pi))}
  static constexpr int prepared_size = 5;
  static std::array<double, 5> prepare(std::span<const double> theta) {
    const double m = static_cast<float>(std::exp(std::clamp(theta[0], -80.0, 80.0)));
    return {m, 1 / m, theta[0] - std::log(m), 1 / theta[1],
            -std::log(m) - std::log(theta[1]) - 0.91893853320467274178};
  }
  /// ln(mu / m), accurate near 0, for mu > 0.
  template <class R>
  static STARLING_HD R log_ratio_to_median(const Coefficients<R, 5>& c, R mu) {
    const R tiny(0x1p-126f), huge(1e38f);
    const R w = math::larger(mu * c[1], tiny);
    return math::log_product(math::select<R>(w < huge, w, huge), (mu - c[0]) * c[1]);
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 5>& c, R mu) {
    const R log_ratio = log_ratio_to_median(c, mu);
    const R z = (log_ratio - c[2]) * c[3];
    const R inside = math::fma(R(-0.5f) * z, z, c[4] - log_ratio);
    return math::select<R>(mu > R(0.0f), inside, R(-__builtin_huge_valf()));
  }

  // ---- exponential family: sums of y and y^2
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 5>& current, R mu) {
    const R y = log_ratio_to_median(current, mu) - current[2];
    return {{y, y * y}};
  }
  static double log_density_sum(std::span<const double> theta, const Coefficients<double, 5>& current,
                                std::span<const double> sums, double n) {
    const double mean = std::log(current[0]) + current[2], d = theta[0] - mean, s = theta[1];
    return -0.5 * (sums[1] - 2 * d * sums[0] + n * d * d) / (s * s) - (sums[0] + n * mean) -
           n * (std::log(s) + 0.91893853320467274178);
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  static LogNormalPopulation in_frame(Frame) { return {}; }
  static std::array<double, 2> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0] - std::log(frame.scale), theta[1]};
  }

  static constexpr bool support_moves = false;
  static std::pair<double, double> support(std::span<const double>) {
    return {0, std::numeric_limits<double>::infinity()};
  }
  static double draw(std::span<const double> theta, HostStream& stream) {
    return std::exp(theta[0] + theta[1] * stream.normal());
  }
  static double cdf(std::span<const double> theta, double mu) {
    return mu > 0 ? NormalPopulation::cdf(theta, std::log(mu)) : 0;
  }

  /// Method of moments.
  static Start estimate(const Points& p) {
    const Start normal = NormalPopulation::estimate(p);
    const double sd = normal.center[1], mean = std::max(p.mean, 0.3 * sd);
    const double variance = std::log1p(sd * sd / (mean * mean)), s = std::sqrt(variance);
    return {{std::log(mean) - variance / 2, s},
            {s * std::sqrt(2 / p.n) + normal.spread[0] / mean,
             std::min(s / 3, s / std::sqrt(p.n) + normal.spread[1] / mean)}};
  }
};

static_assert(Population<LogNormalPopulation> && HasStatistics<LogNormalPopulation> &&
              HasFrame<LogNormalPopulation> && HasCdf<LogNormalPopulation>);

}  // namespace starling
