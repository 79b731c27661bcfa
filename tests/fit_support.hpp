/// What the tests of fits share: catalogs, models, and the comparison of a chain with an exact posterior.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "grid_posterior.hpp"
#include "starling/starling.hpp"

namespace fit_test {

using starling::Catalog;
using starling::Chain;
using starling::FitOptions;
using starling::Model;

/// x_i ~ N(N(m, s), sigma_i); one sigma, or one per object.
inline Catalog made(std::size_t n, double m, double s, std::vector<double> sigma, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Catalog catalog;
  for (std::size_t i = 0; i < n; ++i) {
    const double mu = m + s * normal(random);
    catalog.x.push_back(mu + (sigma.size() == 1 ? sigma[0] : sigma[i]) * normal(random));
  }
  catalog.sigma = std::move(sigma);
  return catalog;
}

/// Of the posterior samples of each object.
inline Catalog catalog_of(const std::vector<std::vector<double>>& objects) {
  Catalog catalog;
  catalog.offsets = {0};
  for (auto samples : objects) {
    catalog.samples.insert(catalog.samples.end(), samples.begin(), samples.end());
    catalog.offsets.push_back(catalog.samples.size());
    std::sort(samples.begin(), samples.end());
    catalog.x.push_back(samples[samples.size() / 2]);
  }
  return catalog;
}

inline std::vector<double> log_normal_noise(std::size_t n, double median, double log_sd, unsigned seed = 2) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> sigma(n);
  for (double& s : sigma) s = median * std::exp(log_sd * normal(random));
  return sigma;
}

/// Equal steps of the logarithm from `low` to `high`, in mixed order.
inline std::vector<double> decades_of_noise(std::size_t n, double low, double high) {
  std::vector<double> sigma(n);
  for (std::size_t i = 0; i < n; ++i)
    sigma[i] = low * std::pow(high / low, static_cast<double>(i * 7 % n) / static_cast<double>(n - 1));
  return sigma;
}

inline std::vector<double> noise_of(const Catalog& catalog) {
  std::vector<double> noise;
  for (std::size_t i = 0; i < catalog.size(); ++i)
    noise.push_back(catalog.sigma.empty() ? 1 : catalog.sigma_of(i));
  return noise;
}

/// Objects with the smallest and the largest x, sigma, and one between.
inline std::vector<std::size_t> five_objects(const Catalog& catalog) {
  const auto noise = noise_of(catalog);
  const auto place = [](auto iterator, const auto& v) {
    return static_cast<std::size_t>(iterator - v.begin());
  };
  const std::set<std::size_t> objects{place(std::min_element(catalog.x.begin(), catalog.x.end()), catalog.x),
                                      place(std::max_element(catalog.x.begin(), catalog.x.end()), catalog.x),
                                      place(std::min_element(noise.begin(), noise.end()), noise),
                                      place(std::max_element(noise.begin(), noise.end()), noise),
                                      catalog.size() / 2,
                                      catalog.size() / 3,
                                      catalog.size() - 1};
  std::vector<std::size_t> five(objects.begin(), objects.end());
  if (five.size() > 5) five.resize(5);
  return five;
}

inline Model normal_model(const starling::Prior& mu, const starling::Prior& sigma) {
  return Model{
      starling::NormalPopulation{}, starling::NormalNoise{}, {{"theta_mu", mu}, {"theta_sigma", sigma}}};
}
inline Model unknown_noise_model(const starling::Prior& mu, const starling::Prior& sigma,
                                 const starling::Prior& scale) {
  return Model{starling::NormalPopulation{},
               starling::NormalUnknownNoise{},
               {{"theta_mu", mu}, {"theta_sigma", sigma}, {"noise_scale", scale}}};
}

/// Compares in Monte Carlo standard errors.
inline void expect_within(double limit, const std::string& what, double got, double exact, double error) {
  EXPECT_LT(std::abs(got - exact), limit * error)
      << what << " is " << got << ", exactly " << exact << ", Monte Carlo error " << error;
}

/// Parameters, the replayed draws of latents, and the moments that a joint fit streamed, against the exact
/// posterior.
inline void expect_agreement(const Chain& chain, const Catalog& catalog, const grid::Posterior& exact,
                             const std::vector<std::size_t>& objects, double limit) {
  const auto summary = starling::summary(chain);
  ASSERT_EQ(summary.parameters.size(), exact.theta.size());
  for (std::size_t j = 0; j < exact.theta.size(); ++j) {
    const auto& p = summary.parameters[j];
    EXPECT_LT(p.r_hat, 1.05) << p.name;
    expect_within(limit, "mean of " + p.name, p.mean, exact.theta[j].mean, p.mcse_mean);
    expect_within(limit, "sd of " + p.name, p.sd, exact.theta[j].sd, p.mcse_sd);
  }
  if (chain.header.method == "naive") return;
  for (std::size_t k = 0; k < objects.size(); ++k) {
    const std::string name = " of latent " + std::to_string(objects[k]);
    const auto draws = starling::replay_latent(chain, catalog, objects[k]);
    ASSERT_EQ(draws.size(), chain.header.chains() * chain.draws);
    const starling::Draws d{draws.data(), chain.header.chains(), chain.draws};
    const double error = starling::mcse_mean(d), sd_error = starling::mcse_sd(d);
    const double n = static_cast<double>(draws.size()), origin = draws[0];
    double mean = 0, squares = 0;
    for (const double v : draws) mean += (v - origin) / n;
    for (const double v : draws) squares += (v - origin - mean) * (v - origin - mean);
    const double sd = std::sqrt(squares / (n - 1));
    mean += origin;
    expect_within(limit, "mean" + name, mean, exact.latents[k].mean, error);
    expect_within(limit, "sd" + name, sd, exact.latents[k].sd, sd_error);
    if (chain.header.method != "joint") continue;
    expect_within(limit, "streamed mean" + name, chain.results.latents.mean[objects[k]],
                  exact.latents[k].mean, error);
    expect_within(limit, "streamed sd" + name, chain.results.latents.sd[objects[k]], exact.latents[k].sd,
                  sd_error);
  }
}

}  // namespace fit_test
