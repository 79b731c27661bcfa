/// Several latents per object: densities and likelihoods as their definitions say, written out with Eigen.
#pragma once

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <Eigen/Dense>

#include "vector_cases.hpp"

namespace vector_test {

using starling::Catalog;
using starling::Model;

/// Monte Carlo standard errors that two figures may be apart: a false alarm of 2e-9 each; the seeds are
/// fixed.
inline constexpr double kLimit = 6;

inline double log_gaussian(const Eigen::VectorXd& x, const Eigen::VectorXd& mean,
                           const Eigen::MatrixXd& covariance) {
  const Eigen::LDLT<Eigen::MatrixXd> ldlt(covariance);
  const Eigen::VectorXd r = x - mean;
  return -0.5 * (r.dot(ldlt.solve(r)) + ldlt.vectorD().array().log().sum() +
                 static_cast<double>(x.size()) * std::log(2 * M_PI));
}
inline double log_normal_density(double x, double mean, double sd) {
  return -0.5 * std::pow((x - mean) / sd, 2) - std::log(sd * std::sqrt(2 * M_PI));
}

/// ln p(mu | theta, z)
inline double log_density(const Case& c, const std::vector<double>& t, const Eigen::VectorXd& mu, double z) {
  if (c.text.starts_with("multivariate")) {
    Eigen::MatrixXd r(3, 3);
    r << 1, t[6], t[7], t[6], 1, t[8], t[7], t[8], 1;
    const Eigen::Vector3d sd(t[3], t[4], t[5]);
    return log_gaussian(mu, Eigen::Vector3d(t[0], t[1], t[2]), sd.asDiagonal() * r * sd.asDiagonal());
  }
  if (c.text.starts_with("linear")) {
    const std::size_t k_most = c.text == "linear" ? 1 : c.text.ends_with("2") ? 2 : 3;
    double sum = 0, last = 1;
    for (std::size_t k = 0; k < k_most; ++k) {
      const double weight = k + 1 < k_most ? t[3 + 2 * k_most + k] : last;
      last -= weight;
      sum += weight * std::exp(log_normal_density(mu[0], t[3 + 2 * k], t[4 + 2 * k]));
    }
    return std::log(sum) + log_normal_density(mu[1], t[0] + t[1] * mu[0], t[2]);
  }
  // p(x, z) by brute force: the comoving volume of omega_m = 0.3, and the norm over x and z
  const auto shape = [&](double x, double at) {
    const double y = std::pow(10, x - t[1] - t[2] * at);
    return std::log(10) * std::pow(10, t[3] * at) * std::pow(y, t[0] + 1) * std::exp(-y);
  };
  const auto volume = [](double at) {
    const auto e = [](double s) { return std::sqrt(0.3 * std::pow(1 + s, 3) + 0.7); };
    const double d = boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
        [&](double s) { return 1 / e(s); }, 0.0, at, 5, 1e-12);
    return d * d / e(at);
  };
  static std::map<std::vector<double>, double> norms;
  auto [norm, is_new] = norms.try_emplace(t, 0);
  if (is_new)
    norm->second = boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
        [&](double at) {
          return volume(at) * boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
                                  [&](double x) { return shape(x, at); }, 9.0, 17.0, 10, 1e-11);
        },
        0.0, 1.0, 5, 1e-10);
  return mu[0] < 9 ? -INFINITY : std::log(shape(mu[0], z) * volume(z) / norm->second);
}

/// x and the covariance of its noise.
inline std::pair<Eigen::VectorXd, Eigen::MatrixXd> measured(const Catalog& catalog, std::size_t i, int d) {
  const auto value = [&](const std::string& what, int j) {
    if (j == 0 && what == "x") return catalog.x[i];
    if (j == 0) return catalog.sigma_of(i);
    return catalog.columns.at(what + "_" + std::to_string(j + 1))[i];
  };
  Eigen::VectorXd x(d);
  Eigen::MatrixXd covariance(d, d);
  for (int j = 0; j < d; ++j) {
    x[j] = value("x", j);
    for (int k = 0; k < d; ++k) {
      const auto role = "rho_" + std::to_string(std::min(j, k) + 1) + std::to_string(std::max(j, k) + 1);
      const double rho = j == k ? 1 : catalog.columns.contains(role) ? catalog.columns.at(role)[i] : 0;
      covariance(j, k) = rho * value("sigma", j) * value("sigma", k);
    }
  }
  return {x, covariance};
}
inline double redshift(const Catalog& catalog, std::size_t i) {
  return catalog.columns.contains("z") ? catalog.columns.at("z")[i] : 0;
}

/// ln of the integral over mu of N(x; mu, C) p(mu): Monte Carlo has no place here; sums of normal
/// distributions are added component by component, one latent is integrated by quadrature.
inline double log_marginal(const Case& c, const Catalog& catalog, std::size_t i,
                           const std::vector<double>& t) {
  const int d = static_cast<int>(starling::pair_facts(c.text, "normal").latents.size());
  const auto [x, noise] = measured(catalog, i, d);
  if (d == 1) {
    const double x_0 = x[0], sigma = std::sqrt(noise(0, 0)), from = std::max(9.0, x_0 - 10 * sigma);
    return std::log(boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
        [&](double mu) {
          return std::exp(log_normal_density(x_0, mu, sigma) +
                          log_density(c, t, Eigen::VectorXd::Constant(1, mu), redshift(catalog, i)));
        },
        from, std::max(x_0, from) + 10 * sigma, 10, 1e-12));
  }
  if (c.text.starts_with("multivariate")) {
    Eigen::MatrixXd r(3, 3);
    r << 1, t[6], t[7], t[6], 1, t[8], t[7], t[8], 1;
    const Eigen::Vector3d sd(t[3], t[4], t[5]);
    return log_gaussian(x, Eigen::Vector3d(t[0], t[1], t[2]), sd.asDiagonal() * r * sd.asDiagonal() + noise);
  }
  const std::size_t k_most = c.text == "linear" ? 1 : c.text.ends_with("2") ? 2 : 3;
  double sum = 0, last = 1;
  for (std::size_t k = 0; k < k_most; ++k) {
    const double weight = k + 1 < k_most ? t[3 + 2 * k_most + k] : last, m = t[3 + 2 * k],
                 v = t[4 + 2 * k] * t[4 + 2 * k];
    last -= weight;
    Eigen::Matrix2d s;
    s << v, t[1] * v, t[1] * v, t[1] * t[1] * v + t[2] * t[2];
    sum += weight * std::exp(log_gaussian(x, Eigen::Vector2d(m, t[0] + t[1] * m), s + noise));
  }
  return std::log(sum);
}

inline Model model_of(const Case& c, const std::string& measurement = "normal",
                      const std::map<std::string, std::string>& given = {}) {
  starling::Priors priors;
  for (const auto& p : starling::parameters_of(c.text, measurement)) {
    const auto found = given.find(p.name);
    if (found != given.end())
      priors.emplace_back(p.name, starling::parse_prior(found->second));
    else if (p.prior.empty())
      priors.emplace_back(p.name, starling::parse_prior(p.lower == 0 ? "half_normal(5)" : "normal(0, 10)"));
  }
  return {c.text, measurement, priors};
}

}  // namespace vector_test
