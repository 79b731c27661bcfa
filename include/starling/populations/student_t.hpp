/// Student's t: mu = theta_mu + theta_sigma t, t with nu degrees of freedom; a normal with heavy tails.
#pragma once

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include "starling/populations/normal.hpp"

namespace starling {

struct StudentT {
  static constexpr std::string_view name = "student_t";
  static constexpr std::string_view meaning =
      "mu = theta_mu + theta_sigma t, t Student's with nu degrees of freedom";

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"theta_mu", -infinity, infinity, "location of the true values", "normal(0, 1000)"},
            {"theta_sigma", 0, infinity, "scale of the true values", "half_cauchy(100)"},
            {"nu", 0, infinity, "degrees of freedom", "gamma(2, 10)"}};  // Juarez & Steel 2010
  }

  // ---- density: coefficients {location, 1 / scale, 1 / nu, -(nu + 1) / 2, ln of the density's maximum}
  static constexpr int prepared_size = 5;
  static std::array<double, 5> prepare(std::span<const double> theta) {
    const double s = theta[1], nu = theta[2];
    // Gamma(nu / 2 + 1 / 2) / [Gamma(nu / 2) sqrt(pi nu)]
    const double top =
        1 / (boost::math::tgamma_delta_ratio(nu / 2, 0.5) * std::sqrt(3.14159265358979323846 * nu));
    return {theta[0], 1 / s, 1 / nu, -(nu + 1) / 2, std::log(top / s)};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 5>& c, R mu) {
    const R z = (mu - c[0]) * c[1];
    return math::fma(c[3], math::log1p(z * z * c[2]), c[4]);
  }

  static std::pair<double, double> location_scale(std::span<const double> theta) {
    return {theta[0], theta[1]};
  }
  static constexpr bool frame_shifts = true, frame_scales = true;
  static StudentT in_frame(Frame) { return {}; }
  static std::array<double, 3> to_frame(std::span<const double> theta, Frame frame) {
    return {frame.to(theta[0]), theta[1] / frame.scale, theta[2]};
  }

  /// Bailey 1994, Math. Comp. 62, 779: the polar method of Box & Muller with another law of the radius.
  static double draw(std::span<const double> theta, HostStream& stream) {
    const double radius = std::sqrt(theta[2] * std::expm1(-2 / theta[2] * std::log(stream.uniform())));
    return theta[0] + theta[1] * radius * std::cos(6.283185307179586477 * stream.uniform());
  }
  static double cdf(std::span<const double> theta, double mu) {
    return boost::math::cdf(boost::math::students_t(theta[2]), (mu - theta[0]) / theta[1]);
  }

  /// As for the normal; the tails are a guess.
  static Start estimate(const Points& p) {
    const Start normal = NormalPopulation::estimate(p);
    return {{normal.center[0], 0.8 * normal.center[1], 5}, {normal.spread[0], normal.spread[1], 1.5}};
  }
};

static_assert(Population<StudentT> && HasCdf<StudentT> && HasFrame<StudentT> && LocationScale<StudentT>);

}  // namespace starling
