/// The gamma population: p(mu) = mu^(shape - 1) e^(-mu / scale) / [Gamma(shape) scale^shape], mu > 0.
#pragma once

#include <boost/math/special_functions/gamma.hpp>

#include "starling/populations/normal.hpp"

namespace starling {

/// ln of a draw from a gamma distribution of scale 1 (Marsaglia & Tsang 2000, ACM TOMS 26, 363).
inline double draw_log_gamma(double shape, HostStream& stream) {
  if (shape < 1) return draw_log_gamma(shape + 1, stream) + std::log(stream.uniform()) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = stream.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double log_v = 3 * std::log(root), v = root * root * root;
    const double u = stream.uniform(), limit = 0.5 * x * x + d * (1 - v + log_v);
    if (u - 1 < limit || std::log(u) < limit) return std::log(d) + log_v;  // ln u < u - 1 settles most
  }
}

struct GammaPopulation {
  static constexpr std::string_view name = "gamma";
  static constexpr std::string_view meaning = "mu ~ Gamma(shape, scale), mu > 0";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"shape", 0, infinity, "shape; the mean is shape scale", "log_uniform(1e-2, 1e4)"},
            {"scale", 0, infinity, "scale", "log_uniform(1e-10, 1e15)"}};
  }

  // ---- density about the mean m (as a float): coefficients {m, 1 / m, shape - 1, m / scale, ln p(m)};
  // ln p = (shape - 1) ln(mu / m) - (mu - m) / scale + ln p(m)
  static constexpr int prepared_size = 5;
  static std::array<double, 5> prepare(std::span<const double> theta) {
    const double k = theta[0], m = static_cast<float>(k * theta[1]), y = m / theta[1];
    return {m, 1 / m, k - 1, y, k * std::log(y) - y - std::log(m) - boost::math::lgamma(k)};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 5>& c, R mu) {
    const Coefficients<R, 2> y = statistics(c, mu);
    const R inside = math::fma(c[2], y[0], math::fma(R(0.0f) - c[3], y[1], c[4]));
    return math::select<R>(mu > R(0.0f), inside, R(-__builtin_huge_valf()));
  }

  // ---- exponential family: sums of ln(mu / m) and mu / m - 1
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 5>& current, R mu) {
    const R huge(1e30f), product = math::larger(mu * current[1], R(0x1p-126f));
    const R ratio = math::select<R>(product < huge, product, huge), less_one = (mu - current[0]) * current[1];
    return {{math::log_product(ratio, less_one), math::select<R>(less_one < huge, less_one, huge)}};
  }
  static double log_density_sum(std::span<const double> theta, const Coefficients<double, 5>& current,
                                std::span<const double> sums, double n) {
    const auto c = prepare(theta);
    const double d = (current[0] - c[0]) / c[0];  // m_current / m - 1
    return c[2] * (sums[0] + n * std::log1p(d)) - c[3] * (sums[1] * (1 + d) + n * d) + n * c[4];
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  static GammaPopulation in_frame(Frame) { return {}; }
  static std::array<double, 2> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1] / frame.scale};
  }

  static constexpr bool support_moves = false;
  static std::pair<double, double> support(std::span<const double>) {
    return {0, std::numeric_limits<double>::infinity()};
  }
  static double draw(std::span<const double> theta, HostStream& stream) {
    return theta[1] * std::exp(draw_log_gamma(theta[0], stream));
  }
  static double cdf(std::span<const double> theta, double mu) {
    return mu > 0 ? boost::math::gamma_p(theta[0], mu / theta[1]) : 0;
  }

  /// Method of moments.
  static Start estimate(const Points& p) {
    const double sd = NormalPopulation::estimate(p).center[1], mean = std::max(p.mean, 0.3 * sd);
    const double shape = mean * mean / (sd * sd);
    return {{shape, mean / shape}, {shape / 4, mean / shape / 4}};
  }
};

static_assert(Population<GammaPopulation> && HasStatistics<GammaPopulation> && HasFrame<GammaPopulation> &&
              HasCdf<GammaPopulation>);

}  // namespace starling
