// summary() as a table and as JSON; compare() of two chains.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "diagnostics/table.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace {

using starling::Chain;

// Independent draws N(mean_p, sd_p) of each parameter.
Chain chain_of(const std::string& method, const std::vector<std::string>& names,
               const std::vector<double>& means, const std::vector<double>& sds, std::size_t draws = 500) {
  Chain chain;
  chain.header.method = method;
  chain.header.parameters = names;
  chain.header.priors.assign(names.size(), "normal(0, 100)");
  chain.header.ensembles = 2;
  chain.header.walkers = 10;
  chain.header.steps = draws;
  chain.draws = draws;
  chain.results.complete = true;
  std::mt19937_64 engine(3);
  std::normal_distribution<double> z;
  for (std::size_t p = 0; p < names.size(); ++p)
    for (std::size_t i = 0; i < 20 * draws; ++i) chain.theta.push_back(means[p] + sds[p] * z(engine));
  for (std::size_t i = 0; i < 20 * draws; ++i) chain.acceptance.push_back(i / draws == 7 ? 0.1F : 0.5F);
  return chain;
}

template <class Thing>
std::string printed(const Thing& thing) {
  std::ostringstream text;
  text << thing;
  return text.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

TEST(Summary, FiguresAreThoseOfTheDraws) {
  const Chain chain = chain_of("joint", {"theta_mu", "theta_sigma"}, {0.25, 1}, {0.1, 0.02});
  const auto summary = starling::summary(chain);
  ASSERT_EQ(summary.parameters.size(), 2u);
  for (std::size_t p = 0; p < 2; ++p) {
    const starling::Draws draws{chain.values(p), 20, chain.draws};
    const auto& figures = summary.parameters[p];
    long double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 20 * chain.draws; ++i) sum += draws.values[i];
    const auto mean = static_cast<double>(sum / (20 * chain.draws));
    for (std::size_t i = 0; i < 20 * chain.draws; ++i) squares += std::pow(draws.values[i] - mean, 2);
    EXPECT_NEAR(figures.mean, mean, 1e-14);
    EXPECT_NEAR(figures.sd, static_cast<double>(std::sqrt(squares / (20 * chain.draws - 1))), 1e-14);
    EXPECT_EQ(figures.eti89_lb, starling::quantile(draws, 0.055));
    EXPECT_EQ(figures.eti89_ub, starling::quantile(draws, 0.945));
    EXPECT_EQ(figures.ess_bulk, starling::ess_bulk(draws));
    EXPECT_EQ(figures.ess_tail, starling::ess_tail(draws));
    EXPECT_EQ(figures.r_hat, starling::r_hat(draws));
    EXPECT_EQ(figures.mcse_mean, starling::mcse_mean(draws));
    EXPECT_EQ(figures.mcse_sd, starling::mcse_sd(draws));
    EXPECT_EQ(figures.tau, starling::autocorrelation_time(draws));
  }
  EXPECT_NEAR(summary.acceptance, (19 * 0.5 + 0.1) / 20, 1e-7);
  EXPECT_NEAR(summary.lowest_acceptance, 0.1, 1e-7);
}

TEST(Summary, JsonHasTheDocumentedKeysAndNullForNotANumber) {
  Chain chain = chain_of("naive", {"theta_mu", "beta", "theta_sigma"}, {0, 2, 1}, {0.1, 0, 0.1});
  chain.header.priors[1] = "fixed(2)";
  const auto summary = starling::summary(chain);
  const auto json = nlohmann::json::parse(starling::to_json(summary));
  EXPECT_EQ(json.size(), 6u);
  EXPECT_TRUE(json.at("notes").empty());
  EXPECT_EQ(json.at("method"), "naive");
  EXPECT_EQ(json.at("verdict"), "");
  EXPECT_TRUE(json.at("warnings").is_array());
  EXPECT_TRUE(json.at("warnings").empty()) << json.at("warnings");
  EXPECT_EQ(json.at("acceptance").get<double>(), summary.acceptance);
  ASSERT_EQ(json.at("parameters").size(), 2u);
  const auto& sigma = json.at("parameters").at("theta_sigma");
  const auto& figures = summary.parameters[1];
  EXPECT_EQ(sigma.size(), 10u);
  const std::vector<std::pair<const char*, double>> expected{
      {"mean", figures.mean},         {"sd", figures.sd},
      {"eti89_lb", figures.eti89_lb}, {"eti89_ub", figures.eti89_ub},
      {"ess_bulk", figures.ess_bulk}, {"ess_tail", figures.ess_tail},
      {"r_hat", figures.r_hat},       {"mcse_mean", figures.mcse_mean},
      {"mcse_sd", figures.mcse_sd},   {"tau", figures.tau}};
  for (const auto& [key, value] : expected) EXPECT_EQ(sigma.at(key).get<double>(), value) << key;

  const auto few = nlohmann::json::parse(
      starling::to_json(starling::summary(chain_of("joint", {"theta_mu"}, {0}, {1}, 2))));
  EXPECT_TRUE(few.at("parameters").at("theta_mu").at("r_hat").is_null());
  EXPECT_FALSE(few.at("parameters").at("theta_mu").at("mean").is_null());
  EXPECT_EQ(few.at("warnings").size(), 1u);
}

TEST(Summary, TableIsAlignedAndRoundedByTheMonteCarloError) {
  starling::Summary summary;
  summary.method = "joint";
  summary.parameters = {{"theta_mu", 0.0123456, 0.0511111, -0.071111, 0.091111, 12345.6, 23456.7, 1.00123,
                         0.00123, 0.00081, 2.34},
                        {"theta_sigma", 1.5, 0.5, 0.9, 2.1, 88, 77, 1.2, 0.051, 0.031, 45.6},
                        {"noise_scale", 1, 0, 1, 1, std::nan(""), std::nan(""), std::nan(""), std::nan(""),
                         std::nan(""), std::nan("")}};
  summary.acceptance = 0.4;
  summary.lowest_acceptance = 0.3;
  summary.warnings = {"Look out."};
  const auto text = lines(printed(summary));
  ASSERT_EQ(text.size(), 7u) << printed(summary);
  EXPECT_EQ(text[0], "joint fit");
  for (std::size_t i = 2; i <= 4; ++i) EXPECT_EQ(text[i].size(), text[1].size()) << printed(summary);
  EXPECT_NE(text[2].find(" 0.0123 "), std::string::npos) << text[2];
  EXPECT_NE(text[2].find(" 0.05111 "), std::string::npos) << text[2];
  EXPECT_NE(text[2].find(" 12346 "), std::string::npos) << text[2];
  EXPECT_NE(text[2].find(" 1.0012 "), std::string::npos) << text[2];
  EXPECT_NE(text[3].find(" 1.500 "), std::string::npos) << text[3];
  EXPECT_TRUE(text[4].ends_with("  -")) << text[4];
  EXPECT_EQ(text[5], "acceptance 0.400, lowest of any walker 0.300");
  EXPECT_EQ(text[6], "warning: Look out.");
}

TEST(Summary, NumbersAreRoundedToTwoDigitsOfTheirError) {
  using starling::diagnostics::rounded;
  EXPECT_EQ(rounded(1.23456789, 0.01), "1.235");
  EXPECT_EQ(rounded(1.23456789, 0.0099), "1.2346");
  EXPECT_EQ(rounded(123456.7, 30), "123457");
  EXPECT_EQ(rounded(-2, 1e-30), "-2");
  EXPECT_EQ(rounded(0.5, 0), "0.5");
  EXPECT_EQ(rounded(0.5, std::nan("")), "0.5");
  EXPECT_EQ(rounded(std::nan(""), 0.1), "-");
}

TEST(Summary, SizesThatDoNotFitAreAnError) {
  Chain chain = chain_of("joint", {"theta_mu"}, {0}, {1});
  chain.theta.pop_back();
  EXPECT_THROW((void)starling::summary(chain), starling::InputError);
}

const Chain naive = chain_of("naive", {"theta_mu", "theta_sigma"}, {0.02, 1.42}, {0.04, 0.03});
const Chain joint = chain_of("joint", {"theta_sigma", "theta_mu"}, {1, 0.01}, {0.05, 0.05});

TEST(Compare, BiasIsInPosteriorSdsOfTheHierarchicalFit) {
  const auto comparison = starling::compare(naive, joint, {{"theta_sigma", 1.0}});
  EXPECT_EQ(comparison.naive_label, "naive");
  EXPECT_EQ(comparison.hierarchical_label, "joint");
  EXPECT_TRUE(comparison.notes.empty());
  ASSERT_EQ(comparison.parameters.size(), 2u);
  const auto& sigma = comparison.parameters[1];
  EXPECT_EQ(sigma.name, "theta_sigma");  // in the naive fit's order, found by name in the other
  // 10000 independent draws: means to 6 standard errors of sd / 100.
  EXPECT_NEAR(sigma.naive_mean, 1.42, 6 * 0.03 / 100);
  EXPECT_NEAR(sigma.hierarchical_mean, 1, 6 * 0.05 / 100);
  EXPECT_NEAR(sigma.naive_sd, 0.03, 6 * 0.03 / 141);
  EXPECT_DOUBLE_EQ(sigma.bias_in_sd, (sigma.naive_mean - sigma.hierarchical_mean) / sigma.hierarchical_sd);
  EXPECT_NEAR(sigma.bias_in_sd, 8.4, 0.5);
  EXPECT_EQ(sigma.truth, 1.0);
  EXPECT_TRUE(std::isnan(comparison.parameters[0].truth));
}

TEST(Compare, TheOrderOfTheChainsDoesNotMatter) {
  EXPECT_EQ(starling::to_json(starling::compare(naive, joint)),
            starling::to_json(starling::compare(joint, naive)));
}

TEST(Compare, JsonHasTheDocumentedKeys) {
  const auto comparison = starling::compare(naive, joint, {{"theta_mu", 0.0}});
  const auto json = nlohmann::json::parse(starling::to_json(comparison));
  EXPECT_EQ(json.size(), 1u);
  const auto& mu = json.at("parameters").at("theta_mu");
  EXPECT_EQ(mu.size(), 4u);
  EXPECT_EQ(mu.at("naive").at("mean").get<double>(), comparison.parameters[0].naive_mean);
  EXPECT_EQ(mu.at("naive").at("sd").get<double>(), comparison.parameters[0].naive_sd);
  EXPECT_EQ(mu.at("hierarchical").at("mean").get<double>(), comparison.parameters[0].hierarchical_mean);
  EXPECT_EQ(mu.at("hierarchical").at("sd").get<double>(), comparison.parameters[0].hierarchical_sd);
  EXPECT_EQ(mu.at("bias_in_sd").get<double>(), comparison.parameters[0].bias_in_sd);
  EXPECT_EQ(mu.at("truth").get<double>(), 0.0);
  EXPECT_TRUE(json.at("parameters").at("theta_sigma").at("truth").is_null());
}

TEST(Compare, ParametersOfOneChainOnlyAreNoted) {
  const Chain more = chain_of("joint", {"theta_mu", "noise_scale"}, {0, 1}, {1, 0.1});
  const auto comparison = starling::compare(naive, more);
  ASSERT_EQ(comparison.parameters.size(), 1u);
  ASSERT_EQ(comparison.notes.size(), 2u);
  EXPECT_NE(comparison.notes[0].find("theta_sigma is sampled by the naive fit only"), std::string::npos);
  EXPECT_NE(comparison.notes[1].find("noise_scale is sampled by the joint fit only"), std::string::npos);
  EXPECT_NE(printed(comparison).find("note: noise_scale"), std::string::npos);
}

TEST(Compare, NothingInCommonOrAnUnknownTruthIsAnError) {
  const Chain other = chain_of("joint", {"alpha"}, {0}, {1});
  EXPECT_THROW((void)starling::compare(naive, other), starling::InputError);
  try {
    (void)starling::compare(naive, joint, {{"theta_sigm", 1.0}});
    FAIL();
  } catch (const starling::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("'theta_sigm' (did you mean 'theta_sigma'?)"), std::string::npos)
        << error.what();
  }
}

TEST(Compare, TwoHierarchicalFitsAreComparedWithANote) {
  Chain exact = joint;
  exact.header.method = "marginal";
  exact.header.integral = "exact";
  const auto comparison = starling::compare(exact, joint);
  EXPECT_EQ(comparison.naive_label, "marginal (exact)");
  EXPECT_EQ(comparison.notes.size(), 1u);
}

TEST(Compare, TableShowsTheTruthWhereItIsKnown) {
  const auto with = lines(printed(starling::compare(naive, joint, {{"theta_sigma", 1.0}})));
  EXPECT_TRUE(with[0].ends_with("truth")) << with[0];
  EXPECT_TRUE(with[1].ends_with("-")) << with[1];
  EXPECT_TRUE(with[2].ends_with(" 1")) << with[2];
  EXPECT_EQ(with[1].size(), with[0].size());
  EXPECT_TRUE(lines(printed(starling::compare(naive, joint)))[0].ends_with("bias in sd"));
}

}  // namespace
