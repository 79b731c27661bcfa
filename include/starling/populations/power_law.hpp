/// The power law: p(mu) ~ mu^slope on [lower, upper], 0 < lower < upper.
#pragma once

#include "starling/populations/normal.hpp"

namespace starling {

// ---- e^(k t) on 0 <= t <= length: a power law in t = ln(mu / lower). All are smooth through k = 0.

/// ln of the integral.
inline double log_exponential_integral(double k, double length) {
  const double x = k * length;
  if (x == 0) return std::log(length);
  return x > 0 ? x + std::log(-std::expm1(-x) / k) : std::log(std::expm1(x) / k);
}
inline double exponential_cdf(double k, double length, double t) {
  if (std::abs(k * length) < 1e-14) return t / length;
  return k > 0 ? std::exp(k * (t - length)) * std::expm1(-k * t) / std::expm1(-k * length)
               : std::expm1(k * t) / std::expm1(k * length);
}
/// The inverse of the cumulative distribution.
inline double exponential_quantile(double k, double length, double u) {
  const double x = k * length;
  if (std::abs(x) < 1e-12) return length * u;
  return x > 0 ? length + std::log1p((1 - u) * std::expm1(-x)) / k : std::log1p(u * std::expm1(x)) / k;
}

/// Bounds just outside of the points, and how far.
struct BoundsEstimate {
  double lower, upper, lower_spread, upper_spread;
  explicit BoundsEstimate(const Points& p) {
    const double wide =
        std::sqrt(p.noise) + std::max(p.largest - p.smallest, 1e-3 * std::abs(p.largest)) / p.n;
    const double smallest =
        p.smallest > 0 ? p.smallest : std::max(std::abs(p.mean), std::sqrt(p.variance)) / 100;
    const double largest = std::max({p.largest, 10 * std::numeric_limits<double>::min(), 1.1 * smallest});
    const double gap = std::min(0.2 * smallest, wide);
    lower = smallest - gap;
    upper = largest + wide;
    lower_spread = gap / 4;
    upper_spread = wide / 4;
  }
};

struct PowerLaw {
  static constexpr std::string_view name = "power_law";
  static constexpr std::string_view meaning = "p(mu) ~ mu^slope on [lower, upper]";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"slope", -infinity, infinity, "p(mu) ~ mu^slope", "normal(0, 5)"},
            {"lower", 0, infinity, "smallest true value", "log_uniform(1e-10, 1e15)"},
            {"upper", 0, infinity, "largest true value", "log_uniform(1e-10, 1e15)"}};
  }
  static double log_constraint(std::span<const double> theta) {
    return theta[1] < theta[2] ? 0 : -std::numeric_limits<double>::infinity();
  }

  // ---- density: coefficients {slope, 1 / lower, ln p(lower), lower, upper}
  static constexpr int prepared_size = 5;
  static std::array<double, 5> prepare(std::span<const double> theta) {
    const double log_norm = log_exponential_integral(theta[0] + 1, std::log(theta[2] / theta[1]));
    return {theta[0], 1 / theta[1], -std::log(theta[1]) - log_norm, theta[1], theta[2]};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 5>& c, R mu) {
    const R inside = math::fma(c[0], math::log_clamped(mu * c[1]), c[2]);
    return math::select<R>((mu >= c[3]) & (mu <= c[4]), inside, R(-__builtin_huge_valf()));
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  static PowerLaw in_frame(Frame) { return {}; }
  static std::array<double, 3> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1] / frame.scale, theta[2] / frame.scale};
  }

  static constexpr bool support_moves = true;
  static std::pair<double, double> support(std::span<const double> theta) { return {theta[1], theta[2]}; }
  static double draw(std::span<const double> theta, HostStream& stream) {
    const double t = exponential_quantile(theta[0] + 1, std::log(theta[2] / theta[1]), stream.uniform());
    return std::clamp(theta[1] * std::exp(t), theta[1], theta[2]);
  }
  static double cdf(std::span<const double> theta, double mu) {
    if (mu <= theta[1]) return 0;
    if (mu >= theta[2]) return 1;
    return exponential_cdf(theta[0] + 1, std::log(theta[2] / theta[1]), std::log(mu / theta[1]));
  }

  /// Bounds from the extreme points; the slope such that the mean of mu is that of the points.
  static Start estimate(const Points& p) {
    const BoundsEstimate b(p);
    const double length = std::log(b.upper / b.lower);
    double low = -20, high = 20;
    for (int i = 0; i < 40; ++i) {
      const double k = (low + high) / 2 + 1;
      const double mean =
          b.lower * std::exp(log_exponential_integral(k + 1, length) - log_exponential_integral(k, length));
      (mean < p.mean ? low : high) = k - 1;
    }
    return {{low, b.lower, b.upper}, {2 / length / std::sqrt(p.n) + 0.1, b.lower_spread, b.upper_spread}};
  }
};

static_assert(Population<PowerLaw> && HasConstraint<PowerLaw> && HasFrame<PowerLaw> && HasCdf<PowerLaw>);

}  // namespace starling
