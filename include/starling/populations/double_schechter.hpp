/// The double Schechter function (Baldry, Glazebrook & Driver 2008, MNRAS 388, 945): two Schechter functions
/// with one log10_m_star; `fraction` of the objects above x_min belong to the first, alpha_1 > alpha_2.
#pragma once

#include "starling/populations/schechter.hpp"

namespace starling {

struct DoubleSchechter {
  static constexpr std::string_view name = "double_schechter";
  static constexpr std::string_view meaning =
      "fraction Schechter(alpha_1) + (1 - fraction) Schechter(alpha_2), one log10_m_star, x = log10 mass > "
      "x_min";

  static constexpr bool latent_is_log10 = true;
  const double x_min;
  static std::vector<Argument> arguments() { return Schechter::arguments(); }
  explicit DoubleSchechter(std::span<const double> values) : x_min(values[0]) {
    if (!std::isfinite(x_min)) throw InputError("double_schechter: x_min must be a finite number");
  }

  static std::vector<Parameter> parameters() {
    const auto single = Schechter::parameters();
    return {{"alpha_1", -20, 20, "slope of the first component, the flatter one", "uniform(-4, 3)"},
            {"alpha_2", -20, 20, "slope of the second component, the steeper one", "uniform(-4, 3)"},
            single[1],
            {"fraction", 0, 1, "fraction of the first component in number above x_min", "uniform(0, 1)"}};
  }
  static double log_constraint(std::span<const double> theta) {
    return theta[0] > theta[1] ? 0 : -std::numeric_limits<double>::infinity();
  }

  // ---- density: coefficients {log10_m_star, slope and norm of the first, of the second, x_min, ln 10}
  static constexpr int prepared_size = 7;
  std::array<double, 7> prepare(std::span<const double> theta) const {
    return {theta[2],
            (theta[0] + 1) * ln_10,
            Schechter::log_norm(theta[0], theta[2], x_min) + std::log(theta[3]),
            (theta[1] + 1) * ln_10,
            Schechter::log_norm(theta[1], theta[2], x_min) + std::log1p(-theta[3]),
            x_min,
            ln_10};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 7>& c, R mu) {
    const R x = mu - c[0], d = math::select<R>(x < R(1000.0f), x, R(1000.0f));
    const R power = math::log_add_exp(math::fma(c[1], d, c[2]), math::fma(c[3], d, c[4]));
    return math::select<R>(mu >= c[5], power - math::exp(c[6] * d), R(-__builtin_huge_valf()));
  }

  static constexpr bool frame_shifts = true, frame_scales = false;
  DoubleSchechter in_frame(Frame frame) const {
    return DoubleSchechter(std::array<double, 1>{x_min - frame.shift});
  }
  static std::array<double, 4> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1], theta[2] - frame.shift, theta[3]};
  }

  static constexpr bool support_moves = false;
  [[nodiscard]] std::pair<double, double> support(std::span<const double>) const {
    return {x_min, std::numeric_limits<double>::infinity()};
  }
  double draw(std::span<const double> theta, HostStream& stream) const {
    const double alpha = stream.uniform() < theta[3] ? theta[0] : theta[1];
    return component().draw(std::array<double, 2>{alpha, theta[2]}, stream);
  }
  double cdf(std::span<const double> theta, double mu) const {
    return theta[3] * component().cdf(std::array<double, 2>{theta[0], theta[2]}, mu) +
           (1 - theta[3]) * component().cdf(std::array<double, 2>{theta[1], theta[2]}, mu);
  }

  /// One slope on either side of that of a single Schechter function.
  [[nodiscard]] Start estimate(const Points& p) const {
    const Start single = component().estimate(p);
    return {{-0.5, -1.5, single.center[1], 0.5}, {0.25, 0.2, single.spread[1], 0.12}};
  }

 private:
  [[nodiscard]] Schechter component() const { return Schechter(std::array<double, 1>{x_min}); }
};

static_assert(Population<DoubleSchechter> && HasArguments<DoubleSchechter> &&
              HasConstraint<DoubleSchechter> && HasFrame<DoubleSchechter> && HasCdf<DoubleSchechter>);

}  // namespace starling
