// Simulation-based calibration: each fit is calibrated, and what is wrong is found out.
#include "starling/calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "fit_support.hpp"

namespace {

using starling::calibrate;
using starling::Calibration;
using starling::CalibrationOptions;
using starling::Method;
using starling::Model;
using starling::test_ranks;
using starling::uniform;

// ---- the test of uniformity

std::vector<std::size_t> uniform_ranks(std::size_t n, std::size_t draws, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::size_t> ranks(n);
  for (auto& r : ranks) r = std::uniform_int_distribution<std::size_t>(0, draws)(engine);
  return ranks;
}

// The p-value of the ECDF test is exact: over 4000 samples p <= a has the frequency a, or less where the
// counts are too coarse. 6 standard errors: a false alarm in 1e-9 each.
TEST(RankTest, FailsAsOftenAsItSays) {
  constexpr std::size_t samples = 4000, n = 60, draws = 19;
  std::vector<double> p;
  for (std::size_t s = 0; s < samples; ++s) p.push_back(test_ranks(uniform_ranks(n, draws, s), draws).ecdf_p);
  for (const double a : {0.5, 0.1, 0.01}) {
    const auto share =
        static_cast<double>(std::count_if(p.begin(), p.end(), [a](double x) { return x <= a; })) /
        static_cast<double>(samples);
    const double error = std::sqrt(a * (1 - a) / static_cast<double>(samples));
    EXPECT_LT(share, a + 6 * error) << a;
    EXPECT_GT(share, 0.8 * a - 6 * error) << a;
  }
}

// The coverage of the band, by simulation: 1 - 0.05 and not much more.
TEST(RankTest, TheBandHoldsAllOfTheCurveWithTheChanceThatIsAskedFor) {
  constexpr std::size_t samples = 4000, n = 100, draws = 29;
  const auto band = starling::ecdf_band(n, draws, 0.05);
  ASSERT_EQ(band.at.size(), draws);
  std::size_t outside = 0;
  for (std::size_t s = 0; s < samples; ++s) {
    const auto ranks = uniform_ranks(n, draws, 10'000 + s);
    bool out = false;
    for (std::size_t i = 0; i < draws; ++i) {
      const auto below = std::count_if(ranks.begin(), ranks.end(), [i](std::size_t r) { return r <= i; });
      const double share = static_cast<double>(below) / static_cast<double>(n);
      out = out || share < band.lower[i] - 1e-12 || share > band.upper[i] + 1e-12;
    }
    outside += out ? 1 : 0;
  }
  const double share = static_cast<double>(outside) / static_cast<double>(samples);
  const double error = std::sqrt(0.05 * 0.95 / static_cast<double>(samples));
  EXPECT_LT(share, 0.05 + 6 * error);
  EXPECT_GT(share, 0.035 - 6 * error);
}

TEST(RankTest, SeesWhatIsNotUniform) {
  std::mt19937_64 engine(3);
  std::normal_distribution<double> z;
  const auto ranks = [&](double shift, double width) {
    std::vector<std::size_t> r;
    for (int i = 0; i < 300; ++i)
      r.push_back(
          static_cast<std::size_t>(100 * 0.5 * std::erfc(-(shift + width * z(engine)) / std::sqrt(2.0))));
    for (auto& x : r) x = std::min<std::size_t>(x, 99);
    return r;
  };
  EXPECT_GT(test_ranks(ranks(0, 1), 99).ecdf_p, 1e-4);
  EXPECT_LT(test_ranks(ranks(0.5, 1), 99).ecdf_p, 1e-8);
  EXPECT_LT(test_ranks(ranks(0, 1.5), 99).ecdf_p, 1e-4);
  EXPECT_LT(test_ranks(ranks(0, 0.6), 99).ecdf_p, 1e-4);
  EXPECT_LT(test_ranks(ranks(0.5, 1), 99).chi_square_p, 1e-8);
}

// ---- fits. The seeds are fixed; a fit without fault would fail with a chance of 1e-6 for another seed.

Model model_of(const std::string& measurement) {
  starling::Priors priors{{"theta_mu", uniform(-2, 2)}, {"theta_sigma", uniform(0.3, 2)}};
  if (measurement == "normal_unknown_noise") priors.emplace_back("noise_scale", uniform(0.5, 1.5));
  return {"normal", measurement, priors};
}

CalibrationOptions small() {
  CalibrationOptions o;
  o.replicates = 150;
  o.objects = 30;
  o.false_alarm = 1e-6;
  o.threads = 1;
  o.fit.ensembles = 1;
  o.fit.walkers = 20;
  o.fit.burn_in = 100;
  o.fit.steps = 150;
  o.fit.device = "cpu";
  return o;
}

std::string text_of(const Calibration& calibration) {
  std::ostringstream out;
  out << calibration;
  return out.str();
}

void expect_calibrated(const Calibration& calibration) {
  EXPECT_TRUE(calibration.passed()) << text_of(calibration);
  EXPECT_LE(calibration.short_fits, calibration.replicates / 20) << text_of(calibration);
}

TEST(Calibration, OfTheNaiveFitOfPointsWithoutNoise) {
  auto o = small();
  o.sigma = 0;
  expect_calibrated(calibrate(model_of("normal"), Method::naive, o));
}

TEST(Calibration, OfTheMarginalFit) {
  expect_calibrated(calibrate(model_of("normal"), Method::marginal, small()));
}

// Three dimensions and wide steps, many catalogs of few objects: here a stretch move without its Jacobian, or
// with a wrong density of z, gives ranks of the log-likelihood that are far from uniform.
TEST(Calibration, OfTheMarginalFitByTheStretchMoveAlone) {
  auto o = small();
  o.replicates = 900;
  o.objects = 5;
  o.latents = 0;
  o.fit.moves = {1, 0, 0};
  o.fit.stretch_scale = 5;
  o.fit.walkers = 30;
  o.fit.steps = 200;
  expect_calibrated(calibrate(model_of("normal_unknown_noise"), Method::marginal, o));
}

TEST(Calibration, OfTheJointFit) {
  auto o = small();
  o.fit.moves_per_step = 5;
  const auto result = calibrate(model_of("normal"), Method::joint, o);
  expect_calibrated(result);
  ASSERT_EQ(result.quantities.size(), 6u);  // two hyperparameters, three latents, the log-likelihood
  EXPECT_EQ(result.quantities[3].name, "latent 10");
}

TEST(Calibration, OfTheJointFitByMetropolisUpdates) {
  auto o = small();
  o.replicates = 100;
  o.fit.latents = "metropolis";
  o.fit.moves_per_step = 5;
  expect_calibrated(calibrate(model_of("normal"), Method::joint, o));
}

TEST(Calibration, OfTheJointFitWithUnknownNoise) {
  auto o = small();
  o.replicates = 100;
  o.fit.steps = 200;
  expect_calibrated(calibrate(model_of("normal_unknown_noise"), Method::joint, o));
}

TEST(Calibration, OfTheSamplesFitWithASmallMonteCarloError) {
  auto o = small();
  o.replicates = 100;
  o.sigma = 0.1;
  o.samples = 50;
  o.objects = 20;
  o.fit.moves_per_step = 2;
  expect_calibrated(calibrate(model_of("samples"), Method::marginal, o));
}

// ---- what is wrong is found out

TEST(Miscalibration, OfANaiveFitOfNoisyPoints) {
  const auto result = calibrate(model_of("normal"), Method::naive, small());
  EXPECT_FALSE(result.passed()) << text_of(result);
  EXPECT_EQ(result.quantities[1].finding, "the draws lie too high") << text_of(result);
}

TEST(Miscalibration, OfNoiseThatTheSimulatorSquares) {
  auto o = small();
  o.replicates = 60;
  o.fit.moves_per_step = 5;
  const double sigma = 1.5;
  o.sigma = sigma;
  o.simulator = [&](const std::vector<double>& theta, std::uint64_t seed) {
    auto made = starling::simulate("normal", theta, o.objects, {sigma * sigma}, 0, seed);
    made.catalog.sigma = {sigma};
    return made;
  };
  for (const auto method : {Method::marginal, Method::joint}) {
    const auto result = calibrate(model_of("normal"), method, o);
    EXPECT_FALSE(result.passed()) << text_of(result);
    EXPECT_NE(text_of(result).find("NOT CALIBRATED"), std::string::npos);
  }
}

TEST(Miscalibration, OfSamplesThatAreTooFew) {
  auto o = small();
  o.sigma = 1;
  o.replicates = 60;
  o.samples = 5;
  o.objects = 100;
  o.fit.moves_per_step = 2;
  EXPECT_FALSE(calibrate(model_of("samples"), Method::marginal, o).passed());
}

TEST(Calibration, IsAFunctionOfItsSeed) {
  auto o = small();
  o.replicates = 12;
  const auto once = calibrate(model_of("normal"), Method::joint, o);
  o.threads = 3;
  const auto again = calibrate(model_of("normal"), Method::joint, o);
  EXPECT_EQ(starling::to_json(once), starling::to_json(again));
  o.seed = 2;
  EXPECT_NE(starling::to_json(once), starling::to_json(calibrate(model_of("normal"), Method::joint, o)));
}

TEST(Calibration, JsonHasTheDocumentedKeysAndShortFitsAreSaid) {
  auto o = small();
  o.replicates = 10;
  o.fit.steps = 5;
  o.fit.moves_per_step = 1;
  const auto result = calibrate(model_of("normal"), Method::marginal, o);
  EXPECT_GT(result.short_fits, 5u);
  EXPECT_NE(text_of(result).find("independent draws"), std::string::npos);
  const auto json = nlohmann::json::parse(starling::to_json(result));
  for (const char* key : {"passed", "method", "population", "measurement", "priors", "replicates", "objects",
                          "sigma", "draws", "false_alarm", "short_fits", "quantities", "band"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json.at("quantities").at("theta_mu").at("ranks").size(), 10u);
  EXPECT_EQ(json.at("band").at("upper").size(), 99u);
}

TEST(Calibration, RefusesWhatItCannotDo) {
  auto o = small();
  o.sigma = 0;
  EXPECT_THROW((void)calibrate(model_of("normal"), Method::marginal, o), starling::InputError);
  o = small();
  o.replicates = 3;
  EXPECT_THROW((void)calibrate(model_of("normal"), Method::marginal, o), starling::InputError);
  o = small();
  o.draws = 0;
  EXPECT_THROW((void)calibrate(model_of("normal"), Method::marginal, o), starling::InputError);
}

}  // namespace
