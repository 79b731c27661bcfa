/// The skew normal (Azzalini 1985, Scand. J. Statist. 12, 171): p(mu) = (2 / omega) phi(z) Phi(alpha z),
/// z = (mu - xi) / omega.
#pragma once

#include <boost/math/special_functions/owens_t.hpp>

#include "starling/populations/normal.hpp"

namespace starling {

struct SkewNormal {
  static constexpr std::string_view name = "skew_normal";
  static constexpr std::string_view meaning =
      "p(mu) = (2 / omega) phi(z) Phi(alpha z), z = (mu - xi) / omega";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"xi", -infinity, infinity, "location of the true values", "normal(0, 1000)"},
            {"omega", 0, infinity, "scale of the true values", "half_cauchy(100)"},
            {"alpha", -infinity, infinity, "shape; > 0: a long tail to large values", "normal(0, 5)"}};
  }

  // ---- density: coefficients {xi, 1 / omega, alpha, -ln(omega sqrt(pi / 2))}
  static constexpr int prepared_size = 4;
  static std::array<double, 4> prepare(std::span<const double> theta) {
    return {theta[0], 1 / theta[1], theta[2], -std::log(theta[1]) - 0.22579135264472743236};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 4>& c, R mu) {
    const R z = (mu - c[0]) * c[1];
    // the lower bound also stands in for 0 * infinity
    const R log_cdf = math::log_normal_cdf(math::larger(c[2] * z, R(-1e18f)));
    return math::fma(R(-0.5f) * z, z, c[3] + log_cdf);
  }

  static std::pair<double, double> location_scale(std::span<const double> theta) {
    return {theta[0], theta[1]};
  }
  static constexpr bool frame_shifts = true, frame_scales = true;
  static SkewNormal in_frame(Frame) { return {}; }
  static std::array<double, 3> to_frame(std::span<const double> theta, Frame frame) {
    return {frame.to(theta[0]), theta[1] / frame.scale, theta[2]};
  }

  /// (alpha |u| + v) / sqrt(1 + alpha^2) of two standard normals u, v.
  static double draw(std::span<const double> theta, HostStream& stream) {
    const double u = std::abs(stream.normal()), v = stream.normal();
    return theta[0] + theta[1] * (theta[2] * u + v) / std::hypot(1, theta[2]);
  }
  static double cdf(std::span<const double> theta, double mu) {
    const double z = (mu - theta[0]) / theta[1];
    return NormalPopulation::cdf(theta, mu) - 2 * boost::math::owens_t(z, theta[2]);
  }

  /// That of a normal; the skewness is left to the fit.
  static Start estimate(const Points& p) {
    const Start normal = NormalPopulation::estimate(p);
    const double s = normal.center[1];
    return {{normal.center[0], 1.2 * s, 0}, {s / 3, s / 4, 1}};
  }
};

static_assert(Population<SkewNormal> && HasCdf<SkewNormal> && HasFrame<SkewNormal> &&
              LocationScale<SkewNormal>);

}  // namespace starling
