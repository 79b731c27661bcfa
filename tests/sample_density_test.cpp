// Densities fitted to posterior samples: the fit, the likelihood in closed forms, whole fits, and when they
// are said to be unsafe.
#include "models/sample_density.hpp"

#include <random>
#include <span>

#include "fit_support.hpp"
#include "models/registry.hpp"

namespace fit_test {
namespace {

using starling::fit_normals;
using starling::InputError;
using starling::Method;
using starling::uniform;

double normal_density(double x, double m, double sd) {
  return std::exp(-0.5 * (x - m) * (x - m) / (sd * sd)) / (sd * std::sqrt(2 * M_PI));
}

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// Quantiles of N(m, sd^2) at even probabilities: samples whose best mixture is one normal.
std::vector<double> quantiles(double m, double sd, std::size_t n) {
  std::vector<double> x;
  for (std::size_t k = 0; k < n; ++k)
    x.push_back(starling::normal(m, sd).quantile((static_cast<double>(k) + 0.5) / static_cast<double>(n)));
  return x;
}

double mean_of(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

double sd_of(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += (v - mean_of(x)) * (v - mean_of(x));
  return std::sqrt(sum / static_cast<double>(x.size()));
}

/// What a density takes: enlarged against the bias of a fit.
double sd_of_density(std::span<const double> x) {
  return sd_of(x) * std::sqrt(1 + 4 / static_cast<double>(x.size()));
}

Model density_model(int components = 3) {
  return {"normal",
          "sample_density(components=" + std::to_string(components) + ")",
          {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}};
}

double log_likelihood(const Model& model, const Catalog& catalog, const std::vector<double>& theta,
                      const char* device = "reference") {
  FitOptions options;
  options.device = device;
  return log_probability(model, catalog, Method::marginal, theta, options).log_likelihood;
}

TEST(SampleDensity, OfNormalSamplesIsOneNormal) {
  const auto x = quantiles(3, 0.2, 500);
  const auto q = fit_normals(x, {}, 4);
  ASSERT_EQ(q.weight.size(), 1u);
  EXPECT_NEAR(q.mean[0], mean_of(x), 1e-12);
  EXPECT_NEAR(q.sd[0], sd_of(x), 1e-12);
  EXPECT_NEAR(q.cdf(3.2), normal_cdf(0.2 / sd_of(x)), 1e-12);
}

TEST(SampleDensity, OfTwoHeapsIsTwoNormals) {
  auto x = quantiles(-4, 0.5, 300);
  const auto more = quantiles(2, 1, 700);
  x.insert(x.end(), more.begin(), more.end());
  const auto q = fit_normals(x, {}, 4);
  ASSERT_EQ(q.weight.size(), 2u);
  const std::size_t left = q.mean[0] < q.mean[1] ? 0 : 1;
  EXPECT_NEAR(q.weight[left], 0.3, 1e-3);
  EXPECT_NEAR(q.mean[left], -4, 0.01);
  EXPECT_NEAR(q.mean[1 - left], 2, 0.01);
  EXPECT_NEAR(q.sd[left], 0.5, 0.01);
  EXPECT_NEAR(q.sd[1 - left], 1, 0.02);
}

TEST(SampleDensity, OfASpikeOnAPlateauIsOneWithinTheOther) {
  auto x = quantiles(0, 0.1, 500);
  const auto more = quantiles(0, 3, 500);
  x.insert(x.end(), more.begin(), more.end());
  const auto q = fit_normals(x, {}, 3);
  ASSERT_GE(q.weight.size(), 2u);
  double largest = 0;
  for (double at = -6; at < 6; at += 0.01) {
    const double truth = 0.5 * normal_cdf(at / 0.1) + 0.5 * normal_cdf(at / 3);
    largest = std::max(largest, std::abs(q.cdf(at) - truth));
  }
  EXPECT_LT(largest, 0.01);
}

TEST(SampleDensity, CountsWeightsAsSamples) {
  // every sample twice is every sample with weight 2
  std::mt19937 random(1);
  std::gamma_distribution<double> gamma(2);
  std::vector<double> once, twice, weight;
  for (int k = 0; k < 200; ++k) {
    once.push_back(gamma(random));
    weight.push_back(k % 2 ? 2 : 1);
    for (int j = 0; j < weight.back(); ++j) twice.push_back(once.back());
  }
  const auto a = fit_normals(once, weight, 2), b = fit_normals(twice, {}, 2);
  ASSERT_EQ(a.weight.size(), b.weight.size());
  for (double at = 0; at < 8; at += 0.1) EXPECT_NEAR(a.cdf(at), b.cdf(at), 0.02);
  EXPECT_THROW(fit_normals(std::vector<double>(5, 1.0), {}, 2), InputError);
}

/// Objects whose samples are exactly normal, of several means, widths and numbers.
struct NormalObjects {
  std::vector<std::vector<double>> samples;
  std::vector<double> mean, sd;
};
NormalObjects normal_objects() {
  NormalObjects all;
  for (int i = 0; i < 12; ++i) {
    all.samples.push_back(quantiles(-2 + 0.4 * i, 0.3 + 0.1 * i, static_cast<std::size_t>(60 + 10 * i)));
    all.mean.push_back(mean_of(all.samples.back()));
    all.sd.push_back(sd_of_density(all.samples.back()));
  }
  return all;
}

// int N(mu; m, s^2) N(mu; theta_mu, theta_sigma^2) dmu = N(m; theta_mu, s^2 + theta_sigma^2)
TEST(SampleDensity, UnderAFlatPriorIsTheClosedForm) {
  const auto objects = normal_objects();
  const auto catalog = catalog_of(objects.samples);
  for (const char* device : {"reference", "cpu"})
    for (const auto& theta : {std::vector<double>{0, 1}, {0.7, 0.8}, {-1, 2.5}}) {
      double exact = 0;
      for (std::size_t i = 0; i < catalog.size(); ++i)
        exact += std::log(normal_density(objects.mean[i], theta[0], std::hypot(theta[1], objects.sd[i])));
      EXPECT_NEAR(log_likelihood(density_model(), catalog, theta, device), exact,
                  (device[0] == 'c' ? 1e-5 : 1e-8) * std::abs(exact));
    }
}

// N(mu; m, s^2) / N(mu; 0, t^2) is a normal density in mu again, but for a factor.
TEST(SampleDensity, DividesOutANamedInterimPrior) {
  const auto objects = normal_objects();
  auto catalog = catalog_of(objects.samples);
  catalog.interim_prior = "normal(0, 4)";
  for (const double mu : catalog.samples) catalog.log_interim.push_back(std::log(normal_density(mu, 0, 4)));
  const std::vector<double> theta{0.3, 1.2};
  double exact = 0;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const double precision = 1 / (objects.sd[i] * objects.sd[i]) - 1. / 16, sd = 1 / std::sqrt(precision),
                 m = objects.mean[i] / (objects.sd[i] * objects.sd[i]) / precision;
    // the factor, at mu = 0
    const double factor = normal_density(0, objects.mean[i], objects.sd[i]) / normal_density(0, 0, 4) /
                          normal_density(0, m, sd);
    exact += std::log(factor * normal_density(m, theta[0], std::hypot(theta[1], sd)));
  }
  EXPECT_NEAR(log_likelihood(density_model(), catalog, theta), exact, 1e-8 * std::abs(exact));
}

// Samples that are each half as dense as their likelihood says, in one half: weights make up for it.
TEST(SampleDensity, TakesDensitiesPerSampleAsWeights) {
  const auto objects = normal_objects();
  std::vector<std::vector<double>> samples;
  std::vector<double> log_interim;
  for (const auto& of_one : objects.samples) {
    samples.emplace_back();
    for (std::size_t k = 0; k < of_one.size(); ++k)
      for (int copy = 0; copy < (k % 2 ? 2 : 1); ++copy) {
        samples.back().push_back(of_one[k]);
        log_interim.push_back(k % 2 ? std::log(2.0) : 0);
      }
  }
  auto catalog = catalog_of(samples);
  catalog.log_interim = log_interim;
  const std::vector<double> theta{0.3, 1.2};
  double exact = 0;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    // the mean of 1 / pi0 over the samples: as many of the n objects' samples, over all copies
    const double n = static_cast<double>(objects.samples[i].size());
    // of weights 1 and, twice as many, 1/2: 4/3 n effective samples
    const double sd = sd_of(objects.samples[i]) * std::sqrt(1 + 3 / n);
    exact += std::log(n / static_cast<double>(samples[i].size()) *
                      normal_density(objects.mean[i], theta[0], std::hypot(theta[1], sd)));
  }
  EXPECT_NEAR(log_likelihood(density_model(), catalog, theta), exact, 1e-7 * std::abs(exact));
}

// A uniform interim prior ends the integral where the prior ends, whatever cell its end lies in.
TEST(SampleDensity, EndsWhereTheInterimPriorEnds) {
  const auto samples = quantiles(0, 1, 400);
  const double sd = sd_of_density(samples);
  for (const double end : {1.0, 0.93, 0.4}) {
    auto catalog = catalog_of({samples});
    const double lower = -9;
    catalog.interim_prior = "uniform(-9, " + std::to_string(end) + ")";
    catalog.log_interim.assign(samples.size(), -std::log(end - lower));
    const std::vector<double> theta{0.5, 2};
    // the product of the two normals is a normal of this mean and width
    const double precision = 1 / (sd * sd) + 0.25, m = 0.125 / precision;
    const double exact = (end - lower) * normal_density(0, 0.5, std::hypot(2, sd)) *
                         normal_cdf((end - m) * std::sqrt(precision));
    EXPECT_NEAR(log_likelihood(density_model(), catalog, theta), std::log(exact), 5e-4) << end;
  }
}

TEST(SampleDensity, KeepsWithinTheSupportOfThePopulation) {
  const auto samples = quantiles(0.1, 0.2, 400);  // a third of them below 0
  const auto catalog = catalog_of({samples});
  const Model model("gamma", "sample_density", {{"shape", uniform(0, 9)}, {"scale", uniform(0, 9)}});
  double exact = 0;  // shape 1: an exponential density
  const double sd = sd_of_density(samples), h = 1e-4;
  for (double mu = h / 2; mu < 3; mu += h)
    exact += h * std::exp(-mu / 0.5) / 0.5 * normal_density(mu, mean_of(samples), sd);
  EXPECT_NEAR(log_likelihood(model, catalog, {1, 0.5}), std::log(exact), 1e-3);
}

// The founding case: 100 samples each, noise as wide as the population. Over samples the likelihood's peak in
// theta_sigma is about 0.7 posterior sd (0.045) too high; through densities it is where the exact one's is,
// but for the scatter of the samples.
TEST(SampleDensity, HasNoBiasToSpeakOf) {
  double of_samples = 0, of_densities = 0;
  constexpr int catalogs = 8;
  for (unsigned seed = 1; seed <= catalogs; ++seed) {
    auto catalog = starling::simulate("normal", {0, 1}, 1000, {1.0}, 100, seed).catalog;
    const auto peak = [&](const char* measurement) {
      const Model model("normal", measurement,
                        {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}});
      const auto l = [&](double s) { return log_likelihood(model, catalog, {mean_of(catalog.x), s}, "cpu"); };
      double at = 1;  // of the parabola through three values near it
      for (const double step : {0.1, 0.03}) {
        const double below = l(at - step), here = l(at), above = l(at + step);
        at += 0.5 * step * (below - above) / (below - 2 * here + above);
      }
      return at;
    };
    const double exact = peak("normal");
    of_samples += (peak("samples") - exact) / 0.045 / catalogs;
    of_densities += (peak("sample_density") - exact) / 0.045 / catalogs;
  }
  EXPECT_GT(of_samples, 0.35);
  EXPECT_LT(std::abs(of_densities), 0.25);
}

TEST(SampleDensity, JointAndMarginalFitsAgreeAndAreReplayed) {
  const auto catalog = starling::simulate("normal", {0, 1}, 60, {0.5}, 100, 3).catalog;
  auto options = starling::FitOptions{};
  options.walkers = 32;
  options.ensembles = 2;
  options.burn_in = 200;
  options.steps = 1500;
  const auto marginal = fit_marginal(density_model(), catalog, options);
  const auto joint = fit_joint(density_model(), catalog, options);
  const auto a = starling::summary(marginal), b = starling::summary(joint);
  for (std::size_t j = 0; j < 2; ++j) {
    const double error = std::hypot(a.parameters[j].mcse_mean, b.parameters[j].mcse_mean);
    EXPECT_NEAR(a.parameters[j].mean, b.parameters[j].mean, 5 * error);
  }
  // latents of both are those of a normal posterior: near the samples' mean, shrunk
  for (const auto* chain : {&marginal, &joint}) {
    const auto draws = starling::replay_latent(*chain, catalog, 7);
    EXPECT_NEAR(sd_of(draws), 0.5 / std::hypot(1, 0.5), 0.08);
  }
  const auto draws = starling::replay_latent(joint, catalog, 7);
  EXPECT_NEAR(mean_of(draws), joint.results.latents.mean[7], 1e-6);
}

std::vector<std::string> caveats(const Catalog& catalog, const std::vector<double>& theta,
                                 int components = 3) {
  return starling::density_caveats(catalog, *starling::find_population("normal").model, theta, components,
                                   0.125, 1);
}

TEST(SampleDensity, NothingIsFoundWhereItIsSafe) {
  const auto catalog = starling::simulate("normal", {0, 1}, 500, {0.5}, 200, 4).catalog;
  EXPECT_TRUE(caveats(catalog, {0, 1}).empty());
}

TEST(SampleDensity, SaysWhereItIsUnsafe) {
  const auto expect_one = [](const std::vector<std::string>& found, const char* what) {
    ASSERT_EQ(found.size(), 1u) << what;
    EXPECT_NE(found[0].find(what), std::string::npos) << found[0];
  };
  auto two = quantiles(-3, 0.5, 200);
  const auto more = quantiles(3, 0.5, 200);
  two.insert(two.end(), more.begin(), more.end());
  expect_one(caveats(catalog_of({quantiles(0, 1, 100), two}), {0, 2}, 1), "not distributed as a mixture");

  auto crowded = catalog_of({quantiles(0, 1, 50)});
  crowded.interim_prior = "uniform(-5, 1.2)";
  for (double& mu : crowded.samples) mu = std::min(mu, 1.19);
  crowded.log_interim.assign(crowded.samples.size(), -std::log(6.2));
  expect_one(caveats(crowded, {0, 1}), "outside of the interim prior");

  expect_one(caveats(catalog_of({quantiles(0, 1, 8)}), {0, 1}), "fewer than 10 samples");
  expect_one(caveats(catalog_of({quantiles(0, 1, 100)}), {5, 0.5}), "beyond the outermost samples");
  expect_one(caveats(catalog_of({quantiles(0, 1, 100)}), {0.1, 0.02}), "uncertain by more than 5 %");
}

TEST(SampleDensity, CaveatsAreWarnings) {
  const auto catalog = starling::simulate("normal", {0, 1}, 50, {0.5}, 8, 5).catalog;
  starling::FitOptions options;
  options.walkers = 16;
  options.burn_in = 100;
  options.steps = 200;
  const auto s = starling::summary(fit_marginal(density_model(), catalog, options));
  EXPECT_TRUE(std::any_of(s.warnings.begin(), s.warnings.end(), [](const std::string& w) {
    return w.find("fewer than 10 samples") != std::string::npos;
  }));
}

TEST(SampleDensity, RefusesWhatCannotBe) {
  EXPECT_THROW(density_model(0), InputError);
  EXPECT_THROW(density_model(9), InputError);
  EXPECT_THROW(Model("normal", "sample_density(components=1.5)",
                     {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}),
               InputError);
  EXPECT_THROW(Model("normal", "sample_density(parts=2)",
                     {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}),
               InputError);
  auto catalog = catalog_of({quantiles(0, 1, 30), std::vector<double>(30, 2.0)});
  catalog.id = {"a", "b"};
  try {
    log_likelihood(density_model(), catalog, {0, 1});
    FAIL() << "samples without a density";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("1 (b): its samples are all the same"), std::string::npos);
  }
}

}  // namespace
}  // namespace fit_test
