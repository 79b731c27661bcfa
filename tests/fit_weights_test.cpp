// Weights and naive fits: an object of weight 3 counts as three objects, and the naive fit has the posterior
// of its points without noise.
#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::Method;
using starling::uniform;

const Model kModel = normal_model(uniform(-5, 5), uniform(0, 4));
const std::vector<grid::Axis> kAxes{{-5, 5}, {0, 4}};

FitOptions options() {
  FitOptions o;
  o.ensembles = 4;
  o.walkers = 24;
  o.burn_in = 100;
  o.steps = 600;
  o.seed = 9;
  o.device = "cpu";
  o.threads = 1;
  return o;
}

/// Objects with weights 0, 1, 2, 3, and the same with each written down that many times.
std::pair<Catalog, Catalog> weighted_and_repeated(bool samples) {
  Catalog weighted = samples ? starling::simulate("normal", {0.2, 1}, 60, {0.7}, 20, 71).catalog
                             : made(60, 0.2, 1, log_normal_noise(60, 0.7, 0.5), 71);
  Catalog repeated;
  if (samples) repeated.offsets.push_back(0);
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    weighted.weight.push_back(static_cast<double>(i % 4));
    for (std::size_t k = 0; k < i % 4; ++k) {
      repeated.x.push_back(weighted.x[i]);
      repeated.sigma.push_back(weighted.sigma_of(i));
      for (std::size_t j = 0; samples && j < 20; ++j)
        repeated.samples.push_back(weighted.samples[20 * i + j]);
      if (samples) repeated.offsets.push_back(repeated.samples.size());
    }
  }
  return {weighted, repeated};
}

TEST(Weights, CountAsThatManyObjectsInTheLikelihood) {
  const Model sampled("normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 4)}});
  for (const bool samples : {false, true}) {
    const auto [weighted, repeated] = weighted_and_repeated(samples);
    for (const char* device : {"cpu", "reference"})
      for (const auto method : {Method::naive, Method::marginal}) {
        FitOptions o = options();
        o.device = device;
        const Model& model = samples ? sampled : kModel;
        const auto at = [&](const Catalog& c, double m, double s) {
          return log_probability(model, c, method, {m, s}, o).log_likelihood;
        };
        for (const auto& [m, s] : {std::pair{0.0, 1.0}, std::pair{1.0, 0.3}, std::pair{-2.0, 3.0}})
          EXPECT_NEAR(at(weighted, m, s), at(repeated, m, s), 1e-6 * std::abs(at(repeated, m, s)))
              << device << ", " << to_string(method) << (samples ? ", samples" : "");
      }
  }
}

TEST(Weights, CountAsThatManyObjectsInTheFits) {
  const auto [weighted, repeated] = weighted_and_repeated(false);
  const auto exact = grid::posterior(repeated.x, repeated.sigma, kAxes);
  expect_agreement(fit_marginal(kModel, weighted, options()), weighted, exact, {}, 6);
  expect_agreement(fit_marginal(kModel, repeated, options()), repeated, exact, {}, 6);
  const auto naive = grid::posterior(repeated.x, std::vector<double>(repeated.size(), 0.0), kAxes);
  expect_agreement(fit_naive(kModel, weighted, options()), weighted, naive, {}, 6);
  expect_agreement(fit_naive(kModel, repeated, options()), repeated, naive, {}, 6);
}

TEST(Weights, OfFractionsGiveThePosteriorOfTheWeightedLikelihood) {
  auto catalog = made(80, 0, 1, {0.8}, 72);
  for (std::size_t i = 0; i < catalog.size(); ++i)
    catalog.weight.push_back(0.1 + 0.03 * static_cast<double>(i));
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), kAxes, {3, 40}, catalog.weight);
  expect_agreement(fit_marginal(kModel, catalog, options()), catalog, exact, {3, 40}, 6);
}

TEST(Weights, HaveNoMeaningInAJointFit) {
  auto catalog = made(20, 0, 1, {1}, 73);
  catalog.weight.assign(20, 1.0);
  EXPECT_THROW(fit_joint(kModel, catalog, options()), starling::InputError);
}

TEST(NaiveFit, HasThePosteriorOfAKnownClosedForm) {
  const std::size_t n = 40;
  const auto catalog = made(n, 0.5, 1, {0.5}, 74);
  double mean = 0, sum = 0;
  for (const double x : catalog.x) mean += x / static_cast<double>(n);
  for (const double x : catalog.x) sum += (x - mean) * (x - mean);
  // p(m, s) ~ s^-n exp(-[S + n (m - mean)^2] / (2 s^2)), flat priors
  const double k = static_cast<double>(n);
  const double s = std::sqrt(sum / 2) * std::exp(std::lgamma((k - 3) / 2) - std::lgamma((k - 2) / 2));
  const grid::Posterior exact{{{mean, std::sqrt(sum / (k * (k - 4)))}, {s, std::sqrt(sum / (k - 4) - s * s)}},
                              {}};
  expect_agreement(fit_naive(normal_model(uniform(-50, 50), uniform(0, 50)), catalog, options()), catalog,
                   exact, {}, 6);
}

TEST(NaiveFit, IgnoresTheNoise) {
  auto catalog = made(40, 0.5, 1, {0.5}, 75);
  const auto a = fit_naive(kModel, catalog, options());
  catalog.sigma = log_normal_noise(40, 3, 1);
  EXPECT_EQ(fit_naive(kModel, catalog, options()).theta, a.theta);
  catalog.sigma.clear();
  EXPECT_EQ(fit_naive(kModel, catalog, options()).theta, a.theta);
}

TEST(MarginalFit, DrawsLatentsOfSamplesInProportionToTheirWeights) {
  // theta held still: the draws of a latent are its samples, with known probabilities
  const auto catalog = starling::simulate("normal", {0, 1}, 5, {1}, 6, 76).catalog;
  const Model model("normal", "samples",
                    {{"theta_mu", starling::fixed(0.3)}, {"theta_sigma", uniform(0.999, 1.001)}});
  FitOptions o = options();
  o.steps = 300;
  const Chain chain = fit_marginal(model, catalog, o);
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> p;
    double total = 0;
    for (std::size_t k = 0; k < 6; ++k) {
      const double z = catalog.samples[6 * i + k] - 0.3;
      p.push_back(std::exp(-0.5 * z * z));
      total += p.back();
    }
    const auto draws = replay_latent(chain, catalog, i);
    const double n = static_cast<double>(draws.size());
    for (std::size_t k = 0; k < 6; ++k) {
      const double q = p[k] / total;
      const auto count = std::count(draws.begin(), draws.end(), catalog.samples[6 * i + k]);
      // draws given theta are independent; theta_sigma moves the probabilities by 1e-3 at most
      EXPECT_NEAR(static_cast<double>(count) / n, q, 6 * std::sqrt(q * (1 - q) / n) + 1e-3 * q);
    }
  }
}

}  // namespace
}  // namespace fit_test
