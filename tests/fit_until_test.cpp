// Fits that run on until their chain is good enough are the fits of as many steps, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "chain_support.hpp"
#include "cli_program.hpp"
#include "fit_support.hpp"
#include "starling/starling.hpp"

namespace {

using starling::Catalog;
using starling::Chain;
using starling::FitOptions;
using starling::Model;
using starling::uniform;

const Catalog catalog = starling::simulate("normal", {0, 1}, 60, {0.5}, 40, 1).catalog;

FitOptions quick() {
  FitOptions o;
  o.ensembles = 2;
  o.walkers = 10;
  o.burn_in = 40;
  o.steps = 25;
  o.threads = 1;
  return o;
}
Model normal_model() {
  return fit_test::normal_model(uniform(-5, 5), uniform(0, 4));
}
Model samples_model() {
  return {"normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 4)}}};
}

void expect_same(const Chain& a, const Chain& b) {
  EXPECT_EQ(a.header.steps, b.header.steps);
  chain_test::expect_same_draws(a, b);
  chain_test::expect_same_figures(a.results, b.results);
}

void expect_a_run_of_as_many_steps(const std::function<Chain(const FitOptions&)>& fit, FitOptions o) {
  o.until = {3000, 1.05};
  const Chain chain = fit(o);
  ASSERT_GT(chain.header.steps, o.steps);
  ASSERT_LT(chain.header.steps, o.max_steps);
  EXPECT_EQ(chain.draws, chain.header.steps / o.thin);
  EXPECT_TRUE(chain.results.complete);
  EXPECT_EQ(chain.results.attributes.at("until_reached"), "yes");
  for (const auto& p : starling::summary(chain).parameters) {
    EXPECT_GE(std::min(p.ess_bulk, p.ess_tail), 3000);
    EXPECT_LE(p.r_hat, 1.05);
  }
  o.until = {};
  o.steps = chain.header.steps;
  expect_same(chain, fit(o));
}

TEST(Until, ARunIsTheRunOfAsManySteps) {
  FitOptions o = quick();
  expect_a_run_of_as_many_steps(
      [](const FitOptions& used) { return fit_naive(normal_model(), catalog, used); }, o);
  expect_a_run_of_as_many_steps(
      [](const FitOptions& used) { return fit_joint(normal_model(), catalog, used); }, o);
  expect_a_run_of_as_many_steps(
      [](const FitOptions& used) { return fit_marginal(samples_model(), catalog, used); }, o);
  o.thin = 4;
  expect_a_run_of_as_many_steps(
      [](const FitOptions& used) { return fit_marginal(normal_model(), catalog, used); }, o);
}

TEST(Until, TheSeedDecides) {
  FitOptions o = quick();
  o.until.ess = 2000;
  expect_same(fit_marginal(normal_model(), catalog, o), fit_marginal(normal_model(), catalog, o));
}

TEST(Until, TheLimitEndsARunWithAWarning) {
  FitOptions o = quick();
  o.until.ess = 1e6;
  o.max_steps = 130;
  const Chain chain = fit_marginal(normal_model(), catalog, o);
  EXPECT_EQ(chain.header.steps, 130u);
  EXPECT_EQ(chain.draws, 130u);
  EXPECT_TRUE(chain.results.complete);
  const auto warnings = starling::summary(chain).warnings;
  EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const std::string& text) {
    return text.find("ended at its limit of 130 steps before it reached what was asked for: ess=1000000 (") !=
           std::string::npos;
  }));
}

TEST(Until, AChainOfManyWalkersIsThinnedInMemoryAndStillJudged) {
  FitOptions o = quick();
  o.walkers = 100;
  o.ensembles = 4;
  o.burn_in = 20;
  o.until.ess = 1e5;  // 2 parameters x 400 walkers x 1311 draws fill the memory that it may take
  o.max_steps = 20'000;
  o.moves_per_step = 1;
  const Catalog few = starling::simulate("normal", {0, 1}, 10, {0.5}, 0, 1).catalog;
  const Chain chain = fit_naive(normal_model(), few, o);
  EXPECT_GT(chain.header.steps, 1311u);
  EXPECT_EQ(chain.results.attributes.at("until_reached"), "yes");
}

TEST(Until, IsReadAndWritten) {
  const auto both = starling::parse_until("ess=1000,rhat=1.01");
  EXPECT_EQ(both.ess, 1000);
  EXPECT_EQ(both.r_hat, 1.01);
  EXPECT_EQ(to_string(both), "ess=1000,rhat=1.01");
  EXPECT_FALSE(starling::parse_until("rhat=1.1").ess > 0);
  for (const char* bad : {"", "ess", "ess=", "ess=x", "ess=-1", "rhat=1", "ess=100,", "tau=3"})
    EXPECT_THROW((void)starling::parse_until(bad), starling::InputError) << bad;
  FitOptions o = quick();
  o.until.ess = 10;
  o.max_steps = 5;
  EXPECT_THROW((void)fit_naive(normal_model(), catalog, o), starling::InputError);
}

using Program = cli_test::Program;

TEST_F(Program, FitUntilWritesAChainThatSaysHowLongItIs) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "0.5", "--objects", "50", "-o",
        "cat.csv"});
  const auto quick_fit = cli_test::join({"fit", "cat.csv", "--method", "marginal"}, cli_test::quick);
  must(cli_test::join(quick_fit, {"--until", "ess=2000,rhat=1.05", "-o", "run.nc"}));
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_GT(chain.header.steps, 40u);
  EXPECT_EQ(chain.header.steps, chain.draws);
  EXPECT_EQ(chain.header.attributes.at("until"), "ess=2000,rhat=1.05");
  auto same = quick_fit;
  *(std::find(same.begin(), same.end(), "--steps") + 1) = std::to_string(chain.header.steps);
  must(cli_test::join(same, {"-o", "same.nc"}));
  expect_same(chain, starling::read_chain(folder_ / "same.nc"));
  // The file repeats its run.
  must({"fit", "--config", "run.nc", "-o", "again.nc"});
  expect_same(chain, starling::read_chain(folder_ / "again.nc"));
  EXPECT_EQ(run(cli_test::join(quick_fit, {"--until", "es=1", "-o", "x.nc"})).status, 2);
}

}  // namespace
