/// Somebody's own population: mu > 0 with density mu / s^2 exp(-mu^2 / (2 s^2)) (Rayleigh).
#pragma once

#include <starling/population.hpp>

struct Rayleigh {
  static constexpr std::string_view name = "rayleigh";
  static constexpr std::string_view meaning = "p(mu) = mu / s^2 exp(-mu^2 / (2 s^2)), mu > 0";
  static std::vector<starling::Parameter> parameters() {
    return {{"s", 0, std::numeric_limits<double>::infinity(), "where the density peaks",
             "log_uniform(1e-3, 1e3)"}};
  }
  static constexpr int prepared_size = 2;  // 1 / s^2, -2 ln s
  static std::array<double, 2> prepare(std::span<const double> theta) {
    return {1 / (theta[0] * theta[0]), -2 * std::log(theta[0])};
  }
  template <class R>
  static STARLING_HD R log_density(const starling::Coefficients<R, 2>& c, R mu) {
    namespace math = starling::math;
    const R l = math::fma(R(-0.5f) * c[0] * mu, mu, math::log(math::larger(mu, R(1e-30f))) + c[1]);
    return math::select<R>(mu > R(0.0f), l, R(-__builtin_huge_valf()));
  }
  static constexpr bool support_moves = false;
  static std::pair<double, double> support(std::span<const double>) {
    return {0, std::numeric_limits<double>::infinity()};
  }
  static double draw(std::span<const double> theta, starling::HostStream& stream) {
    return theta[0] * std::sqrt(-2 * std::log(stream.uniform()));
  }
  static starling::Start estimate(const starling::Points& p) {
    const double s = std::sqrt(std::max(0.5 * (p.mean * p.mean + p.variance - p.noise), 0.01 * p.variance));
    return {{s}, {s / std::sqrt(p.n)}};
  }
};
