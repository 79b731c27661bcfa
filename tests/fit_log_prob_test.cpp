// The log-probability of every kind of likelihood, on every backend that is present, against its closed form
// in long double: within 1e-6 of its value, near the data and far from them.
#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::LogProbability;
using starling::Method;
using starling::uniform;
using Real = long double;

constexpr Real kLogTwoPi = 1.8378770664093454835606594728112353L;

std::vector<std::string> backends() {
  std::vector<std::string> list{"reference", "cpu"};
  if (starling::why_no_cuda().empty()) list.emplace_back("cuda");
  return list;
}

Real log_normal_density(Real x, Real mean, Real variance) {
  return -0.5L * ((x - mean) * (x - mean) / variance + std::log(variance) + kLogTwoPi);
}

Real weight_of(const Catalog& c, std::size_t i) {
  return c.weight.empty() ? 1 : static_cast<Real>(c.weight[i]);
}

/// sum of w_i ln N(x_i; m, s^2 + (a sigma_i)^2); the naive fit has a = 0.
Real normal_form(const Catalog& c, Real m, Real s, Real a) {
  Real sum = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const Real noise = a * static_cast<Real>(c.sigma.empty() ? 1 : c.sigma_of(i));
    sum += weight_of(c, i) * log_normal_density(static_cast<Real>(c.x[i]), m, s * s + noise * noise);
  }
  return sum;
}

/// sum of w_i ln [(1 / K_i) sum_k p(mu_ik) / pi0(mu_ik)] and its Monte Carlo variance, by plain log-sum-exp.
struct SamplesForm {
  Real value = 0, variance = 0;
};
SamplesForm samples_form(const Catalog& c, Real m, Real s) {
  SamplesForm form;
  for (std::size_t i = 0; i < c.size(); ++i) {
    std::vector<Real> l;
    for (std::size_t k = c.offsets[i]; k < c.offsets[i + 1]; ++k)
      l.push_back(log_normal_density(static_cast<Real>(c.samples[k]), m, s * s) -
                  (c.log_interim.empty() ? 0 : static_cast<Real>(c.log_interim[k])));
    const Real largest = *std::max_element(l.begin(), l.end()), count = static_cast<Real>(l.size());
    Real sum = 0, squares = 0;
    for (const Real v : l) {
      sum += std::exp(v - largest);
      squares += std::exp(2 * (v - largest));
    }
    form.value += weight_of(c, i) * (largest + std::log(sum / count));
    form.variance += weight_of(c, i) * weight_of(c, i) * (squares / (sum * sum) - 1 / count);
  }
  return form;
}

void expect_close(const std::string& what, double got, Real expected) {
  const double value = static_cast<double>(expected);
  EXPECT_NEAR(got, value, 1e-6 * std::abs(value)) << what;
}

LogProbability at(const Model& model, const Catalog& catalog, Method method, const std::vector<double>& theta,
                  const std::string& device) {
  FitOptions options;
  options.device = device;
  return log_probability(model, catalog, method, theta, options);
}

std::string name(const std::string& device, const std::vector<double>& theta) {
  return device + " at " + testing::PrintToString(theta);
}

const std::vector<std::vector<double>> kThetas{{0, 1},     {0.03, 1.02}, {0.5, 0.7}, {-4, 3},  {3, 0.3},
                                               {0.1, 0.1}, {-90, 5},     {2, 80},    {0, 0.02}};
const Model kWide = normal_model(uniform(-100, 100), uniform(0, 100));

std::vector<Catalog> normal_catalogs() {
  auto weighted = made(400, 0, 1, log_normal_noise(400, 1, 1), 33);
  for (std::size_t i = 0; i < weighted.size(); ++i)
    weighted.weight.push_back(i % 5 == 0 ? 0 : 0.3 * static_cast<double>(i % 7 + 1));
  return {made(1000, 0, 1, {1}, 31), made(333, 0.2, 0.5, {0.05}, 32), weighted,
          made(257, 0, 1, decades_of_noise(257, 0.0002, 0.7), 34), made(1, 0, 1, {1}, 35)};
}

TEST(LogProbability, OfTheNaiveFitIsItsClosedForm) {
  for (const auto& catalog : normal_catalogs())
    for (const auto& theta : kThetas)
      for (const auto& device : backends())
        expect_close(name(device, theta), at(kWide, catalog, Method::naive, theta, device).log_likelihood,
                     normal_form(catalog, theta[0], theta[1], 0));
}

TEST(LogProbability, OfTheExactMarginalFitIsItsClosedForm) {
  for (const auto& catalog : normal_catalogs())
    for (const auto& theta : kThetas)
      for (const auto& device : backends())
        expect_close(name(device, theta), at(kWide, catalog, Method::marginal, theta, device).log_likelihood,
                     normal_form(catalog, theta[0], theta[1], 1));
}

TEST(LogProbability, OfUnknownNoiseIsItsClosedForm) {
  // the reference noise scale is the prior's median, 2.5: not 1
  const Model model = unknown_noise_model(uniform(-100, 100), uniform(0, 100), uniform(0, 5));
  for (auto catalog : normal_catalogs())
    for (const bool own_sigma : {true, false}) {
      if (!own_sigma) catalog.sigma.clear();
      for (const auto& t : kThetas)
        for (const double a : {0.5, 1.0, 2.5, 4.9})
          for (const auto& device : backends()) {
            const std::vector<double> theta{t[0], t[1], a};
            expect_close(name(device, theta),
                         at(model, catalog, Method::marginal, theta, device).log_likelihood,
                         normal_form(catalog, t[0], t[1], a));
          }
    }
}

TEST(LogProbability, FarFromZeroAndInOtherUnits) {
  struct Case {
    double shift, unit;
  };
  for (const auto& [shift, unit] : {Case{1e6, 1e-3}, Case{-3e12, 1e9}, Case{0, 1e-150}, Case{1e150, 1e149}}) {
    auto catalog = made(500, 0, 1, log_normal_noise(500, 0.5, 0.5), 36);
    for (double& x : catalog.x) x = shift + unit * x;
    for (double& s : catalog.sigma) s *= unit;
    const Model model = normal_model(uniform(shift - 10 * unit, shift + 10 * unit), uniform(0, 10 * unit));
    for (const auto& [m, s] : {std::pair{0.0, 1.0}, std::pair{-2.0, 0.5}, std::pair{5.0, 8.0}}) {
      const std::vector<double> theta{shift + m * unit, s * unit};
      for (const auto& device : backends()) {
        expect_close(name(device, theta), at(model, catalog, Method::naive, theta, device).log_likelihood,
                     normal_form(catalog, theta[0], theta[1], 0));
        expect_close(name(device, theta), at(model, catalog, Method::marginal, theta, device).log_likelihood,
                     normal_form(catalog, theta[0], theta[1], 1));
      }
    }
  }
}

/// Objects with K_i samples each; their interim prior is N(0.5, 3) if it is stated.
Catalog sampled(std::size_t n, const std::vector<std::size_t>& k, bool interim, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Catalog c;
  c.offsets.push_back(0);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = 1.4 * normal(random);
    for (std::size_t j = 0; j < k[i % k.size()]; ++j) c.samples.push_back(x + normal(random));
    c.x.push_back(x);
    c.offsets.push_back(c.samples.size());
  }
  if (interim)
    for (const double mu : c.samples)
      c.log_interim.push_back(static_cast<double>(log_normal_density(static_cast<Real>(mu), 0.5L, 9)));
  return c;
}

void expect_samples(const Catalog& catalog, const std::vector<std::vector<double>>& thetas) {
  const Model model("normal", "samples",
                    {{"theta_mu", uniform(-100, 100)}, {"theta_sigma", uniform(0, 100)}});
  for (const auto& theta : thetas) {
    const auto form = samples_form(catalog, theta[0], theta[1]);
    for (const auto& device : backends()) {
      const auto got = at(model, catalog, Method::marginal, theta, device);
      expect_close(name(device, theta), got.log_likelihood, form.value);
      EXPECT_NEAR(got.variance, static_cast<double>(form.variance),
                  1e-4 * static_cast<double>(form.variance) + 1e-5)
          << name(device, theta);
    }
  }
}

TEST(LogProbability, OfSamplesIsPlainLogSumExp) {
  expect_samples(sampled(200, {100}, false, 41), kThetas);
}
TEST(LogProbability, OfSamplesUnderAStatedInterimPrior) {
  expect_samples(sampled(200, {100}, true, 42), kThetas);
}
TEST(LogProbability, OfRaggedSamplesUsesEveryOne) {
  expect_samples(sampled(150, {1, 2, 300, 7, 33, 1, 100}, true, 43), kThetas);
  expect_samples(sampled(3, {1}, false, 44), kThetas);
}
TEST(LogProbability, OfWeightedSamples) {
  auto catalog = sampled(100, {50, 20}, true, 45);
  for (std::size_t i = 0; i < catalog.size(); ++i)
    catalog.weight.push_back(i % 4 == 0 ? 0 : 0.5 * static_cast<double>(i % 5));
  expect_samples(catalog, kThetas);
}
TEST(LogProbability, OfSamplesFortyStandardDeviationsAway) {
  // where every weight of an ordinary float would be 0
  expect_samples(sampled(60, {40}, false, 46), {{40, 1}, {-40, 1}, {0, 0.03}, {60, 1.5}, {1, 0.05}});
  auto outlier = sampled(60, {40}, false, 47);
  for (std::size_t k = outlier.offsets[7]; k < outlier.offsets[8]; ++k) outlier.samples[k] += 40;
  outlier.x[7] += 40;
  expect_samples(outlier, {{0, 1}, {0.5, 2}, {40, 1}, {-0.1, 0.9}});
}

TEST(LogProbability, AddsThePriorAndRespectsItsSupport) {
  const auto catalog = made(50, 0, 1, {1}, 48);
  const Model model = normal_model(starling::normal(1, 2), uniform(0, 4));
  const auto got = at(model, catalog, Method::marginal, {0.3, 1.1}, "cpu");
  const double expected = static_cast<double>(log_normal_density(0.3L, 1, 4)) - std::log(4.0);
  EXPECT_NEAR(got.log_prior, expected, 1e-12);
  EXPECT_DOUBLE_EQ(got.log_prob, got.log_likelihood + got.log_prior);
  EXPECT_EQ(got.variance, 0);
  EXPECT_EQ(at(model, catalog, Method::marginal, {0.3, 4.1}, "cpu").log_prob,
            -std::numeric_limits<double>::infinity());
  for (const double outside : {0.0, -1.0})
    EXPECT_EQ(at(model, catalog, Method::marginal, {0.3, outside}, "cpu").log_prob,
              -std::numeric_limits<double>::infinity());
}

TEST(LogProbability, IsTheSameForAnyNumberOfThreads) {
  const auto catalog = made(20'000, 0, 1, {1}, 49);
  FitOptions one, three;
  one.device = three.device = "cpu";
  one.threads = 1;
  three.threads = 3;
  for (const auto method : {Method::naive, Method::marginal})
    for (const auto& theta : kThetas)
      EXPECT_EQ(log_probability(kWide, catalog, method, theta, one).log_likelihood,
                log_probability(kWide, catalog, method, theta, three).log_likelihood);
}

}  // namespace
TEST(LogProbability, NamesTheObjectsThatAreImpossible) {
  Catalog catalog;
  catalog.x = {0.45, -2.5, 0.75, 0.3};
  catalog.id = {"a", "b", "c", "d"};
  catalog.samples = {0.4, 0.5, -3, -2, 0.7, 0.8, -1};
  catalog.offsets = {0, 2, 4, 6, 7};
  catalog.weight = {1, 1, 1, 0};  // the last does not count
  const Model model{"gamma", "samples", {{"shape", uniform(0.1, 10)}, {"scale", uniform(0.1, 10)}}};
  for (const char* device : {"cpu", "reference"}) {
    starling::FitOptions options;
    options.device = device;
    const auto got = log_probability(model, catalog, Method::marginal, {2, 0.3}, options);
    EXPECT_EQ(got.log_likelihood, -std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isfinite(got.variance)) << got.variance;
    ASSERT_EQ(got.impossible, std::vector<std::size_t>{1});
    EXPECT_EQ(catalog.names(got.impossible), "1 (b)");
  }
}

}  // namespace fit_test
