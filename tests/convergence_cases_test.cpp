// Fits that went wrong, each run by the real sampler, and the warning that each must give; and good fits,
// which must give none. Seeds are fixed: the cases are what they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "fit_support.hpp"
#include "starling/starling.hpp"

namespace {

using fit_test::normal_model;
using fit_test::unknown_noise_model;
using starling::Catalog;
using starling::Chain;
using starling::FitOptions;
using starling::Method;
using starling::Model;
using starling::uniform;

Catalog toy(double noise, std::size_t objects = 1000, std::size_t samples = 0, std::uint64_t seed = 1) {
  return starling::simulate("normal", {0, 1}, objects, {noise}, samples, seed).catalog;
}
Model founding_model() {
  return normal_model(uniform(-5, 5), uniform(0, 2));
}
Model samples_model() {
  return {"normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 2)}}};
}
FitOptions options(std::size_t walkers, std::size_t burn_in, std::size_t steps, std::uint64_t seed = 1) {
  FitOptions o;
  o.walkers = walkers;
  o.burn_in = burn_in;
  o.steps = steps;
  o.seed = seed;
  o.threads = 1;
  return o;
}
FitOptions with(FitOptions o, const std::function<void(FitOptions&)>& change) {
  change(o);
  return o;
}
void stretch_alone(FitOptions& o) {
  o.moves = {1, 0, 0};
  o.interweaving = false;
}
void start_at(FitOptions& o, std::vector<double> center, std::vector<double> spread) {
  o.start_center = std::move(center);
  o.start_spread = std::move(spread);
}

Chain run(const Model& model, const Catalog& catalog, Method method, const FitOptions& o) {
  if (method == Method::naive) return fit_naive(model, catalog, o);
  return method == Method::marginal ? fit_marginal(model, catalog, o) : fit_joint(model, catalog, o);
}

struct Case {
  std::string name;
  std::function<Chain()> fit;
  std::vector<std::string> warnings;  ///< parts of warnings that must be there
  std::string verdict;                ///< how it must begin
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

/// No interweaving, noise three times the width: every walker keeps about the theta_sigma that it began with.
Chain stuck_walkers(std::uint64_t seed) {
  return run(founding_model(), toy(3), Method::joint, with(options(50, 300, 600, seed), [](FitOptions& o) {
               stretch_alone(o);
               o.moves_per_step = 1;
               start_at(o, {0, 1}, {0.3, 0.6});
             }));
}

/// Some of the walkers start at a tiny theta_sigma, and their latents with them.
Chain frozen_walkers() {
  return run(founding_model(), toy(1), Method::joint, with(options(50, 300, 600), [](FitOptions& o) {
               stretch_alone(o);
               start_at(o, {0, 0.3}, {0.1, 0.5});
             }));
}

Chain stopped() {
  static std::atomic<bool> stop{false};
  auto o = options(20, 100, 100'000);
  std::size_t reports = 0;
  o.progress = [&](const starling::Progress& p) {
    if (++reports > 2 && p.sweep > 800) stop = true;
  };
  o.stop = &stop;
  return run(founding_model(), toy(1, 100), Method::marginal, o);
}

std::vector<Case> bad_fits() {
  const std::string stuck = "NOT CONVERGED", biased = "BIASED";
  const auto model = founding_model();
  return {
      {"stuck_walkers_at_three_widths_of_noise",
       [] { return stuck_walkers(1); },
       {"R-hat, with each walker as one chain", "The run is short"},
       stuck},
      {"walkers_frozen_at_a_tiny_width",
       frozen_walkers,
       {"walkers accept less than a tenth of what the median walker does", "did not move for",
        "R-hat, with each walker as one chain"},
       stuck},
      {"all_walkers_frozen_at_a_tiny_width",
       [=] {
         return run(model, toy(1), Method::joint, with(options(20, 100, 400), [](FitOptions& o) {
                      stretch_alone(o);
                      start_at(o, {0, 0.002}, {0.5, 0.0005});
                    }));
       },
       {"did not move for", "R-hat, with each walker as one chain"},
       stuck},
      {"walkers_that_start_at_one_point_cannot_leave_it",
       [=] {
         return run(model, toy(1), Method::marginal, with(options(20, 100, 400), [](FitOptions& o) {
                      start_at(o, {0, 1}, {0, 0});
                      o.moves_per_step = 5;  // no draws
                    }));
       },
       {"80 of 80 walkers did not move"},
       stuck},
      {"a_far_start_without_burn_in",
       [=] {
         return run(model, toy(1), Method::marginal, with(options(20, 0, 60), [](FitOptions& o) {
                      stretch_alone(o);
                      o.moves_per_step = 1;
                      start_at(o, {4, 0.2}, {0.01, 0.01});
                    }));
       },
       {"R-hat, with each walker as one chain", "The run is short"},
       stuck},
      {"a_run_that_is_too_short",
       [=] { return run(model, toy(1), Method::marginal, options(100, 200, 40)); },
       {"The run is short: 40 draws per walker"},
       ""},
      {"the_stretch_move_alone_for_a_short_time",
       [=] {
         return run(model, toy(1), Method::marginal, with(options(100, 200, 200), [](FitOptions& o) {
                      stretch_alone(o);
                      o.moves_per_step = 1;
                    }));
       },
       {"The run is short"},
       stuck},
      {"three_draws",
       [=] {
         return run(model, toy(1), Method::marginal,
                    with(options(20, 100, 300), [](FitOptions& o) { o.thin = 100; }));
       },
       {"There are 3 draws per walker"},
       stuck},
      {"a_prior_that_cuts_the_posterior_off",
       [=] {
         return run(normal_model(uniform(-5, 5), uniform(0, 0.9)), toy(1), Method::marginal,
                    options(50, 300, 600));
       },
       {"The prior uniform(0, 0.9) cuts off the posterior of theta_sigma", "of the proposals fell where"},
       ""},
      {"stretches_that_are_far_too_long",
       [=] {
         return run(founding_model(), toy(1), Method::marginal,
                    with(options(50, 300, 600), [](FitOptions& o) {
                      o.moves = {0.5, 0.5, 0};
                      o.stretch_scale = 1e5;
                    }));
       },
       {"Fewer than 0.02 of these moves of theta were accepted: stretch 0.0"},
       ""},
      {"latents_that_had_no_time_to_adapt",
       [] {
         return run({"linear",
                     "normal",
                     {{"alpha", starling::fixed(0)},
                      {"beta", starling::fixed(1)},
                      {"scatter", starling::fixed(0.001)},
                      {"xi_mean", uniform(-5, 5)},
                      {"xi_sd", uniform(0, 9)}}},
                    starling::simulate({.population = "linear",
                                        .truth = {0, 1, 0.001, 0, 2},
                                        .columns = {{"sigma", {0.5}}, {"sigma_2", {0.5}}},
                                        .objects = 100})
                        .catalog,
                    Method::joint,
                    with(options(50, 2, 400), [](FitOptions& o) { o.latents = "metropolis"; }));
       },
       {" of 100 objects (as ", "the latents hardly move"},
       "any"},
      {"one_value_far_from_all_others",
       [=] {
         auto catalog = toy(1, 200);
         catalog.x[7] = 500;
         return run(normal_model(starling::normal(0, 10), starling::half_normal(5)), catalog,
                    Method::marginal, options(50, 300, 600));
       },
       {"The data disagree with the prior half_normal(5) of theta_sigma", "values as large as"},
       ""},
      {"a_prior_in_other_units",
       [=] {
         return run(normal_model(starling::normal(-60, 10), starling::half_normal(1000)), toy(0.1, 2000),
                    Method::marginal, options(50, 300, 600));
       },
       {"The data disagree with the prior normal(-60, 10) of theta_mu"},
       ""},
      {"width_and_noise_that_only_their_sum_is_known_of",
       [=] {
         // with one seed in ten a walker stays at the end of the ridge for ten autocorrelation times
         return run(unknown_noise_model(uniform(-5, 5), uniform(0, 2), uniform(0.5, 1.5)), toy(1, 5000),
                    Method::marginal, options(50, 1000, 1500, 2));
       },
       {"A ridge: the data hardly tell theta_sigma and noise_scale (rank correlation -0.9"},
       ""},
      {"two_objects_and_any_width_a_funnel",
       [=] {
         Catalog pair;
         pair.x = {0, 0.01};
         pair.sigma = {0.001};
         return run(normal_model(uniform(-1000, 1000), starling::log_uniform(0.001, 100)), pair,
                    Method::naive, options(50, 500, 1000));
       },
       {"A funnel: theta_mu spreads"},
       "any"},
      {"too_few_samples_for_so_many_objects",
       [] {
         return run(samples_model(), toy(1, 1000, 20), Method::marginal,
                    with(options(20, 300, 600), [](FitOptions& o) { o.moves_per_step = 1; }));
       },
       {"The Monte Carlo variance of the samples likelihood is V ="},
       "any"},
      {"one_sample_of_each_object_which_shows_no_scatter",
       [=] { return run(samples_model(), toy(1, 500, 1), Method::marginal, options(50, 300, 600)); },
       {"Of 500 of 500 objects there is a single posterior sample"},
       biased},
      {"a_naive_fit_of_noisy_values",
       [=] { return run(founding_model(), toy(1), Method::naive, options(50, 300, 600)); },
       {"A naive fit counts noise as width of the population. Here noise is 4"},
       biased},
      {"a_naive_fit_of_the_medians_of_samples",
       [=] { return run(samples_model(), toy(1, 1000, 20), Method::naive, options(50, 300, 600)); },
       {"A naive fit counts noise as width of the population."},
       biased},
      {"a_naive_fit_of_a_line_whose_scatter_is_less_than_the_noise",
       [] {
         return run({"linear",
                     "normal",
                     {{"alpha", uniform(-5, 5)},
                      {"beta", uniform(-5, 5)},
                      {"scatter", uniform(0, 2)},
                      {"xi_mean", uniform(-5, 5)},
                      {"xi_sd", uniform(0, 9)}}},
                    starling::simulate({.population = "linear",
                                        .truth = {0, 1, 0.1, 0, 2},
                                        .columns = {{"sigma", {0.2}}, {"sigma_2", {0.2}}}})
                        .catalog,
                    Method::naive, options(50, 500, 1500));
       },
       {"A naive fit counts noise as width of the population."},
       biased},
      {"a_run_that_was_stopped", stopped, {"The run is not complete"}, ""},
  };
}

std::string printed(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& warning : all) text += "\n  " + warning;
  return text;
}

class BadFits : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, BadFits, testing::ValuesIn(bad_fits()),
                         [](const auto& one) { return one.param.name; });

TEST_P(BadFits, GiveTheirWarning) {
  const auto& expected = GetParam();
  const auto summary = starling::summary(expected.fit());
  for (const std::string& part : expected.warnings)
    EXPECT_TRUE(std::any_of(summary.warnings.begin(), summary.warnings.end(),
                            [&](const std::string& text) { return text.find(part) != std::string::npos; }))
        << "missing: " << part << "; found:" << printed(summary.warnings);
  if (expected.verdict != "any") {
    EXPECT_EQ(
        summary.verdict.substr(0, expected.verdict.empty() ? std::string::npos : expected.verdict.size()),
        expected.verdict)
        << printed(summary.warnings);
  }
  // Whoever reads from the top sees the verdict before the first number.
  std::ostringstream out;
  out << summary;
  if (!summary.verdict.empty()) {
    EXPECT_LT(out.str().find(summary.verdict), out.str().find("theta_mu")) << out.str();
  }
}

// What makes the first case treacherous: R-hat between ensembles and mean acceptance look well.
TEST(StuckWalkers, AreWrongAlthoughEnsemblesAgree) {
  const Chain chain = stuck_walkers(2);
  const auto summary = starling::summary(chain);
  const auto exact =
      starling::summary(run(founding_model(), toy(3), Method::marginal, options(50, 300, 600)));
  EXPECT_NEAR(summary.acceptance, 0.22, 0.05);
  EXPECT_GT(summary.parameters[1].sd, 1.4 * exact.parameters[1].sd);
  for (const auto& warning : summary.warnings)
    EXPECT_EQ(warning.find("ensembles disagree"), std::string::npos) << warning;
  EXPECT_TRUE(summary.verdict.starts_with("NOT CONVERGED"));
}

struct Good {
  std::string name;
  Method method;
  double noise;
  std::uint64_t seed;
};
class GoodFits : public testing::TestWithParam<Good> {};
INSTANTIATE_TEST_SUITE_P(
    All, GoodFits,
    testing::Values(Good{"naive_1", Method::naive, 0.1, 1}, Good{"naive_2", Method::naive, 0.1, 2},
                    Good{"marginal_1", Method::marginal, 1, 1}, Good{"marginal_2", Method::marginal, 1, 2},
                    Good{"marginal_3", Method::marginal, 3, 3}, Good{"joint_1", Method::joint, 1, 1},
                    Good{"joint_2", Method::joint, 1, 2}, Good{"joint_3", Method::joint, 0.1, 3}),
    [](const auto& one) { return one.param.name; });

TEST_P(GoodFits, OfTheFoundingCaseGiveNone) {
  const Good& good = GetParam();
  FitOptions o;
  o.seed = good.seed;
  o.threads = 1;
  const auto summary =
      starling::summary(run(founding_model(), toy(good.noise, 1000, 0, 100 + good.seed), good.method, o));
  EXPECT_TRUE(summary.warnings.empty()) << printed(summary.warnings);
  EXPECT_EQ(summary.verdict, "");
}

TEST(Acceptance, IsToldByKindOfMove) {
  const auto chain =
      run(founding_model(), toy(1), Method::marginal, with(options(20, 100, 300), stretch_alone));
  const auto& told = chain.results.attributes.at("move_acceptance");
  ASSERT_TRUE(told.starts_with("stretch 0.")) << told;
  EXPECT_NEAR(std::stod(told.substr(8)), starling::summary(chain).acceptance, 1e-4);
}

TEST(GoodFits, NaiveOnesOfValuesWhoseNoiseNobodyKnowsGiveNone) {
  auto catalog = toy(1);
  catalog.sigma.clear();
  const auto summary =
      starling::summary(run(founding_model(), catalog, Method::naive, options(50, 300, 1000)));
  EXPECT_TRUE(summary.warnings.empty()) << printed(summary.warnings);
}

/// Draws of theta know nothing of the prior: hardly any is accepted, and the moves beside them do what is to
/// be done.
TEST(GoodFits, UnderAPriorThatLeavesLittleOfTheLikelihoodGiveNone) {
  const auto catalog = toy(1);
  FitOptions o;
  o.threads = 1;
  const auto wide = starling::summary(run(founding_model(), catalog, Method::marginal, o));
  const starling::Model narrow(
      "normal", "normal",
      {{"theta_mu", starling::normal(wide.parameters[0].mean, 5e-4)}, {"theta_sigma", uniform(0, 2)}});
  for (const Method method : {Method::naive, Method::marginal, Method::joint}) {
    auto data = catalog;
    if (method == Method::naive) data.sigma.clear();
    const auto chain = run(narrow, data, method, o);
    const auto& told = chain.results.attributes.at("move_acceptance");
    EXPECT_LT(std::stod(told.substr(told.find("draw ") + 5)), 0.02) << told;
    const auto summary = starling::summary(chain);
    EXPECT_TRUE(summary.warnings.empty()) << printed(summary.warnings);
    EXPECT_NEAR(summary.parameters[0].sd, 5e-4, 2e-5);
  }
}

TEST(GoodFits, OfSamplesWithASmallMonteCarloErrorGiveNone) {
  const auto catalog = toy(0.1, 200, 100);
  const auto summary =
      starling::summary(run(samples_model(), catalog, Method::marginal, options(20, 300, 1500)));
  EXPECT_TRUE(summary.warnings.empty()) << printed(summary.warnings);
}

}  // namespace
