// Selection, rate and weights against closed forms and plain loops, and fits that find the truth behind a
// cut.
#include <filesystem>
#include <fstream>

#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::InputError;
using starling::Method;
using starling::Selection;
using starling::uniform;

double log_phi(double z) {
  return std::log(0.5 * std::erfc(-z / std::sqrt(2.0)));
}
double log_normal(double x, double m, double variance) {
  return -0.5 * ((x - m) * (x - m) / variance + std::log(2 * M_PI * variance));
}

Model selected(const Selection& selection) {
  starling::Priors priors{{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}};
  if (selection.rate) priors.emplace_back("rate", uniform(1, 1e6));
  return {"normal", "normal", priors, selection};
}

double log_likelihood(const Selection& selection, const Catalog& catalog, const std::vector<double>& theta,
                      const char* device) {
  FitOptions options;
  options.device = device;
  return log_probability(selected(selection), catalog, Method::marginal, theta, options).log_likelihood;
}

double unselected(const Catalog& catalog, double m, double s) {
  double sum = 0;
  for (std::size_t i = 0; i < catalog.size(); ++i)
    sum += log_normal(catalog.x[i], m, s * s + std::pow(catalog.sigma_of(i), 2));
  return sum;
}

const std::vector<std::vector<double>> kThetas{{0.2, 1.1}, {-1, 0.4}, {1.5, 2.5}};

TEST(Selection, ThresholdWithOneNoiseIsTheClosedForm) {
  const auto catalog = made(200, 0, 1, {0.7});
  for (const char* device : {"cpu", "reference"})
    for (const auto& t : kThetas) {
      const double width = std::hypot(t[1], 0.7);
      const double exact = unselected(catalog, t[0], t[1]) - 200 * log_phi((t[0] - 0.5) / width);
      EXPECT_NEAR(log_likelihood(starling::parse_selection("threshold(0.5)"), catalog, t, device), exact,
                  2e-6 * std::abs(exact));
    }
}

/// Near beta = -2 most of a BB1 population lies within decades of 0 where its density is infinite, and what
/// is seen lies where the density is e^-100 of that.
TEST(Selection, OfADensityThatIsInfiniteAtAnEnd) {
  starling::Selection selection;
  selection.kind = Selection::Kind::table;
  for (double x = -3; x < 4; x += 0.05) {
    selection.mu.push_back(std::pow(10, x));
    selection.value.push_back(1 / (1 + std::pow(10, 1 - x)));
  }
  selection.value.front() = 1e-6;
  const Catalog catalog = made(50, 5, 1, {1});
  const starling::Priors priors{
      {"beta", uniform(-2, 0)}, {"lower", uniform(0.01, 9)}, {"upper", uniform(1, 99)}};
  const Model with{"bb1", "normal", priors, selection}, without{"bb1", "normal", priors};
  for (const std::vector<double>& t : {std::vector<double>{-1.5, 1, 20}, {-1.9, 1, 20}, {-1.99, 2, 30}}) {
    double seen = 0, all = 0;  // over ln mu, in which the integrand is smooth
    for (double x = -8000; x < 8; x += 0.002) {
      const double mu = std::exp(std::max(x, -700.0));
      const double p = std::exp((t[0] + 1) * x - mu / t[2] +
                                (x < -20 ? x - std::log(t[1]) : std::log(-std::expm1(-mu / t[1]))));
      const auto at = std::upper_bound(selection.mu.begin(), selection.mu.end(), mu) - selection.mu.begin();
      const auto k = static_cast<std::size_t>(at);
      const double detected = k == 0 ? selection.value.front()
                              : k == selection.mu.size()
                                  ? selection.value.back()
                                  : selection.value[k - 1] + (selection.value[k] - selection.value[k - 1]) *
                                                                 (mu - selection.mu[k - 1]) /
                                                                 (selection.mu[k] - selection.mu[k - 1]);
      all += p;
      seen += p * detected;
    }
    const double factor = log_probability(with, catalog, Method::marginal, t).log_likelihood -
                          log_probability(without, catalog, Method::marginal, t).log_likelihood;
    EXPECT_NEAR(factor, -50 * std::log(seen / all), 0.01) << t[0];
  }
}

TEST(Selection, ThresholdWithUnequalNoiseHasEveryObjectsOwn) {
  const auto catalog = made(300, 0, 1, log_normal_noise(300, 1, 0.8));
  for (const auto& t : kThetas) {
    double exact = unselected(catalog, t[0], t[1]);
    for (const double sigma : catalog.sigma) exact -= log_phi((t[0] + 0.3) / std::hypot(t[1], sigma));
    EXPECT_NEAR(log_likelihood(starling::parse_selection("threshold(-0.3)"), catalog, t, "reference"), exact,
                1e-7 * std::abs(exact));
  }
}

/// int N(mu; m, s) f(mu) dmu by a dense trapezoid.
template <class F>
double integral(double m, double s, F f) {
  double sum = 0;
  constexpr int n = 200000;
  for (int k = 0; k <= n; ++k) {
    const double z = -12 + 24.0 * k / n;
    sum += std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI) * f(m + s * z) * 24.0 / n;
  }
  return sum;
}

TEST(Selection, LogisticAndTableAreIntegrals) {
  const auto catalog = made(100, 0, 1, {0.5});
  const auto file = std::filesystem::temp_directory_path() / "starling_p_det.csv";
  std::ofstream(file) << "mu,p_det\n-1,0\n0,0.2\n0.5,0.9\n2,1\n";
  const auto table = [](double mu) {
    if (mu <= -1) return 0.0;
    if (mu <= 0) return 0.2 * (mu + 1);
    if (mu <= 0.5) return 0.2 + 1.4 * mu;
    return mu < 2 ? 0.9 + (mu - 0.5) / 15 : 1.0;
  };
  for (const auto& t : kThetas) {
    const double plain = unselected(catalog, t[0], t[1]);
    const double logistic =
        integral(t[0], t[1], [](double mu) { return 1 / (1 + std::exp(-(mu - 0.4) / 0.05)); });
    EXPECT_NEAR(log_likelihood(starling::parse_selection("logistic(0.4, 0.05)"), catalog, t, "reference"),
                plain - 100 * std::log(logistic), 1e-6 * std::abs(plain));
    EXPECT_NEAR(
        log_likelihood(starling::parse_selection("table(" + file.string() + ")"), catalog, t, "reference"),
        plain - 100 * std::log(integral(t[0], t[1], table)), 1e-6 * std::abs(plain));
  }
  std::filesystem::remove(file);
}

TEST(Selection, InjectionsAndRateArePlainSums) {
  const auto catalog = made(100, 0, 1, {0.5});
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  Selection s;
  s.kind = Selection::Kind::injections;
  s.injected = 20000;
  for (int k = 0; k < 20000; ++k) {
    const double mu = 0.5 + 3 * normal(random);
    if (mu < 0.2) continue;  // not seen
    s.mu.push_back(mu);
    s.value.push_back(log_normal(mu, 0.5, 9));
  }
  for (const bool rate : {false, true}) {
    s.rate = rate;
    for (const char* device : {"cpu", "reference"})
      for (auto t : kThetas) {
        double sum = 0;
        for (std::size_t k = 0; k < s.mu.size(); ++k)
          sum += std::exp(log_normal(s.mu[k], t[0], t[1] * t[1]) - s.value[k]);
        const double p = sum / s.injected;
        double exact = unselected(catalog, t[0], t[1]);
        exact += rate ? 100 * std::log(250.0) - 250 * p : -100 * std::log(p);
        if (rate) t.push_back(250);
        EXPECT_NEAR(log_likelihood(s, catalog, t, device), exact, 2e-6 * std::abs(exact)) << device;
      }
  }
}

TEST(Selection, ARateWithoutItCountsTheObjects) {
  const auto catalog = made(100, 0, 1, {0.8}, 4);
  Selection s;
  s.rate = true;
  for (const char* device : {"cpu", "reference"}) {
    const double exact = unselected(catalog, 0.2, 0.9) + 100 * std::log(250.0) - 250;
    EXPECT_NEAR(log_likelihood(s, catalog, {0.2, 0.9, 250}, device), exact, 2e-6 * std::abs(exact)) << device;
  }
}

/// Objects that exceed the limit, of a survey of n.
Catalog cut(std::size_t n, double limit) {
  const auto all = made(n, 0, 1, {0.8}, 21);
  Catalog seen;
  seen.sigma = {0.8};
  for (const double x : all.x)
    if (x > limit) seen.x.push_back(x);
  return seen;
}

TEST(Selection, AThresholdIsIntegratedOverAPopulationWithoutAClosedForm) {
  const auto catalog = cut(200, 0.5);
  const double m = -0.3, width = 1.2, nu = 4;
  const starling::Priors priors{
      {"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}, {"nu", uniform(1, 50)}};
  const auto value = [&](const Selection& selection) {
    const Model model("student_t", "normal", priors, selection);
    return log_probability(model, catalog, Method::marginal, {m, width, nu}, {}).log_likelihood;
  };
  const double norm =
      std::exp(std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2)) / std::sqrt(nu * M_PI) / width;
  double p = 0;
  const double step = 0.002;
  for (double mu = -400; mu < 400; mu += step)
    p += step * norm * std::pow(1 + std::pow((mu - m) / width, 2) / nu, -(nu + 1) / 2) *
         std::exp(log_phi((mu - 0.5) / 0.8));
  const double exact = -static_cast<double>(catalog.size()) * std::log(p);
  EXPECT_NEAR(value(starling::parse_selection("threshold(0.5)")) - value({}), exact, 1e-4 * exact);
}

TEST(Selection, FitsFindThePopulationBehindTheCut) {
  const auto catalog = cut(3000, 0.5);
  Selection s = starling::parse_selection("threshold(0.5)");
  s.rate = true;
  FitOptions options;
  options.walkers = 40;
  options.burn_in = 400;
  options.steps = 2000;
  options.seed = 5;
  for (const auto& chain :
       {fit_marginal(selected(s), catalog, options), fit_joint(selected(s), catalog, options)}) {
    const auto summary = starling::summary(chain);
    const double truth[] = {0, 1, 3000};
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_LT(std::abs(summary.parameters[j].mean - truth[j]), 4 * summary.parameters[j].sd)
          << chain.header.method << " " << summary.parameters[j].name;
      EXPECT_LT(summary.parameters[j].r_hat, 1.05);
    }
    EXPECT_NEAR(std::stod(chain.results.attributes.at("detected_fraction")),
                static_cast<double>(catalog.size()) / 3000, 0.15);
  }
}

TEST(Selection, WithoutItTheCutIsTakenForThePopulation) {
  FitOptions options;
  options.walkers = 20;
  options.burn_in = 200;
  options.steps = 200;
  const auto summary = starling::summary(fit_marginal(selected({}), cut(3000, 0.5), options));
  EXPECT_GT(summary.parameters[0].mean, 10 * summary.parameters[0].sd);
}

TEST(Selection, BadOnesAreNamed) {
  EXPECT_THROW(starling::parse_selection("treshold(1)"), InputError);
  EXPECT_THROW(starling::parse_selection("threshold"), InputError);
  EXPECT_THROW(starling::parse_selection("threshold(a)"), InputError);
  EXPECT_THROW(starling::parse_selection("logistic(1, 0)"), InputError);
  EXPECT_THROW(starling::parse_selection("table(/nowhere.csv)"), InputError);
  EXPECT_THROW(starling::parse_selection("injections(/nowhere.csv)"), InputError);
  const auto catalog = made(10, 0, 1, log_normal_noise(10, 1, 0.5));
  Selection s = starling::parse_selection("threshold(0)");
  s.rate = true;
  EXPECT_THROW(log_likelihood(s, catalog, {0, 1, 10}, "cpu"), InputError);
}

// ---- weights

TEST(Weights, TheSandwichGivesTheWidthOfRepeatedSurveys) {
  auto catalog = made(2000, 0, 1, {0.5});
  FitOptions options;
  options.walkers = 40;
  options.burn_in = 200;
  options.steps = 400;
  const auto width = [&](double weight, bool sandwich) {
    catalog.weight.assign(2000, weight);
    const auto chain = fit_marginal(selected({}), catalog, options);
    EXPECT_NEAR(std::stod(chain.results.attributes.at("effective_objects")), 2000, 1e-6);
    return sandwich ? std::stod(chain.results.attributes.at("sandwich_sd"))
                    : starling::summary(chain).parameters[0].sd;
  };
  const double plain = std::hypot(1, 0.5) / std::sqrt(2000.0);
  EXPECT_NEAR(width(1, false), plain, 0.1 * plain);
  EXPECT_NEAR(width(4, false), plain / 2, 0.1 * plain);  // as if there were four times as many
  // from 500 to 1000 draws, whose covariance is known to 4 to 6 %; the mean of 16 runs to 1.5 %
  const auto of_many = [&](double weight) {
    double sum = 0;
    for (options.seed = 1; options.seed <= 16; ++options.seed) sum += width(weight, true);
    return sum / 16;
  };
  EXPECT_NEAR(of_many(1), plain, 0.1 * plain);
  EXPECT_NEAR(of_many(4), plain, 0.1 * plain);
}

}  // namespace
}  // namespace fit_test
