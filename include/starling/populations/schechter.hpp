/// The Schechter function (Schechter 1976, ApJ 203, 297) of x = log10 mass (or luminosity) above x_min:
/// p(x) = ln(10) y^(alpha + 1) e^-y / Gamma(alpha + 1, y_min), y = 10^(x - log10_m_star).
#pragma once

#include <boost/math/special_functions/gamma.hpp>

#include "starling/error.hpp"
#include "starling/populations/gamma.hpp"
#include "starling/populations/power_law.hpp"

namespace starling {

/// ln Gamma(s, y), the upper incomplete gamma function, y > 0 and any s.
inline double log_upper_gamma(double s, double y) {
  if (y >= 1 && y >= s + 1) {  // Legendre's continued fraction by Lentz's method
    double b = y + 1 - s, c = 1e300, d = 1 / b, h = d;
    for (int i = 1; i < 10000; ++i) {
      const double a = -i * (i - s);
      b += 2;
      d = 1 / (a * d + b);
      c = b + a / c;
      h *= c * d;
      if (std::abs(c * d - 1) < 1e-15) break;
    }
    return s * std::log(y) - y + std::log(h);
  }
  if (s > 0.5) return boost::math::lgamma(s) + std::log(boost::math::gamma_q(s, y));
  // Gamma(r, y) for r = s + n, |r| <= 1/2, by the series of its integral; it is smooth at r = 0
  const int n = static_cast<int>(std::round(-s));
  const double r = s + n == 0 ? 1e-100 : s + n, log_y = std::log(y);
  double term = 1, sum = 0;
  for (int k = 1; std::abs(term) > 1e-17; ++k) {
    term *= -y / k;
    sum += term / (r + k);
  }
  const double gamma = (boost::math::tgamma1pm1(r) - std::expm1(r * log_y)) / r - std::exp(r * log_y) * sum;
  // s Gamma(s, y) = Gamma(s + 1, y) - y^s e^-y, for h = Gamma(s, y) y^-s e^y
  double h = gamma * std::exp(y - r * log_y);
  for (int j = 1; j <= n; ++j) h = (h * y - 1) / (r - j);
  return std::log(h) + s * log_y - y;
}

/// A draw of y > y_min from y^alpha e^-y, by rejection.
inline double draw_upper_gamma(double alpha, double y_min, HostStream& stream) {
  if (alpha > 0 && y_min < alpha + 1) {
    while (true)
      if (const double y = std::exp(draw_log_gamma(alpha + 1, stream)); y > y_min) return y;
  }
  if (alpha > 0) {  // ln(y^alpha) lies below its tangent at y_min
    while (true) {
      const double e = -std::log(stream.uniform()) / (1 - alpha / y_min), t = e / y_min;
      if (std::log(stream.uniform()) < alpha * (std::log1p(t) - t)) return y_min + e;
    }
  }
  // y^alpha below 1, e^-y above
  const double from = std::max(y_min, 1.0), length = std::log(from / y_min);
  const double below =
      length > 0 ? log_exponential_integral(alpha + 1, length) + (alpha + 1) * std::log(y_min) - y_min
                 : -std::numeric_limits<double>::infinity();
  const double above = alpha * std::log(from) - from, fraction = 1 / (1 + std::exp(above - below));
  while (true) {
    if (stream.uniform() < fraction) {
      const double y = y_min * std::exp(exponential_quantile(alpha + 1, length, stream.uniform()));
      if (std::log(stream.uniform()) < y_min - y) return y;
    } else {
      const double y = from - std::log(stream.uniform());
      if (std::log(stream.uniform()) < alpha * std::log(y / from)) return y;
    }
  }
}

inline constexpr double ln_10 = 2.30258509299404568402;

struct Schechter {
  static constexpr std::string_view name = "schechter";
  static constexpr std::string_view meaning =
      "p(x) ~ y^(alpha + 1) e^-y, y = 10^(x - log10_m_star), x = log10 mass > x_min";

  static constexpr bool latent_is_log10 = true;
  const double x_min;
  static std::vector<Argument> arguments() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"x_min", std::numeric_limits<double>::quiet_NaN(), -infinity, infinity, "smallest log10 mass"}};
  }
  explicit Schechter(std::span<const double> values) : x_min(values[0]) {
    if (!std::isfinite(x_min)) throw InputError("schechter: x_min must be a finite number");
  }

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"alpha", -20, 20, "slope of the faint end in mass", "uniform(-4, 3)"},
            {"log10_m_star", -infinity, infinity, "log10 of the mass where the exponential sets in",
             "normal(10, 5)"}};
  }

  /// ln[ln(10) / Gamma(alpha + 1, y_min)]; -infinity where the knee is more than four decades below x_min:
  /// all that is left of the density is an exponential there, which floats can't follow.
  static double log_norm(double alpha, double star, double x_min) {
    const double y_min = std::pow(10, x_min - star);
    if (!(y_min < 1e4 && y_min > 1e-200)) return -std::numeric_limits<double>::infinity();
    return 0.83403244524795595 - log_upper_gamma(alpha + 1, y_min);
  }

  // ---- density: coefficients {log10_m_star, (alpha + 1) ln 10, log_norm, x_min, ln 10}
  static constexpr int prepared_size = 5;
  std::array<double, 5> prepare(std::span<const double> theta) const {
    return {theta[1], (theta[0] + 1) * ln_10, log_norm(theta[0], theta[1], x_min), x_min, ln_10};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 5>& c, R mu) {
    const R x = mu - c[0], d = math::select<R>(x < R(1000.0f), x, R(1000.0f));
    const R inside = math::fma(c[1], d, c[2]) - math::exp(c[4] * d);
    return math::select<R>(mu >= c[3], inside, R(-__builtin_huge_valf()));
  }

  // ---- exponential family: sums of d = x - log10_m_star and 10^d
  static constexpr int statistics_size = 2;
  template <class R>
  static STARLING_HD Coefficients<R, 2> statistics(const Coefficients<R, 5>& current, R mu) {
    const R d = mu - current[0];
    return {{d, math::exp(current[4] * d)}};
  }
  double log_density_sum(std::span<const double> theta, const Coefficients<double, 5>& current,
                         std::span<const double> sums, double n) const {
    const auto c = prepare(theta);
    const double d = theta[1] - current[0];
    return c[1] * (sums[0] - n * d) - std::pow(10, -d) * sums[1] + n * c[2];
  }

  static constexpr bool frame_shifts = true, frame_scales = false;
  Schechter in_frame(Frame frame) const { return Schechter(std::array<double, 1>{x_min - frame.shift}); }
  static std::array<double, 2> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1] - frame.shift};
  }

  static constexpr bool support_moves = false;
  [[nodiscard]] std::pair<double, double> support(std::span<const double>) const {
    return {x_min, std::numeric_limits<double>::infinity()};
  }
  double draw(std::span<const double> theta, HostStream& stream) const {
    const double y = draw_upper_gamma(theta[0], std::pow(10, x_min - theta[1]), stream);
    return std::max(x_min, theta[1] + std::log10(y));
  }
  double cdf(std::span<const double> theta, double mu) const {
    if (mu <= x_min) return 0;
    const double s = theta[0] + 1, star = theta[1];
    return -std::expm1(log_upper_gamma(s, std::pow(10, mu - star)) -
                       log_upper_gamma(s, std::pow(10, x_min - star)));
  }

  /// A flat faint end, and log10_m_star below the largest points.
  [[nodiscard]] Start estimate(const Points& p) const {
    const double noise = std::sqrt(p.noise);
    return {{-1.2, std::max(p.largest - 0.6 - noise, (x_min + p.largest) / 2)}, {0.2, 0.2 + noise / 2}};
  }
};

static_assert(Population<Schechter> && HasArguments<Schechter> && HasStatistics<Schechter> &&
              HasFrame<Schechter> && HasCdf<Schechter>);

}  // namespace starling
