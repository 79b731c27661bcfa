/// A normal distribution of several latents: mu ~ N(theta_mu, S), S from standard deviations and
/// correlations, with an LKJ prior of the correlation matrix (Lewandowski, Kurowicka & Joe 2009).
#pragma once

#include <string>

#include "starling/error.hpp"
#include "starling/measurements/normal_vector.hpp"

namespace starling {

struct MultivariateNormal : NormalComponents<1, kMostLatents> {
  static constexpr std::string_view name = "multivariate_normal";
  static constexpr std::string_view meaning = "mu ~ N(theta_mu, S) in several dimensions";

  static std::vector<Argument> arguments() {
    return {{"dimension", 2, 1, kMostLatents, "components of mu"},
            {"lkj", 1, 0.01, 100, "shape of the LKJ prior of the correlations; 1: flat"}};
  }
  explicit MultivariateNormal(std::span<const double> values)
      : dimension(static_cast<int>(values[0])), lkj(values[1]) {
    if (dimension != values[0]) throw InputError("multivariate_normal: dimension must be a whole number");
  }

  int dimension;
  double lkj;

  /// theta_mu_1 ..., theta_sigma_1 ..., theta_rho_12, theta_rho_13, theta_rho_23, ...
  [[nodiscard]] std::vector<Parameter> parameters() const {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<Parameter> all;
    for (int j = 1; j <= dimension; ++j)
      all.push_back({std::string("theta_mu_") + std::to_string(j), -infinity, infinity,
                     std::string("mean of component ") + std::to_string(j)});
    for (int j = 1; j <= dimension; ++j)
      all.push_back({std::string("theta_sigma_") + std::to_string(j), 0, infinity,
                     std::string("standard deviation of component ") + std::to_string(j)});
    for (int k = 2; k <= dimension; ++k)
      for (int j = 1; j < k; ++j)
        all.push_back(
            {std::string("theta_rho_") + std::to_string(j) + std::to_string(k), -1, 1,
             std::string("correlation of components ") + std::to_string(j) + " and " + std::to_string(k),
             "uniform(-1, 1)"});
    return all;
  }
  [[nodiscard]] std::vector<std::string> latents() const {
    std::vector<std::string> names;
    for (int j = 1; j <= dimension; ++j) names.push_back(std::string("mu_") + std::to_string(j));
    return names;
  }

  [[nodiscard]] std::vector<NormalComponent> components(std::span<const double> theta) const {
    const auto d = static_cast<std::size_t>(dimension);
    NormalComponent one{1, {theta.begin(), theta.begin() + dimension}, correlations(theta)};
    for (int j = 0; j < dimension; ++j)
      for (int k = 0; k <= j; ++k)
        one.covariance[static_cast<std::size_t>(packed(j, k))] *=
            theta[d + static_cast<std::size_t>(j)] * theta[d + static_cast<std::size_t>(k)];
    return {one};
  }
  [[nodiscard]] std::array<double, prepared_size> prepare(std::span<const double> theta) const {
    return prepare_density(components(theta));
  }
  void draw(std::span<const double> theta, std::span<const double>, HostStream& stream,
            std::span<double> mu) const {
    draw_from(components(theta), stream, mu);
  }

  [[nodiscard]] std::vector<std::pair<double, double>> location_scales(std::span<const double> theta) const {
    std::vector<std::pair<double, double>> all;
    for (std::size_t j = 0; j < static_cast<std::size_t>(dimension); ++j)
      all.emplace_back(theta[j], theta[static_cast<std::size_t>(dimension) + j]);
    return all;
  }
  [[nodiscard]] std::vector<std::size_t> location_scale_parameters() const {
    std::vector<std::size_t> all;
    for (std::size_t j = 0; j < 2 * static_cast<std::size_t>(dimension); ++j) all.push_back(j);
    return all;
  }

  /// (lkj - 1) ln det R; -infinity where R is not positive definite.
  [[nodiscard]] double log_constraint(std::span<const double> theta) const {
    auto r = correlations(theta);
    cholesky(r.data(), dimension);
    double log_det = 0;
    for (int j = 0; j < dimension; ++j) {
      const double inverse = r[static_cast<std::size_t>(packed(j, j))];
      if (!(inverse > 0) || !std::isfinite(inverse)) return -std::numeric_limits<double>::infinity();
      log_det -= 2 * std::log(inverse);
    }
    return (lkj - 1) * log_det;
  }

  /// Method of moments.
  [[nodiscard]] Start estimate(const VectorPoints& p) const {
    Start start;
    std::vector<double> sd, shrunk(static_cast<std::size_t>(triangle(dimension)));
    for (int j = 0; j < dimension; ++j) {
      const auto place = static_cast<std::size_t>(packed(j, j));
      double total = std::max(p.covariance[place], p.noise[place]);
      if (!(total > 0)) total = 1;
      sd.push_back(std::sqrt(std::max(total - p.noise[place], 0.05 * total)));
      start.center.push_back(p.mean[static_cast<std::size_t>(j)]);
      start.spread.push_back(std::sqrt(total / p.n));
    }
    for (const double s : sd) {
      start.center.push_back(s);
      start.spread.push_back(std::min(s / std::sqrt(p.n), s / 3));
    }
    for (int k = 1; k < dimension; ++k)
      for (int j = 0; j < k; ++j) {
        const auto place = static_cast<std::size_t>(packed(k, j));
        const double excess = p.covariance[place] - p.noise[place];
        shrunk[place] = std::clamp(
            excess / (sd[static_cast<std::size_t>(j)] * sd[static_cast<std::size_t>(k)]), -0.9, 0.9);
      }
    // towards independence, until some distribution has these correlations
    for (int attempt = 0; attempt < 60; ++attempt) {
      std::vector<double> center = start.center;
      for (int k = 1; k < dimension; ++k)
        for (int j = 0; j < k; ++j) center.push_back(shrunk[static_cast<std::size_t>(packed(k, j))]);
      if (std::isfinite(log_constraint(center))) {
        start.center = center;
        break;
      }
      for (double& r : shrunk) r *= 0.8;
    }
    while (start.spread.size() < start.center.size()) {
      const double r = start.center[start.spread.size()];
      start.spread.push_back(
          std::min((1 - r * r) / std::sqrt(p.n), 0.1 * (1 - std::abs(r)) / static_cast<double>(dimension)));
    }
    return start;
  }

 private:
  /// R, packed.
  [[nodiscard]] std::vector<double> correlations(std::span<const double> theta) const {
    std::vector<double> r(static_cast<std::size_t>(triangle(dimension)), 1.0);
    auto next = static_cast<std::size_t>(2 * dimension);
    for (int k = 1; k < dimension; ++k)
      for (int j = 0; j < k; ++j) r[static_cast<std::size_t>(packed(k, j))] = theta[next++];
    return r;
  }
};

static_assert(VectorPopulation<MultivariateNormal> && HasNormalComponents<MultivariateNormal> &&
              HasConstraint<MultivariateNormal> && HasLocationScales<MultivariateNormal>);

}  // namespace starling
