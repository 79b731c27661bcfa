/// The beta population: p(mu) = mu^(a - 1) (1 - mu)^(b - 1) / B(a, b), 0 < mu < 1.
#pragma once

#include <boost/math/special_functions/beta.hpp>

#include "starling/populations/gamma.hpp"

namespace starling {

struct BetaPopulation {
  static constexpr std::string_view name = "beta";
  static constexpr std::string_view meaning = "mu ~ Beta(a, b), 0 < mu < 1";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"a", 0, infinity, "p(mu) ~ mu^(a - 1) (1 - mu)^(b - 1)", "log_uniform(1e-2, 1e4)"},
            {"b", 0, infinity, "p(mu) ~ mu^(a - 1) (1 - mu)^(b - 1)", "log_uniform(1e-2, 1e4)"}};
  }

  // ---- density about the mean m = a / (a + b) (as a float): coefficients {m, 1 / m, 1 / (1 - m), a - 1, b -
  // 1, ln p(m)}
  static constexpr int prepared_size = 6;
  static std::array<double, 6> prepare(std::span<const double> theta) {
    const double a = theta[0], b = theta[1];
    const double m = static_cast<float>(std::clamp(a / (a + b), 0x1p-24, 1 - 0x1p-24));
    const double log_beta = boost::math::lgamma(a) + boost::math::lgamma(b) - boost::math::lgamma(a + b);
    return {m, 1 / m, 1 / (1 - m), a - 1, b - 1, (a - 1) * std::log(m) + (b - 1) * std::log1p(-m) - log_beta};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 6>& c, R mu) {
    const Coefficients<R, 2> y = statistics(c, mu);
    const R inside = math::fma(c[3], y[0], math::fma(c[4], y[1], c[5]));
    return math::select<R>((mu > R(0.0f)) & (mu < R(1.0f)), inside, R(-__builtin_huge_valf()));
  }

  // ---- exponential family: sums of ln(mu / m) and ln[(1 - mu) / (1 - m)]
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 6>& current, R mu) {
    const R tiny(0x1p-126f), one(1.0f), d = mu - current[0];
    const R left = math::select<R>(mu < one, mu, one) * current[1];
    const R right = (one - math::larger(mu, R(0.0f))) * current[2];
    return {{math::log_product(math::larger(left, tiny), d * current[1]),
             math::log_product(math::larger(right, tiny), R(0.0f) - d * current[2])}};
  }
  static double log_density_sum(std::span<const double> theta, const Coefficients<double, 6>& current,
                                std::span<const double> sums, double n) {
    const auto c = prepare(theta);
    const double d = current[0] - c[0];
    return c[3] * (sums[0] + n * std::log1p(d * c[1])) + c[4] * (sums[1] + n * std::log1p(-d * c[2])) +
           n * c[5];
  }

  static constexpr bool support_moves = false;
  static std::pair<double, double> support(std::span<const double>) { return {0, 1}; }
  static double draw(std::span<const double> theta, HostStream& stream) {
    const double x = draw_log_gamma(theta[0], stream), y = draw_log_gamma(theta[1], stream);
    return std::clamp(1 / (1 + std::exp(y - x)), 0x1p-1022, 1 - 0x1p-53);
  }
  static double cdf(std::span<const double> theta, double mu) {
    return boost::math::ibeta(theta[0], theta[1], std::clamp(mu, 0.0, 1.0));
  }

  /// Method of moments.
  static Start estimate(const Points& p) {
    const double m = std::clamp(p.mean, 0.02, 0.98);
    const double variance = std::max(std::max(p.variance - p.noise, 0.05 * p.variance), 1e-6 * m * (1 - m));
    const double total = std::max(m * (1 - m) / variance - 1, 0.5);
    return {{total * m, total * (1 - m)}, {total * m / 4, total * (1 - m) / 4}};
  }
};

static_assert(Population<BetaPopulation> && HasStatistics<BetaPopulation> && HasCdf<BetaPopulation>);

}  // namespace starling
