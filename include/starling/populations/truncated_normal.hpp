/// A normal cut off at one or two fixed bounds: p(mu) ~ exp[-(mu - theta_mu)^2 / (2 theta_sigma^2)] on
/// [lower, upper]. theta_mu may lie outside of the bounds.
#pragma once

#include <boost/math/quadrature/gauss.hpp>

#include "starling/error.hpp"
#include "starling/populations/normal.hpp"

namespace starling {

/// ln[Phi(b) - Phi(a)], however far out in a tail, however narrow; -infinity unless a < b.
inline double log_normal_interval(double a, double b) {
  if (!(a < b)) return -std::numeric_limits<double>::infinity();
  if (a + b > 0) return log_normal_interval(-b, -a);  // the side where Phi is small
  const double width = b - a;
  if (width * std::max(1.0, std::abs(b) + width) < 0.5) {                    // Phi(b) - Phi(a) would cancel
    const auto ratio = [b](double t) { return std::exp(t * (b - t / 2)); };  // phi(b - t) / phi(b)
    const double integral = boost::math::quadrature::gauss<double, 15>::integrate(ratio, 0.0, width);
    return -0.5 * b * b - 0.91893853320467274178 + std::log(integral);
  }
  const double log_cdf = math::log_normal_cdf(b);
  return log_cdf + std::log1p(-std::exp(math::log_normal_cdf(a) - log_cdf));
}

/// Coefficients {a, 1 / sd, (a - mean) / sd, ln p(a)}, a the value next to the mean that is within the bounds
/// (as a float). With y = (mu - a) / sd, ln p = -y (y / 2 + (a - mean) / sd) + ln p(a): nothing cancels.
inline std::array<double, 4> prepare_truncated_normal(double mean, double sd, double lower, double upper) {
  const double a = static_cast<float>(std::max(lower, std::min(mean, upper))), h = (a - mean) / sd;
  const double log_norm = log_normal_interval((lower - mean) / sd, (upper - mean) / sd);
  const double top = -0.5 * h * h - log_norm - std::log(sd) - 0.91893853320467274178;
  return {a, 1 / sd, h, lower < upper ? top : -std::numeric_limits<double>::infinity()};
}
template <class R>
STARLING_HD R log_truncated_normal(R mu, R a, R inverse_sd, R h, R top) {
  const R y = (mu - a) * inverse_sd;
  return math::fma(R(0.0f) - math::fma(R(0.5f), y, h), y, top);
}

/// A standard normal on [a, b] by rejection (Robert 1995, Stat. Comput. 5, 121).
inline double draw_truncated_normal(double a, double b, HostStream& stream) {
  if (b < 0) return -draw_truncated_normal(-b, -a, stream);
  const double rate = a > 0 ? (a + std::sqrt(a * a + 4)) / 2 : 0, nearest = std::max(a, 0.0);
  const bool narrow = a > 0 ? (b - a) * rate < 1 : b - a < 2.5;
  while (true) {
    if (narrow) {
      const double z = a + (b - a) * stream.uniform();
      if (std::log(stream.uniform()) < 0.5 * (nearest - z) * (nearest + z)) return z;
    } else if (a > 0) {
      const double z = a - std::log(stream.uniform()) / rate;
      if (z <= b && std::log(stream.uniform()) < -0.5 * (z - rate) * (z - rate)) return z;
    } else {
      const double z = stream.normal();
      if (a <= z && z <= b) return z;
    }
  }
}

struct TruncatedNormal {
  static constexpr std::string_view name = "truncated_normal";
  static constexpr std::string_view meaning = "mu ~ N(theta_mu, theta_sigma^2), cut off at lower and upper";

  const double lower, upper;
  static std::vector<Argument> arguments() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"lower", -infinity, -infinity, infinity, "smallest value; -inf: none"},
            {"upper", infinity, -infinity, infinity, "largest value; inf: none"}};
  }
  explicit TruncatedNormal(std::span<const double> values) : lower(values[0]), upper(values[1]) {
    if (!(lower < upper)) throw InputError("truncated_normal: lower must be less than upper");
    if (std::isinf(lower) && std::isinf(upper))
      throw InputError("truncated_normal: needs lower, upper or both; without them it is 'normal'");
  }

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"theta_mu", -infinity, infinity, "mean before the cut", "normal(0, 1000)"},
            {"theta_sigma", 0, infinity, "standard deviation before the cut", "half_normal(1000)"}};
  }

  // ---- density: coefficients {those of prepare_truncated_normal, lower, upper}
  static constexpr int prepared_size = 6;
  std::array<double, 6> prepare(std::span<const double> theta) const {
    const auto c = prepare_truncated_normal(theta[0], theta[1], lower, upper);
    return {c[0], c[1], c[2], c[3], lower, upper};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 6>& c, R mu) {
    const R inside = log_truncated_normal(mu, c[0], c[1], c[2], c[3]);
    return math::select<R>((mu >= c[4]) & (mu <= c[5]), inside, R(-__builtin_huge_valf()));
  }

  // ---- exponential family: sums of mu - a and (mu - a)^2
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 6>& current, R mu) {
    const R y = mu - current[0];
    return {{y, y * y}};
  }
  double log_density_sum(std::span<const double> theta, const Coefficients<double, 6>& current,
                         std::span<const double> sums, double n) const {
    const auto c = prepare_truncated_normal(theta[0], theta[1], lower, upper);
    const double d = c[0] - current[0], first = sums[0] - n * d,
                 second = sums[1] - 2 * d * sums[0] + n * d * d;
    return -0.5 * second * c[1] * c[1] - c[2] * first * c[1] + n * c[3];
  }

  static constexpr bool frame_shifts = true, frame_scales = true;
  TruncatedNormal in_frame(Frame frame) const {
    return TruncatedNormal(std::array<double, 2>{frame.to(lower), frame.to(upper)});
  }
  static std::array<double, 2> to_frame(std::span<const double> theta, Frame frame) {
    return {frame.to(theta[0]), theta[1] / frame.scale};
  }

  static constexpr bool support_moves = false;
  [[nodiscard]] std::pair<double, double> support(std::span<const double>) const { return {lower, upper}; }
  double draw(std::span<const double> theta, HostStream& stream) const {
    const double z =
        draw_truncated_normal((lower - theta[0]) / theta[1], (upper - theta[0]) / theta[1], stream);
    return std::clamp(theta[0] + theta[1] * z, lower, upper);
  }
  double cdf(std::span<const double> theta, double mu) const {
    const double a = (lower - theta[0]) / theta[1], b = (upper - theta[0]) / theta[1];
    if (mu >= upper) return 1;
    return std::exp(log_normal_interval(a, (mu - theta[0]) / theta[1]) - log_normal_interval(a, b));
  }

  /// That of a normal, wider.
  static Start estimate(const Points& p) {
    const Start normal = NormalPopulation::estimate(p);
    const double s = 1.2 * normal.center[1];
    return {{normal.center[0], s}, {normal.spread[0] + 0.3 * s, s / 4}};
  }
};

static_assert(Population<TruncatedNormal> && HasArguments<TruncatedNormal> &&
              HasStatistics<TruncatedNormal> && HasFrame<TruncatedNormal> && HasCdf<TruncatedNormal>);

}  // namespace starling
