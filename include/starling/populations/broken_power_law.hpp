/// The broken power law: p(mu) ~ mu^slope_1 on [lower, break_point], mu^slope_2 on [break_point, upper],
/// continuous.
#pragma once

#include "starling/populations/power_law.hpp"

namespace starling {

struct BrokenPowerLaw {
  static constexpr std::string_view name = "broken_power_law";
  static constexpr std::string_view meaning =
      "p(mu) ~ mu^slope_1 below break_point, mu^slope_2 above, on [lower, upper]";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"slope_1", -infinity, infinity, "p(mu) ~ mu^slope_1 below the break", "normal(0, 5)"},
            {"slope_2", -infinity, infinity, "p(mu) ~ mu^slope_2 above the break", "normal(0, 5)"},
            {"break_point", 0, infinity, "where the slope changes", "log_uniform(1e-10, 1e15)"},
            {"lower", 0, infinity, "smallest true value", "log_uniform(1e-10, 1e15)"},
            {"upper", 0, infinity, "largest true value", "log_uniform(1e-10, 1e15)"}};
  }
  static double log_constraint(std::span<const double> theta) {
    return theta[3] < theta[2] && theta[2] < theta[4] ? 0 : -std::numeric_limits<double>::infinity();
  }

  /// With t = |ln(mu / break_point)|: e^(k t) on 0 <= t <= length on either side, and its integral in units
  /// of p(break_point) break_point.
  struct Sides {
    double k[2], length[2], log_integral[2], log_norm;
    explicit Sides(std::span<const double> theta)
        : k{-(theta[0] + 1), theta[1] + 1},
          length{std::log(theta[2] / theta[3]), std::log(theta[4] / theta[2])} {
      for (int j = 0; j < 2; ++j) log_integral[j] = log_exponential_integral(k[j], length[j]);
      log_norm = math::log_add_exp(log_integral[0], log_integral[1]);
    }
    [[nodiscard]] double weight(int j) const { return std::exp(log_integral[j] - log_norm); }
  };

  // ---- density: coefficients {slope_1, slope_2, 1 / break, ln p(break), break, lower, upper}
  static constexpr int prepared_size = 7;
  static std::array<double, 7> prepare(std::span<const double> theta) {
    const double infinity = std::numeric_limits<double>::infinity();
    const double top = log_constraint(theta) == 0 ? -std::log(theta[2]) - Sides(theta).log_norm : -infinity;
    return {theta[0], theta[1], 1 / theta[2], top, theta[2], theta[3], theta[4]};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 7>& c, R mu) {
    const R slope = math::select<R>(mu < c[4], c[0], c[1]);
    const R inside = math::fma(slope, math::log_clamped(mu * c[2]), c[3]);
    return math::select<R>((mu >= c[5]) & (mu <= c[6]), inside, R(-__builtin_huge_valf()));
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  static BrokenPowerLaw in_frame(Frame) { return {}; }
  static std::array<double, 5> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1], theta[2] / frame.scale, theta[3] / frame.scale, theta[4] / frame.scale};
  }

  static constexpr bool support_moves = true;
  static std::pair<double, double> support(std::span<const double> theta) { return {theta[3], theta[4]}; }
  static double break_in_support(std::span<const double> theta) { return theta[2]; }
  static double draw(std::span<const double> theta, HostStream& stream) {
    const Sides sides(theta);
    const int j = stream.uniform() < sides.weight(0) ? 0 : 1;
    const double t = exponential_quantile(sides.k[j], sides.length[j], stream.uniform());
    return std::clamp(theta[2] * std::exp(j == 0 ? -t : t), theta[3], theta[4]);
  }
  static double cdf(std::span<const double> theta, double mu) {
    if (mu <= theta[3]) return 0;
    if (mu >= theta[4]) return 1;
    const Sides sides(theta);
    const int j = mu < theta[2] ? 0 : 1;
    const double inner =
        sides.weight(j) * exponential_cdf(sides.k[j], sides.length[j], std::abs(std::log(mu / theta[2])));
    return j == 0 ? sides.weight(0) - inner : sides.weight(0) + inner;
  }

  /// A single power law, broken in the middle of its logarithmic range.
  static Start estimate(const Points& p) {
    const Start single = PowerLaw::estimate(p);
    const double slope = single.center[0], lower = single.center[1], upper = single.center[2];
    const double middle = std::sqrt(lower * upper), wide = 0.5 + single.spread[0];
    return {{slope, slope, middle, lower, upper},
            {wide, wide, std::min((upper - middle) / 4, (middle - lower) / 4), single.spread[1],
             single.spread[2]}};
  }
};

static_assert(Population<BrokenPowerLaw> && HasConstraint<BrokenPowerLaw> && HasFrame<BrokenPowerLaw> &&
              HasCdf<BrokenPowerLaw>);

}  // namespace starling
