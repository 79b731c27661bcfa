/// A Schechter function that evolves: log10 M* and log10 phi* are linear in the redshift z, which is known of
/// every object,
///   p(x, z) ~ phi*(z) dV/dz ln(10) y^(alpha + 1) e^-y,  y = 10^(x - log10 M*(z)),  x > x_min,
/// normalised over x and z in [z_min, z_max]; V is the comoving volume of a flat universe.
#pragma once

#include <boost/math/quadrature/gauss.hpp>

#include "starling/measurements/normal_vector.hpp"
#include "starling/populations/schechter.hpp"

namespace starling {

struct SchechterInRedshift {
  static constexpr std::string_view name = "schechter_in_redshift";
  static constexpr std::string_view meaning =
      "a Schechter function whose log10 M* and log10 phi* are linear in the redshift z";
  static constexpr int most_latents = 1, always_latents = 1, covariate_count = 1;

  double x_min, z_min, z_max, omega_m;
  static std::vector<Argument> arguments() {
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    return {{"x_min", nan, -infinity, infinity, "smallest log10 mass"},
            {"z_max", nan, 1e-3, 20, "largest redshift"},
            {"z_min", 0, 0, 20, "smallest redshift"},
            {"omega_m", 0.3, 0, 1, "density of matter, of the volume"}};
  }
  explicit SchechterInRedshift(std::span<const double> values)
      : x_min(values[0]), z_min(values[2]), z_max(values[1]), omega_m(values[3]) {
    if (!std::isfinite(x_min) || !(z_min < z_max))
      throw InputError("schechter_in_redshift: expected a finite x_min, and z_min below z_max");
  }

  static std::vector<Column> covariates() {
    return {{"z", true, 0, Column::Values::not_negative, "redshift"}};
  }
  static std::vector<std::string> latents() { return {"mu"}; }
  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"alpha", -20, 20, "slope of the faint end in mass", "uniform(-4, 3)"},
            {"log10_m_star", -infinity, infinity, "log10 M* at z = 0", "normal(10, 5)"},
            {"m_star_slope", -infinity, infinity, "d log10 M* / dz", "normal(0, 1)"},
            {"phi_star_slope", -infinity, infinity, "d log10 phi* / dz", "normal(0, 2)"}};
  }

  /// dV/dz / z^2 up to a constant: (D(z) / z)^2 / E(z), D the comoving distance.
  [[nodiscard]] double volume(double z) const {
    const auto e = [&](double t) { return std::sqrt(omega_m * std::pow(1 + t, 3) + 1 - omega_m); };
    const double mean = z > 0 ? boost::math::quadrature::gauss<double, 15>::integrate(
                                    [&](double t) { return 1 / e(t); }, 0.0, z) /
                                    z
                              : 1;
    return mean * mean / e(z);
  }
  [[nodiscard]] static double star(std::span<const double> theta, double z) {
    return theta[1] + theta[2] * z;
  }

  // ---- density: coefficients {log10 M* at z = 0, its slope, (alpha + 1) ln 10, x_min, z_min, z_max, ln 10,
  // then the polynomial in u = (2 z - z_min - z_max) / (z_max - z_min) of what depends on z alone}
  static constexpr int degree = 7, head = 7;
  static constexpr int prepared_size = head + degree + 1;
  [[nodiscard]] std::array<double, prepared_size> prepare(std::span<const double> theta) const {
    std::array<double, prepared_size> c{theta[1], theta[2], (theta[0] + 1) * ln_10, x_min, z_min,
                                        z_max,    ln_10};
    const double middle = 0.5 * (z_min + z_max), half = 0.5 * (z_max - z_min);
    const auto rate = [&](double z) {  // ln of phi* dV/dz / z^2
      return theta[3] * ln_10 * z + std::log(volume(z));
    };
    const double norm = boost::math::quadrature::gauss<double, 20>::integrate(
        [&](double z) {
          return z * z *
                 std::exp(rate(z) + log_upper_gamma(theta[0] + 1, std::pow(10, x_min - star(theta, z))));
        },
        z_min, z_max);
    // Chebyshev's points, then Newton's divided differences, as a polynomial
    constexpr int n = degree + 1;
    double u[n], f[n];
    for (int k = 0; k < n; ++k) {
      u[k] = std::cos(3.14159265358979323846 * (k + 0.5) / n);
      f[k] = rate(middle + half * u[k]) - std::log(norm) + 0.83403244524795595;  // ln ln 10
    }
    for (int j = 1; j < n; ++j)
      for (int k = n - 1; k >= j; --k) f[k] = (f[k] - f[k - 1]) / (u[k] - u[k - j]);
    double p[n] = {f[n - 1]};
    for (int k = n - 2; k >= 0; --k) {  // p <- p (u - u_k) + f_k
      for (int m = n - 1; m > 0; --m) p[m] = p[m - 1] - u[k] * p[m];
      p[0] = f[k] - u[k] * p[0];
    }
    std::copy(p, p + n, c.begin() + head);
    return c;
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, prepared_size>& c, int, const R* mu,
                                   const R* known) {
    const R z = known[0], x = mu[0] - math::fma(c[1], z, c[0]);
    const R d = math::select<R>(x < R(1000.0f), x, R(1000.0f));
    const R u = (R(2.0f) * z - c[4] - c[5]) / (c[5] - c[4]);
    R of_z = c[head + degree];
    for (int k = degree - 1; k >= 0; --k) of_z = math::fma(of_z, u, c[head + k]);
    const R inside = math::fma(c[2], d, of_z) + R(2.0f) * math::log(z) - math::exp(c[6] * d);
    const math::Mask<R> possible = (mu[0] >= c[3]) & (z >= c[4]) & (z <= c[5]) & (z > R(0.0f));
    return math::select<R>(possible, inside, R(-__builtin_huge_valf()));
  }

  [[nodiscard]] std::pair<double, double> support() const {
    return {x_min, std::numeric_limits<double>::infinity()};
  }
  /// mu given z.
  void draw(std::span<const double> theta, std::span<const double> known, HostStream& stream,
            std::span<double> mu) const {
    const double m_star = star(theta, known[0]);
    const double y = draw_upper_gamma(theta[0], std::pow(10, x_min - m_star), stream);
    mu[0] = std::max(x_min, m_star + std::log10(y));
  }
  [[nodiscard]] Start estimate(const VectorPoints& p) const {
    Start start = Schechter(std::array<double, 1>{x_min})
                      .estimate({p.n, p.mean[0], p.covariance[0], p.noise[0], p.smallest[0], p.largest[0]});
    for (int k = 0; k < 2; ++k) {
      start.center.push_back(0);
      start.spread.push_back(0.2 / z_max);
    }
    return start;
  }
};

static_assert(VectorPopulation<SchechterInRedshift> && HasCovariates<SchechterInRedshift>);

}  // namespace starling
