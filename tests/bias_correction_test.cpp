// The corrections of the bias of a samples likelihood: plain formulas, what they do to fits, and what is
// refused.
#include <algorithm>

#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::InputError;
using starling::Method;
using starling::uniform;

double log_normal(double x, double m, double variance) {
  return -0.5 * ((x - m) * (x - m) / variance + std::log(2 * M_PI * variance));
}

Model samples_model() {
  return {"normal", "samples", {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}};
}

/// ln of the mean weight without sample `left_out` (none: its number is past the last).
double log_mean(const std::vector<double>& w, std::size_t left_out) {
  double sum = 0;
  for (std::size_t k = 0; k < w.size(); ++k) sum += k == left_out ? 0 : w[k];
  return std::log(sum / static_cast<double>(left_out < w.size() ? w.size() - 1 : w.size()));
}

double plainly(const Catalog& catalog, const std::vector<double>& theta, const std::string& correction) {
  double total = 0;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    std::vector<double> w, mu;
    for (std::size_t j = catalog.offsets[i]; j < catalog.offsets[i + 1]; ++j) {
      mu.push_back(catalog.samples[j]);
      w.push_back(std::exp(log_normal(mu.back(), theta[0], theta[1] * theta[1]) -
                           (catalog.log_interim.empty() ? 0 : catalog.log_interim[j])));
    }
    const double k = static_cast<double>(w.size());
    double l = log_mean(w, w.size());
    if (correction == "first-order") {
      double sum = 0, squares = 0;
      for (const double v : w) sum += v, squares += v * v;
      l += 0.5 * (squares / (sum * sum) - 1 / k);
    } else if (correction == "jackknife" && w.size() > 1) {
      double others = 0;
      for (std::size_t j = 0; j < w.size(); ++j) others += log_mean(w, j) / k;
      l = k * l - (k - 1) * others;
    } else if (correction == "gaussian") {
      double m = 0, v = 0;
      for (const double x : mu) m += x / k;
      for (const double x : mu) v += (x - m) * (x - m) / (k - 1);
      const double s = theta[1] * theta[1] + v, r = m - theta[0];
      l = log_normal(m, theta[0], s) + v / (2 * k * s) +
          (r * r / (s * s * s) - 1 / (2 * s * s)) * v * v / (k - 1);
    }
    total += (catalog.weight.empty() ? 1 : catalog.weight[i]) * l;
  }
  return total;
}

FitOptions sized(std::size_t ensembles, std::size_t walkers, std::size_t burn_in, std::size_t steps) {
  FitOptions options;
  options.ensembles = ensembles;
  options.walkers = walkers;
  options.burn_in = burn_in;
  options.steps = steps;
  return options;
}

Catalog samples(std::size_t n, std::size_t k, double noise, unsigned seed) {
  return starling::simulate("normal", {0, 1}, n, {noise}, k, seed).catalog;
}

TEST(BiasCorrection, IsItsPlainFormula) {
  auto catalog = samples(100, 40, 0.7, 1);
  for (const bool weighted : {false, true}) {
    if (weighted)
      for (std::size_t i = 0; i < catalog.size(); ++i)
        catalog.weight.push_back(0.5 + 0.1 * static_cast<double>(i % 7));
    for (const std::string correction : {"none", "first-order", "jackknife", "gaussian"})
      for (const char* device : {"reference", "cpu"})
        for (const auto& theta : {std::vector<double>{0.1, 1.1}, {-0.4, 0.8}, {0.3, 2}}) {
          FitOptions options;
          options.device = device;
          options.bias_correction = correction;
          const double exact = plainly(catalog, theta, correction);
          EXPECT_NEAR(
              log_probability(samples_model(), catalog, Method::marginal, theta, options).log_likelihood,
              exact, (device[0] == 'c' ? 1e-5 : 1e-9) * std::abs(exact))
              << correction << " on " << device;
        }
  }
}

TEST(BiasCorrection, HoldsForInterimPriorsAndSingleSamples) {
  auto catalog = samples(60, 5, 0.3, 2);
  for (const double mu : catalog.samples) catalog.log_interim.push_back(-0.1 * mu * mu);
  // the first object keeps one of its samples
  catalog.samples.erase(catalog.samples.begin(), catalog.samples.begin() + 4);
  catalog.log_interim.erase(catalog.log_interim.begin(), catalog.log_interim.begin() + 4);
  for (std::size_t i = 1; i < catalog.offsets.size(); ++i) catalog.offsets[i] -= 4;
  for (const std::string correction : {"first-order", "jackknife"}) {
    FitOptions options;
    options.bias_correction = correction;
    const double exact = plainly(catalog, {0.2, 1}, correction);
    EXPECT_NEAR(log_probability(samples_model(), catalog, Method::marginal, {0.2, 1}, options).log_likelihood,
                exact, 2e-5 * std::abs(exact))
        << correction;
  }
}

TEST(BiasCorrection, LikelihoodsOfObjectsAddUp) {
  const auto catalog = samples(30, 50, 1, 3);
  for (const std::string correction : {"first-order", "jackknife", "gaussian"}) {
    FitOptions options = sized(1, 8, 50, 20);
    options.bias_correction = correction;
    options.log_likelihood_every = 20;
    const auto chain = fit_marginal(samples_model(), catalog, options);
    ASSERT_EQ(chain.log_likelihood.size(), 8u * 30);
    for (std::size_t c = 0; c < 8; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < 30; ++i) sum += static_cast<double>(chain.log_likelihood[c * 30 + i]);
      const std::vector<double> theta{chain.values(0)[c * 20 + 19], chain.values(1)[c * 20 + 19]};
      EXPECT_NEAR(sum, plainly(catalog, theta, correction), 1e-4) << correction;
    }
  }
}

/// Over four catalogs of 1000 objects with noise as wide as the population, 100 samples each: the bias of
/// theta_sigma against the exact marginal fit, in posterior sds. It scatters by 0.3 from catalog to catalog,
/// so that the mean of four is known to 0.15; the limits lie five of these from what a correction leaves.
TEST(BiasCorrection, TakesTheBiasOutOfTheWidth) {
  std::map<std::string, double> bias;
  constexpr unsigned catalogs = 4;
  for (unsigned seed = 1; seed <= catalogs; ++seed) {
    const auto catalog = samples(1000, 100, 1, 100 + seed);
    FitOptions options = sized(1, 16, 80, 100);
    options.seed = seed;
    const auto width = [&](const Chain& chain) { return starling::summary(chain).parameters[1]; };
    const auto exact = width(fit_marginal(normal_model(uniform(-9, 9), uniform(0, 9)), catalog, options));
    for (const std::string correction : {"none", "first-order", "jackknife", "gaussian"}) {
      options.bias_correction = correction;
      bias[correction] +=
          (width(fit_marginal(samples_model(), catalog, options)).mean - exact.mean) / exact.sd / catalogs;
    }
  }
  EXPECT_NEAR(bias["none"], 0.7, 0.75);
  EXPECT_NEAR(bias["first-order"], 0.18, 0.75);
  EXPECT_NEAR(bias["jackknife"], 0.02, 0.75);
  EXPECT_NEAR(bias["gaussian"], 0.05, 0.75);
  // the same samples: what a correction takes away scatters far less
  EXPECT_GT(bias["none"] - bias["first-order"], 0.3);
  EXPECT_GT(bias["none"] - bias["jackknife"], 0.4);
  EXPECT_GT(bias["none"] - bias["gaussian"], 0.4);
}

TEST(BiasCorrection, IsSaidInTheSummary) {
  FitOptions options = sized(2, 10, 50, 50);
  options.bias_correction = "jackknife";
  const auto chain = fit_marginal(samples_model(), samples(500, 30, 1, 5), options);
  EXPECT_EQ(chain.header.attributes.at("bias_correction"), "jackknife");
  EXPECT_GT(chain.results.monte_carlo.variance, 1);  // V is told as ever
  const auto result = starling::summary(chain);
  const auto in = [](const std::vector<std::string>& texts, const char* part) {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return text.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(in(result.notes, "corrected: jackknife"));
  EXPECT_TRUE(in(result.warnings, "Its bias was corrected"));
}

TEST(BiasCorrection, IsRefusedWhereItHasNoMeaning) {
  auto catalog = samples(30, 10, 1, 6);
  FitOptions options;
  const auto refuses = [&](const Model& model, Method method, const char* correction) {
    options.bias_correction = correction;
    starling::MemorySink sink;
    EXPECT_THROW(fit(model, catalog, method, options, sink), InputError) << correction;
  };
  refuses(samples_model(), Method::marginal, "first order");
  refuses(samples_model(), Method::joint, "jackknife");
  refuses(samples_model(), Method::naive, "jackknife");
  refuses(normal_model(uniform(-9, 9), uniform(0, 9)), Method::marginal, "first-order");
  refuses({"student_t",
           "samples",
           {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}, {"nu", uniform(1, 9)}}},
          Method::marginal, "gaussian");
  catalog.log_interim.assign(catalog.samples.size(), 0.0);
  refuses(samples_model(), Method::marginal, "gaussian");
}

TEST(BiasCorrection, GaussianSaysWhereSamplesAreNotNormal) {
  auto catalog = samples(30, 400, 1, 7);
  for (std::size_t k = 0; k < 400; ++k) catalog.samples[k] = std::exp(catalog.samples[k]);
  FitOptions options;
  options.bias_correction = "gaussian";
  std::string said;
  options.note = [&](const std::string& text) { said += text + "\n"; };
  log_probability(samples_model(), catalog, Method::marginal, {0.1, 1}, options);
  EXPECT_NE(said.find("1 of 30 objects are far from normal"), std::string::npos) << said;
}

}  // namespace
}  // namespace fit_test
