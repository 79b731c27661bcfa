// Joint and marginal fits draw from the posterior: means and standard deviations of every parameter and of
// five latents agree with numerical integration.
//
// A figure may be 6 Monte Carlo standard errors off (false alarm 2e-9 each; there are about 800), in the
// founding case 4, as is asked of it; the seeds are fixed.
#include "fit_support.hpp"

namespace fit_test {
namespace {

using grid::Axis;
using starling::fixed;
using starling::half_cauchy;
using starling::normal;
using starling::uniform;

Axis flat(double lower, double upper) {
  return {lower, upper};
}

FitOptions joint_options(std::size_t burn_in = 200, std::size_t steps = 600, std::size_t walkers = 24) {
  FitOptions o;
  o.ensembles = 4;
  o.walkers = walkers;
  o.burn_in = burn_in;
  o.steps = steps;
  o.seed = 5;
  o.device = "cpu";
  o.threads = 1;
  return o;
}
FitOptions marginal_options() {
  return joint_options(100, 500);
}

/// Fits a catalog in both ways and compares both with the same integral.
void compare(const Model& model, const Catalog& catalog, const std::vector<Axis>& axes,
             const FitOptions& joint = joint_options(), double limit = 6) {
  const auto objects = five_objects(catalog);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), axes, objects);
  {
    SCOPED_TRACE("marginal");
    FitOptions o = joint;
    o.steps = std::min<std::size_t>(o.steps, 500);
    expect_agreement(fit_marginal(model, catalog, o), catalog, exact, objects, limit);
  }
  {
    SCOPED_TRACE("joint");
    expect_agreement(fit_joint(model, catalog, joint), catalog, exact, objects, limit);
  }
}

const Model kFounding = normal_model(uniform(-5, 5), uniform(0, 2));
const std::vector<Axis> kFoundingAxes{flat(-5, 5), flat(0, 2)};

// ---- the oracle itself

TEST(Grid, EqualsTheClosedFormOfThePosteriorWithoutNoise) {
  const auto catalog = made(30, 0.3, 1.2, {1});
  const auto got = grid::posterior(catalog.x, std::vector<double>(30, 0.0), {flat(-50, 50), flat(0, 50)});
  // p(m, s) ~ s^-n exp(-[S + n (m - mean)^2] / (2 s^2)): S / s^2 is chi-squared with n - 2 degrees of freedom
  double mean = 0, sum = 0;
  for (const double x : catalog.x) mean += x / 30;
  for (const double x : catalog.x) sum += (x - mean) * (x - mean);
  const double expected_s = std::sqrt(sum / 2) * std::exp(std::lgamma(13.5) - std::lgamma(14.0));
  EXPECT_NEAR(got.theta[0].mean, mean, 1e-9);
  EXPECT_NEAR(got.theta[0].sd, std::sqrt(sum / (30 * 26.0)), 1e-8);
  EXPECT_NEAR(got.theta[1].mean, expected_s, 1e-8);
  EXPECT_NEAR(got.theta[1].sd, std::sqrt(sum / 26 - expected_s * expected_s), 1e-8);
}

TEST(Grid, EqualsTheClosedFormOfALatentWhereTheWidthIsKnown) {
  const std::vector<double> x{2.0, -1.0}, noise{0.5, 3.0};
  const auto got = grid::posterior(x, noise, {{0.5, 0.5}, {1, 1}}, {0, 1});
  EXPECT_NEAR(got.latents[0].mean, (2.0 * 4 + 0.5) / 5, 1e-6);
  EXPECT_NEAR(got.latents[0].sd, std::sqrt(1 / 5.0), 1e-6);
  EXPECT_NEAR(got.latents[1].mean, (-1.0 / 9 + 0.5) / (1 + 1.0 / 9), 1e-6);
}

// ---- the founding case

class FoundingCase : public testing::Test {
 protected:
  static const starling::Simulation& data() {
    static const auto simulation = starling::simulate("normal", {0, 1}, 1000, {1}, 100, 1);
    return simulation;
  }
};

TEST_F(FoundingCase, JointAndMarginalAgreeWithTheIntegral) {
  auto catalog = data().catalog;
  catalog.samples.clear();
  catalog.offsets.clear();
  const auto objects = five_objects(catalog);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), kFoundingAxes, objects);
  FitOptions o = joint_options(200, 600, 32);
  o.seed = 1;
  for (const bool joint : {false, true}) {
    SCOPED_TRACE(joint ? "joint" : "marginal");
    const Chain chain = joint ? fit_joint(kFounding, catalog, o) : fit_marginal(kFounding, catalog, o);
    expect_agreement(chain, catalog, exact, objects, 4);
    const auto summary = starling::summary(chain);
    for (const auto& p : summary.parameters) EXPECT_LT(p.r_hat, 1.01) << p.name;
  }
}

TEST_F(FoundingCase, TheNaiveFitTakesNoiseForWidth) {
  FitOptions o = joint_options(50, 450);
  o.seed = 1;
  const auto summary = starling::summary(fit_naive(kFounding, data().catalog, o));
  EXPECT_NEAR(summary.parameters[1].mean, 1.42, 0.03);
  EXPECT_NEAR(summary.parameters[0].mean, 0, 0.2);
}

TEST_F(FoundingCase, TheSamplesFitShowsItsErrorAndItsBias) {
  const auto& catalog = data().catalog;
  const Model model("normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 2)}});
  FitOptions o = joint_options(120, 200, 8);
  o.seed = 1;
  const Chain chain = fit_marginal(model, catalog, o);
  const auto summary = starling::summary(chain);
  EXPECT_GT(chain.results.monte_carlo.variance, 6);
  EXPECT_LT(chain.results.monte_carlo.variance, 14);
  ASSERT_EQ(chain.results.monte_carlo.worst.size(), 10u);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), kFoundingAxes);
  EXPECT_GT(summary.parameters[1].mean, exact.theta[1].mean);
  EXPECT_LT(summary.parameters[1].mean, exact.theta[1].mean + 3 * exact.theta[1].sd);
  const bool warned = std::any_of(summary.warnings.begin(), summary.warnings.end(), [](const auto& w) {
    return w.find("V = ") != std::string::npos || w.find("variance") != std::string::npos;
  });
  EXPECT_TRUE(warned) << testing::PrintToString(summary.warnings);
}

// ---- widths, noises, sizes, units

TEST(FitPosterior, SmallNoise) {
  compare(kFounding, made(200, 0, 1, {0.1}, 11), kFoundingAxes);
}
TEST(FitPosterior, LargeNoise) {
  compare(normal_model(uniform(-5, 5), uniform(0, 4)), made(200, 0, 1, {3}, 12), {flat(-5, 5), flat(0, 4)},
          joint_options(400, 2000));
}
TEST(FitPosterior, LogNormalNoise) {
  compare(kFounding, made(200, 0, 1, log_normal_noise(200, 1, 0.8), 13), kFoundingAxes);
}
TEST(FitPosterior, AWidthThatTheNoiseHides) {
  compare(kFounding, made(200, 0, 0.05, {1}, 14), kFoundingAxes, joint_options(500, 2500));
}
TEST(FitPosterior, NoiseOverFourDecades) {
  compare(kFounding, made(60, 1.4, 0.2, decades_of_noise(60, 0.0002, 0.7), 15), kFoundingAxes);
}
TEST(FitPosterior, OneObject) {
  // nothing is learnt of the width but that it is not much larger than |x|
  compare(kFounding, made(1, 0.5, 1, {0.5}, 16), kFoundingAxes, joint_options(500, 2500));
}
TEST(FitPosterior, AnObjectThatSaysNothing) {
  auto catalog = made(50, 0, 1, std::vector<double>(50, 1.0), 30);
  catalog.sigma[3] = 1e25;  // the catalogs' way to say that there is no measurement
  compare(kFounding, catalog, kFoundingAxes);
  // nor may it decide where walkers start: this prior lets them go anywhere
  catalog.sigma[3] = 1e6;
  compare(normal_model(uniform(-1e7, 1e7), half_cauchy(5)), catalog,
          {flat(-100, 100), {0, 100, [](double t) { return -std::log(1 + t * t / 25); }}});
}
TEST(FitPosterior, TenObjects) {
  compare(kFounding, made(10, 0, 1, {1}, 17), kFoundingAxes, joint_options(300, 1500));
}
TEST(FitPosterior, AHundredThousandObjects) {
  FitOptions o = joint_options(30, 60, 16);
  o.ensembles = 2;
  compare(kFounding, made(100'000, 0, 1, {1}, 18), kFoundingAxes, o);
}
TEST(FitPosterior, ACatalogFarFromZero) {
  compare(normal_model(uniform(999'999, 1'000'001), uniform(0, 0.01)), made(200, 1e6, 1e-3, {1e-3}, 19),
          {flat(999'999, 1'000'001), flat(0, 0.01)});
}
TEST(FitPosterior, HugeUnits) {
  compare(normal_model(uniform(-1e20, 1e20), uniform(0, 1e20)), made(100, 3e19, 1e19, {1e19}, 20),
          {flat(-1e20, 1e20), flat(0, 1e20)});
}
TEST(FitPosterior, TinyUnits) {
  compare(normal_model(uniform(-1e-20, 1e-20), uniform(0, 1e-20)), made(100, 3e-21, 1e-21, {1e-21}, 21),
          {flat(-1e-20, 1e-20), flat(0, 1e-20)});
}

// ---- priors and hyperparameters

TEST(FitPosterior, UnknownNoise) {
  // three hyperparameters on a ridge: the data say only what theta_sigma^2 + noise_scale^2 is
  auto catalog = made(300, 0, 1, {1}, 22);
  catalog.sigma.clear();
  compare(unknown_noise_model(uniform(-5, 5), uniform(0, 2), uniform(0.5, 1.5)), catalog,
          {flat(-5, 5), flat(0, 2), flat(0.5, 1.5)}, joint_options(300, 1000));
}
TEST(FitPosterior, UnknownScaleOfUnequalNoise) {
  compare(unknown_noise_model(uniform(-5, 5), uniform(0, 3), starling::log_normal(0, 0.5)),
          made(150, 0, 1, log_normal_noise(150, 1, 1), 23),
          {flat(-5, 5), flat(0, 3), {0.05, 8, [](double a) {
                                       const double z = std::log(a) / 0.5;
                                       return -0.5 * z * z - std::log(a);
                                     }}});
}
TEST(FitPosterior, InformativePriors) {
  compare(normal_model(normal(1, 0.2), starling::gamma(2, 0.2)), made(20, 0, 1, {1}, 24),
          {{-1, 3, [](double m) { return -0.5 * (m - 1) * (m - 1) / 0.04; }},
           {0, 6, [](double s) { return std::log(s) - s / 0.2; }}},
          joint_options(300, 1500));
}
TEST(FitPosterior, AFixedParameter) {
  const auto catalog = made(100, 0, 1, {1}, 25);
  const Model model = normal_model(fixed(0.25), uniform(0, 2));
  const auto objects = five_objects(catalog);
  auto exact = grid::posterior(catalog.x, noise_of(catalog), {{0.25, 0.25}, flat(0, 2)}, objects);
  exact.theta.erase(exact.theta.begin());
  expect_agreement(fit_marginal(model, catalog, marginal_options()), catalog, exact, objects, 6);
  const Chain chain = fit_joint(model, catalog, joint_options(300, 1200));
  expect_agreement(chain, catalog, exact, objects, 6);
  for (std::size_t i = 0; i < chain.header.chains() * chain.draws; ++i) ASSERT_EQ(chain.values(0)[i], 0.25);
}

// ---- other ways to the same posterior

TEST(FitPosterior, MetropolisLatents) {
  const auto catalog = made(150, 0, 1, log_normal_noise(150, 0.8, 0.7), 26);
  const auto objects = five_objects(catalog);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), kFoundingAxes, objects);
  FitOptions o = joint_options(400, 2000);
  o.latents = "metropolis";
  expect_agreement(fit_joint(kFounding, catalog, o), catalog, exact, objects, 6);
}
TEST(FitPosterior, MetropolisLatentsWithUnknownNoise) {
  const auto catalog = made(100, 0, 1, log_normal_noise(100, 1, 1), 27);
  const auto objects = five_objects(catalog);
  const auto exact =
      grid::posterior(catalog.x, noise_of(catalog), {flat(-5, 5), flat(0, 3), flat(0.5, 1.5)}, objects);
  FitOptions o = joint_options(500, 3000);
  o.latents = "metropolis";
  expect_agreement(
      fit_joint(unknown_noise_model(uniform(-5, 5), uniform(0, 3), uniform(0.5, 1.5)), catalog, o), catalog,
      exact, objects, 6);
}
TEST(FitPosterior, WithoutInterweaving) {
  const auto catalog = made(100, 0, 1, {0.7}, 28);
  const auto objects = five_objects(catalog);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), kFoundingAxes, objects);
  FitOptions o = joint_options(400, 2000);
  o.interweaving = false;
  expect_agreement(fit_joint(kFounding, catalog, o), catalog, exact, objects, 6);
}
TEST(FitPosterior, TheReferenceBackend) {
  const auto catalog = made(30, 0, 1, {1}, 29);
  FitOptions o = joint_options(200, 800, 12);
  o.device = "reference";
  compare(kFounding, catalog, kFoundingAxes, o);
}

// ---- real data

TEST(FitPosterior, TheEightSchools) {
  const auto catalog =
      starling::read_csv(std::string(STARLING_TEST_DATA) + "/eight_schools.csv", {.x = "effect"});
  const Model model = normal_model(normal(0, 5), half_cauchy(5));
  compare(model, catalog,
          {{-60, 60, [](double m) { return -0.5 * m * m / 25; }},
           {0, 400, [](double t) { return -std::log(1 + t * t / 25); }}},
          joint_options(500, 3000));
}

TEST(FitPosterior, TheEightSchoolsAsOthersHaveThem) {
  // posteriordb (stan-dev/posteriordb, eight_schools_noncentered, 10,000 reference draws, at commit 28f8d3d,
  // BSD-3): mean, sd and error of the mean
  struct Reference {
    double mean, sd, error;
  };
  const Reference mu{4.41052, 3.30930, 0.03309}, tau{3.60206, 3.19848, 0.03198};
  const Reference schools[] = {{6.15050, 5.61586, 0.05616}, {4.93958, 4.64558, 0.04646},
                               {3.90591, 5.28071, 0.05281}, {4.79602, 4.77094, 0.04771},
                               {3.61444, 4.61472, 0.04615}, {4.05115, 4.79625, 0.04796},
                               {6.31717, 5.00286, 0.05003}, {4.88400, 5.31769, 0.05318}};
  const auto catalog =
      starling::read_csv(std::string(STARLING_TEST_DATA) + "/eight_schools.csv", {.x = "effect"});
  const auto exact = grid::posterior(catalog.x, catalog.sigma,
                                     {{-60, 60, [](double m) { return -0.5 * m * m / 25; }},
                                      {0, 400, [](double t) { return -std::log(1 + t * t / 25); }}},
                                     {0, 1, 2, 3, 4, 5, 6, 7});
  // the reference draws are Monte Carlo, too: 6 of their errors, and 6 % of an sd (10,000 draws with heavy
  // tails)
  const auto expect = [](const grid::Moments& got, const Reference& r) {
    EXPECT_NEAR(got.mean, r.mean, 6 * r.error);
    EXPECT_NEAR(got.sd, r.sd, 0.06 * r.sd);
  };
  expect(exact.theta[0], mu);
  expect(exact.theta[1], tau);
  for (std::size_t i = 0; i < 8; ++i) expect(exact.latents[i], schools[i]);
}

}  // namespace
}  // namespace fit_test
