// A forward model of somebody's own (decays.hpp) with several latents per object, in the C++ API: its
// joint fit against integrals on a grid, and where it refuses.
#include "decays.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "starling/starling.hpp"

namespace {

using starling::Catalog;
using starling::Model;

constexpr std::size_t kTimes = 6;

Catalog curves(std::size_t objects) {
  Catalog catalog;
  catalog.x.assign(objects, 0);
  auto &time = catalog.arrays["time"], &value = catalog.arrays["value"];
  for (std::size_t i = 0; i < objects; ++i) {
    starling::HostStream stream(4, 0, static_cast<std::uint32_t>(i), 99);
    const double height = 1 + 0.5 * stream.normal(), rate = -0.5 + 0.4 * stream.normal();
    for (std::size_t k = 0; k < kTimes; ++k) {
      time.push_back(0.1 * static_cast<double>(i % 3) + 0.5 * static_cast<double>(k));
      value.push_back(std::exp(height - std::exp(rate) * time.back()) + 0.3 * stream.normal());
    }
  }
  return catalog;
}

Model model_of(const std::string& fixed_or_free) {
  const auto prior = [&](const char* free, const char* fixed) {
    return starling::parse_prior(fixed_or_free == "fixed" ? fixed : free);
  };
  return {"decays",
          "decay_curve",
          {{"theta_mu", prior("normal(0, 3)", "fixed(1)")},
           {"theta_sigma", prior("half_normal(2)", "fixed(0.5)")},
           {"theta_mu_rate", prior("normal(0, 3)", "fixed(-0.5)")},
           {"theta_sigma_rate", prior("half_normal(2)", "fixed(0.4)")},
           {"noise", prior("half_normal(1)", "fixed(0.3)")}}};
}

starling::FitOptions quick(std::size_t steps) {
  starling::FitOptions o;
  o.ensembles = 2;
  o.walkers = 32;
  o.burn_in = 500;
  o.steps = steps;
  o.seed = 3;
  o.device = "cpu";
  return o;
}

TEST(OwnVectors, LatentsOfAForwardModelAgreeWithAGrid) {
  const auto catalog = curves(12);
  const auto chain = starling::fit_joint(model_of("fixed"), catalog, quick(3000));
  EXPECT_EQ(chain.results.latents.names, (std::vector<std::string>{"height", "rate"}));
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    double sum = 0, mean[2] = {}, square[2] = {};
    constexpr int n = 300;
    for (int a = 0; a < n; ++a)
      for (int b = 0; b < n; ++b) {
        const double at[2] = {-2 + 6 * (a + 0.5) / n, -3 + 5 * (b + 0.5) / n};
        double l = -0.5 * std::pow((at[0] - 1) / 0.5, 2) - 0.5 * std::pow((at[1] + 0.5) / 0.4, 2);
        for (std::size_t k = i * kTimes; k < (i + 1) * kTimes; ++k)
          l -= 0.5 * std::pow((catalog.arrays.at("value")[k] -
                               std::exp(at[0] - std::exp(at[1]) * catalog.arrays.at("time")[k])) /
                                  0.3,
                              2);
        const double w = std::exp(l);
        sum += w;
        for (int j = 0; j < 2; ++j) mean[j] += w * at[j], square[j] += w * at[j] * at[j];
      }
    for (std::size_t j = 0; j < 2; ++j) {
      const double m = mean[j] / sum, sd = std::sqrt(square[j] / sum - m * m);
      // 64 walkers of 3000 sweeps, tau below 30: an ESS beyond 6000; six standard errors, false alarm 2e-9
      EXPECT_NEAR(chain.results.latents.mean[2 * i + j], m, 6 * sd / std::sqrt(6000.0)) << i << " " << j;
      EXPECT_NEAR(chain.results.latents.sd[2 * i + j], sd, 6 * sd / std::sqrt(12000.0)) << i << " " << j;
    }
  }
}

TEST(OwnVectors, HyperparametersAreFound) {
  const auto catalog = curves(300);
  auto o = quick(2000);
  o.threads = 1;
  const auto chain = starling::fit_joint(model_of("free"), catalog, o);
  const std::vector<double> truth{1, 0.5, -0.5, 0.4, 0.3};
  const auto all = starling::summary(chain);
  for (std::size_t j = 0; j < truth.size(); ++j)  // five posterior sd: false alarm 6e-7 each
    EXPECT_NEAR(all.parameters[j].mean, truth[j], 5 * all.parameters[j].sd) << all.parameters[j].name;
  EXPECT_LT(all.parameters[4].sd, 0.02);
  const double acceptance = std::stod(chain.results.attributes.at("latent_acceptance"));
  EXPECT_NEAR(acceptance, 0.234 + 0.206 / 4, 0.03);
  // replayed, bit for bit the mean that was collected, up to its sums in float
  const auto draws = starling::replay_latent(chain, catalog, 123);
  double mean = 0;
  for (std::size_t k = 0; k < draws.size(); k += 2) mean += draws[k] / static_cast<double>(draws.size() / 2);
  EXPECT_NEAR(chain.results.latents.mean[246], mean, 2e-6);
  o.threads = 2;
  EXPECT_EQ(starling::fit_joint(model_of("free"), catalog, o).theta, chain.theta);
}

TEST(OwnVectors, WhatCannotBeHadIsRefused) {
  auto catalog = curves(5);
  EXPECT_EQ(starling::default_measurement("decays"), "decay_curve");
  EXPECT_THROW(Model("decays", "normal", {}), starling::InputError);
  EXPECT_THROW(starling::fit_marginal(model_of("free"), catalog, quick(10)), starling::InputError);
  catalog.arrays.erase("time");
  EXPECT_THROW(starling::fit_joint(model_of("free"), catalog, quick(10)), starling::InputError);
}

}  // namespace
