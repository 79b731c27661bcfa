// Warnings of summary(): each appears in the case it is for, and a good run has none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "starling/prior.hpp"
#include "starling/summary.hpp"

namespace {

using starling::Chain;

constexpr std::size_t ensembles = 4, walkers = 50, rows = ensembles * walkers;

// AR(1) walkers about (0, 1) with sd 0.05: tau = (1 + phi) / (1 - phi).
Chain good_run(std::size_t draws = 1000, double phi = 0.5, unsigned seed = 1) {
  Chain chain;
  chain.header.method = "joint";
  chain.header.population = "normal";
  chain.header.measurement = "normal";
  chain.header.parameters = {"theta_mu", "theta_sigma"};
  chain.header.priors = {"uniform(-5, 5)", "uniform(0, 2)"};
  chain.header.ensembles = ensembles;
  chain.header.walkers = walkers;
  chain.header.steps = draws;
  chain.draws = draws;
  chain.results.complete = true;
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> z;
  for (std::size_t p = 0; p < 2; ++p) {
    for (std::size_t c = 0; c < rows; ++c) {
      double x = z(engine);
      for (std::size_t t = 0; t < draws; ++t) {
        chain.theta.push_back(static_cast<double>(p) + 0.05 * x);
        x = phi * x + std::sqrt(1 - phi * phi) * z(engine);
      }
    }
  }
  chain.lp.assign(rows * draws, 0);
  chain.acceptance.assign(rows * draws, 0.4F);
  return chain;
}

double& value(Chain& chain, std::size_t parameter, std::size_t row, std::size_t draw) {
  return chain.theta[(parameter * rows + row) * chain.draws + draw];
}

void for_each(Chain& chain, std::size_t parameter,
              const std::function<void(double&, std::size_t row, std::size_t draw)>& change) {
  for (std::size_t c = 0; c < rows; ++c)
    for (std::size_t t = 0; t < chain.draws; ++t) change(value(chain, parameter, c, t), c, t);
}

void freeze(Chain& chain, std::size_t row, double mu, double sigma) {
  for (std::size_t t = 0; t < chain.draws; ++t) {
    value(chain, 0, row, t) = mu;
    value(chain, 1, row, t) = sigma;
    chain.acceptance[row * chain.draws + t] = 0;
  }
}

std::vector<std::string> warnings(const Chain& chain) {
  return starling::summary(chain).warnings;
}

bool contains(const std::vector<std::string>& all, const std::string& part) {
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

std::string printed(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& warning : all) text += "\n  " + warning;
  return text;
}

void expect_only(const Chain& chain, const std::vector<std::string>& parts) {
  const auto all = warnings(chain);
  for (const std::string& part : parts)
    EXPECT_TRUE(contains(all, part)) << "missing: " << part << "; found:" << printed(all);
  EXPECT_EQ(all.size(), parts.size()) << printed(all);
}

// Limits leave five and more standard errors of room, so the false-alarm rate of a seed is far below 1e-6.
TEST(SummaryWarnings, AGoodRunHasNone) {
  expect_only(good_run(1000, 0.5), {});
  expect_only(good_run(1000, 0, 2), {});
  expect_only(good_run(1000, 0.88, 3), {});  // T = 64 tau
  expect_only(good_run(1000, -0.5, 4), {});  // anticorrelated
  expect_only(good_run(220, 0.5, 5), {});    // T = 73 tau, a short run of a fast sampler
  expect_only(good_run(3000, 0.5, 6), {});
}

TEST(SummaryWarnings, AGoodRunOfFewWalkersHasNone) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Chain chain = good_run(1000, 0.85, 100 + seed);  // T = 81 tau
    // Two ensembles of eight: the first 16 rows of each parameter.
    std::vector<double> theta;
    for (std::size_t p = 0; p < 2; ++p)
      theta.insert(theta.end(), chain.values(p), chain.values(p) + 16 * chain.draws);
    chain.theta = theta;
    chain.acceptance.resize(16 * chain.draws);
    chain.header.ensembles = 2;
    chain.header.walkers = 8;
    expect_only(chain, {});
  }
}

TEST(SummaryWarnings, FixedParametersAreLeftOut) {
  Chain chain = good_run();
  for_each(chain, 1, [](double& x, std::size_t, std::size_t) { x = 1; });
  chain.header.priors[1] = "fixed(1)";
  const auto result = starling::summary(chain);
  ASSERT_EQ(result.parameters.size(), 1u);
  EXPECT_EQ(result.parameters[0].name, "theta_mu");
  EXPECT_TRUE(result.warnings.empty()) << printed(result.warnings);
}

// Seen with noise three times the population width and stretch moves only: every ensemble spreads over the
// same wrong places, each walker keeps its own.
TEST(SummaryWarnings, StuckWalkersThoughEnsemblesAgree) {
  Chain chain = good_run();
  for_each(chain, 1, [](double& x, std::size_t row, std::size_t) {
    x = 1 + 0.2 * (x - 1) + 0.004 * (static_cast<double>(row % walkers) - 24.5);
  });
  const auto all = warnings(chain);
  EXPECT_TRUE(contains(all, "R-hat, with each walker as one chain, is 1.02 or more for theta_sigma"))
      << printed(all);
  EXPECT_TRUE(contains(all, "Take at least")) << printed(all);
  EXPECT_FALSE(contains(all, "ensembles disagree")) << printed(all);
  EXPECT_FALSE(contains(all, "theta_mu")) << printed(all);
}

// Seen with walkers that start at a tiny theta_sigma: mean acceptance and emcee's tau look fine.
TEST(SummaryWarnings, ADozenOfTwoHundredWalkersFrozen) {
  Chain chain = good_run();
  for (std::size_t i = 0; i < 12; ++i) freeze(chain, 16 * i + 3, 0.02 * static_cast<double>(i), 0.001);
  const auto result = starling::summary(chain);
  EXPECT_GT(result.acceptance, 0.37);
  EXPECT_EQ(result.lowest_acceptance, 0);
  const auto& all = result.warnings;
  EXPECT_TRUE(contains(all, "12 of 200 walkers accept less than a tenth")) << printed(all);
  EXPECT_TRUE(contains(all, "12 of 200 walkers did not move")) << printed(all);
  EXPECT_TRUE(contains(all, "walker 3 of ensemble 0")) << printed(all);
  EXPECT_TRUE(contains(all, "R-hat, with each walker as one chain")) << printed(all);
  EXPECT_FALSE(contains(all, "ensembles disagree")) << printed(all);
}

// The frozen walkers make the pooled tau long: ten of those would be longer than their rest.
TEST(SummaryWarnings, ADozenOfTwoHundredWalkersFrozenForMostOfTheRun) {
  Chain chain = good_run();
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t t = 0; t < 600; ++t)
      for (std::size_t p = 0; p < 2; ++p) value(chain, p, 16 * i + 3, t) = p == 0 ? 1 : 0.001;
  const auto result = starling::summary(chain);
  EXPECT_GT(10 * result.parameters[1].tau, 600);
  EXPECT_TRUE(contains(result.warnings, "12 of 200 walkers did not move")) << printed(result.warnings);
}

TEST(SummaryWarnings, AWalkerOfLowAcceptance) {
  Chain chain = good_run();
  for (std::size_t t = 0; t < chain.draws; ++t) chain.acceptance[77 * chain.draws + t] = 0.03F;
  expect_only(
      chain, {"1 of 200 walkers accept less than a tenth of what the median walker does (lowest 0.03, walker "
              "27 of ensemble 1; median 0.4)"});
}

TEST(SummaryWarnings, AWalkerThatRestsForTenAutocorrelationTimes) {
  Chain chain = good_run();  // tau = 3
  for (std::size_t t = 301; t < 345; ++t)
    for (std::size_t p = 0; p < 2; ++p) value(chain, p, 60, t) = value(chain, p, 60, 300);
  expect_only(chain, {"1 of 200 walkers did not move for"});
  // Where one of the parameters moves, the walker does.
  Chain half = good_run();
  for (std::size_t t = 301; t < 345; ++t) value(half, 0, 60, t) = value(half, 0, 60, 300);
  expect_only(half, {});
}

TEST(SummaryWarnings, AllWalkersFrozen) {
  Chain chain = good_run();
  for (std::size_t row = 0; row < rows; ++row)
    freeze(chain, row, 0.01 * static_cast<double>(row % walkers), 1);
  EXPECT_TRUE(contains(warnings(chain), "200 of 200 walkers did not move")) << printed(warnings(chain));
}

TEST(SummaryWarnings, AShortRun) {
  const auto all = warnings(good_run(100, 0.8, 7));  // T = 11 tau
  EXPECT_TRUE(
      contains(all, "100 draws per walker are fewer than 50 autocorrelation times of theta_mu (tau = "))
      << printed(all);
  // Thinned: the steps that it asks for are counted before thinning.
  Chain thinned = good_run(100, 0.8, 7);
  thinned.header.thin = 10;
  thinned.header.steps = 1000;
  const auto asked = [](const std::vector<std::string>& texts) {
    for (const std::string& text : texts)
      if (const auto at = text.find("Take at least "); at != std::string::npos)
        return std::stod(text.substr(at + 14));
    return 0.0;
  };
  EXPECT_NEAR(asked(warnings(thinned)), 10 * asked(all), 10);
  EXPECT_NEAR(asked(all), 50 * 9, 100);
}

TEST(SummaryWarnings, AnAutocorrelationTimeThatStillGrows) {
  // Every walker keeps an offset of its own: whatever the length, tau is a share of it.
  Chain chain = good_run(1000, 0.2, 8);
  for_each(chain, 0, [](double& x, std::size_t row, std::size_t) {
    x += 0.05 * std::sin(2.399963 * static_cast<double>(row));
  });
  const auto all = warnings(chain);
  EXPECT_TRUE(contains(all, "autocorrelation time still grows with the length of the run: theta_mu"))
      << printed(all);
  EXPECT_FALSE(contains(all, "run: theta_sigma")) << printed(all);
}

TEST(SummaryWarnings, AnEnsembleThatMissesAMode) {
  Chain chain = good_run();
  for_each(chain, 0, [](double& x, std::size_t row, std::size_t) {
    if (row / walkers == 2) x += 0.1;
  });
  EXPECT_TRUE(
      contains(warnings(chain), "The ensembles disagree: R-hat between them is 1.02 or more for theta_mu"))
      << printed(warnings(chain));
  chain.header.ensembles = 1;  // the same walkers as one ensemble: nothing to compare
  chain.header.walkers = rows;
  EXPECT_FALSE(contains(warnings(chain), "ensembles disagree")) << printed(warnings(chain));
}

TEST(SummaryWarnings, WalkersThatMoveTogether) {
  Chain chain = good_run();
  std::mt19937_64 engine(9);
  std::normal_distribution<double> z;
  std::vector<double> shared(ensembles * chain.draws);
  for (std::size_t i = 0; i < shared.size(); ++i)
    shared[i] = i % chain.draws == 0 ? z(engine) : 0.5 * shared[i - 1] + std::sqrt(0.75) * z(engine);
  for_each(chain, 1, [&](double& x, std::size_t row, std::size_t t) {
    x = 1 + std::sqrt(0.7) * (x - 1) + std::sqrt(0.3) * 0.05 * shared[row / walkers * chain.draws + t];
  });
  expect_only(chain, {"Walkers move together"});
  // The shared part has tau = 3 and 0.3 of the variance, the rest of an ensemble's mean 0.7 / 50:
  // 4 x 1000 / (3 x 0.314) = 4246 draws, known to 12 %. Six standard errors: false alarms below 1e-6.
  const std::string text = warnings(chain).at(0);
  const auto at = text.find("theta_sigma (");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_NEAR(std::log(std::stod(text.substr(at + 13)) / 4246), 0, 6 * 0.12) << text;
}

TEST(SummaryWarnings, APosteriorAtThePriorsEdge) {
  Chain chain = good_run();
  for_each(chain, 0, [](double& x, std::size_t, std::size_t) { x = 5 - std::abs(x); });
  expect_only(chain, {"The prior uniform(-5, 5) cuts off the posterior of theta_mu"});
  EXPECT_TRUE(contains(warnings(chain), "at the upper edge 5"));
  EXPECT_FALSE(contains(warnings(chain), "lower edge"));

  // A width near 0 is at its own edge, whatever the prior; and four sd from an edge is far.
  Chain narrow = good_run();
  for_each(narrow, 1, [](double& x, std::size_t, std::size_t) { x = std::abs(x - 1); });
  expect_only(narrow, {});
  narrow.header.priors[1] = "half_cauchy(5)";
  expect_only(narrow, {});
  Chain near = good_run();
  near.header.priors[0] = "uniform(-0.25, 0.25)";
  expect_only(near, {});
}

TEST(SummaryWarnings, AnInterruptedRun) {
  Chain chain = good_run();
  chain.results.complete = false;
  chain.header.steps = 4000;
  chain.header.thin = 2;
  expect_only(chain, {"stopped after 1000 of 2000 draws"});
}

TEST(SummaryWarnings, ANoisySamplesLikelihood) {
  Chain chain = good_run();
  chain.results.monte_carlo.variance = 0.9;
  chain.results.monte_carlo.expected_bias = {0.01, 0.2};
  expect_only(chain, {});
  chain.results.monte_carlo.variance = 10.2;
  chain.results.monte_carlo.expected_bias = {0.01, 0.71};
  chain.results.monte_carlo.worst = {{17, 0.3, 3.1, 100, 29876.2}, {4, 0.2, 5, 100, 20000}};
  chain.observed.x.assign(20, 0);
  expect_only(chain, {"V = 10.2"});
  for (const char* part :
       {"theta_sigma by +0.71", "theta_mu by +0.01", "17 about 29877 (it has 100)", "4 about 20000"})
    EXPECT_TRUE(contains(warnings(chain), part)) << part << printed(warnings(chain));
  chain.observed.id.assign(20, "star A");
  EXPECT_TRUE(contains(warnings(chain), "star A about 29877"));
}

TEST(SummaryWarnings, ProposalsThatAreNotANumber) {
  Chain chain = good_run();
  chain.results.attributes["nan_proposals"] = "0";
  expect_only(chain, {});
  chain.results.attributes["nan_proposals"] = "12";
  expect_only(chain, {"12 proposals had a log-probability that is not a number"});
}

TEST(SummaryWarnings, IntegralsAndSumsBeyondTheirTolerance) {
  Chain chain = good_run();
  chain.results.attributes["integration_error"] = "0.0009";
  expect_only(chain, {});
  chain.results.attributes["integration_error"] = "0.02";
  expect_only(chain, {"The integral over the latent of the worst object has an error of 0.02"});
  chain.results.monte_carlo.variance = 0.01;
  chain.results.monte_carlo.worst.push_back({3, 0.001, 50, 100, 100});
  expect_only(chain, {"What stands for the posterior samples of the worst object has an error of 0.02"});
}

TEST(SummaryWarnings, TooFewDrawsAndDrawsThatAreNotFinite) {
  expect_only(good_run(3), {"There are 3 draws per walker, too few"});
  EXPECT_TRUE(contains(warnings(good_run(0)), "There are 0 draws per walker"));
  Chain chain = good_run();
  value(chain, 0, 3, 5) = std::nan("");
  expect_only(chain, {"Some draws are not finite numbers: theta_mu"});
}

}  // namespace
