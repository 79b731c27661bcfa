/// The break-by-one gamma distribution (BB1; Loredo 2020) of luminosities:
/// p(L) = (C / u) (1 - e^(-L / l)) (L / u)^beta e^(-L / u), C = 1 / {Gamma(beta + 1) [1 - (1 + u / l)^-(beta
/// + 1)]}, at beta = -1 C = 1 / ln(1 + u / l): a Schechter function whose slope is larger by one below l,
/// proper for beta > -2.
#pragma once

#include "starling/populations/gamma.hpp"
#include "starling/populations/schechter.hpp"

namespace starling {

struct Bb1 {
  static constexpr std::string_view name = "bb1";
  static constexpr std::string_view meaning = "p(mu) ~ (1 - e^(-mu / lower)) mu^beta e^(-mu / upper), mu > 0";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"beta", -2, infinity, "slope between lower and upper", "uniform(-2, 1)"},
            {"lower", 0, infinity, "below it the slope is beta + 1", "log_uniform(1e-10, 1e15)"},
            {"upper", 0, infinity, "above it the density falls exponentially", "log_uniform(1e-10, 1e15)"}};
  }

  /// ln C; with s = beta + 1, 1 / C = Gamma(s + 1) [1 - (1 + u / l)^-s] / s is smooth through s = 0.
  static double log_norm(double beta, double l, double u) {
    return -boost::math::lgamma(beta + 2) - log_exponential_integral(-(beta + 1), std::log1p(u / l));
  }

  // ---- density: coefficients {beta, 1 / lower, 1 / upper, ln(C / upper)}
  static constexpr int prepared_size = 4;
  static std::array<double, 4> prepare(std::span<const double> theta) {
    const double l = theta[1], u = theta[2];
    return {theta[0], 1 / l, 1 / u, log_norm(theta[0], l, u) - std::log(u)};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 4>& c, R mu) {
    const R product = mu * c[2], huge(1e30f), t = math::select<R>(product < huge, product, huge);
    const R brake = math::log_clamped(R(0.0f) - math::expm1(R(0.0f) - mu * c[1]));
    const R inside = math::fma(c[0], math::log_clamped(t), c[3] + brake) - t;
    return math::select<R>(mu > R(0.0f), inside, R(-__builtin_huge_valf()));
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  static Bb1 in_frame(Frame) { return {}; }
  static std::array<double, 3> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1] / frame.scale, theta[2] / frame.scale};
  }

  /// (1 - e^(-L / l)) / L is the integral of e^(-L a) over 0 < a < 1 / l, so L is gamma distributed with
  /// shape beta + 2 and a rate r = 1 / u + a with density ~ r^-(beta + 2).
  static constexpr bool support_moves = false;
  static std::pair<double, double> support(std::span<const double>) {
    return {0, std::numeric_limits<double>::infinity()};
  }
  static double draw(std::span<const double> theta, HostStream& stream) {
    const double l = theta[1], u = theta[2];
    const double t = exponential_quantile(-(theta[0] + 1), std::log1p(u / l), stream.uniform());  // ln(r u)
    return u * std::exp(draw_log_gamma(theta[0] + 2, stream) - t);
  }
  static double cdf(std::span<const double> theta, double mu) {
    if (!(mu > 0)) return 0;
    const double s = theta[0] + 1, y = mu / theta[2], q = 1 + theta[2] / theta[1], z = q * y;
    const double log_c = log_norm(theta[0], theta[1], theta[2]);
    if (z < 1) {  // the power series of e^-y - e^-z
      double sum = 0, term = -1, shrink = 1;
      for (int k = 1; std::abs(term) > 1e-17; ++k) {
        term *= -z / k;
        shrink /= q;
        sum += term * (1 - shrink) / (k + s);
      }
      return std::exp(log_c + s * std::log(y)) * sum;
    }
    const double both = std::exp(log_c + log_upper_gamma(s, y));
    return 1 - both * -std::expm1(log_upper_gamma(s, z) - log_upper_gamma(s, y) - s * std::log(q));
  }

  /// Moments for beta = -1, where E[mu^2] / E[mu] = upper and E[mu] = upper / ln(1 + upper / lower) if
  /// lower << upper.
  static Start estimate(const Points& p) {
    const double sd = NormalPopulation::estimate(p).center[1], mean = std::max(p.mean, 0.3 * sd);
    const double upper = (sd * sd + mean * mean) / mean;
    const double lower = upper / std::expm1(std::clamp(upper / mean, 0.7, 15.0));
    return {{-1, lower, upper}, {0.2, lower / 4, upper / 4}};
  }
};

static_assert(Population<Bb1> && HasFrame<Bb1> && HasCdf<Bb1>);

}  // namespace starling
