// Gauss quadrature in the place of posterior samples: the rules against moments and known nodes, likelihoods
// against sums over all samples in long double, when samples stay, and whole fits.
#include "models/sample_nodes.hpp"

#include <random>

#include "fit_support.hpp"
#include "models/definition.hpp"
#include "models/registry.hpp"

namespace fit_test {
namespace {

using starling::gauss_rule;
using starling::Method;
using starling::uniform;
using starling::WeightedSamples;
using Real = long double;

/// Normal draws, or Student-t ones with two degrees of freedom.
std::vector<double> draws(std::size_t n, double m, double sd, bool heavy, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> student(2);
  std::vector<double> x(n);
  for (double& v : x) v = m + sd * (heavy ? student(random) : normal(random));
  return x;
}

TEST(GaussRule, HasTheMomentsOfItsMeasure) {
  // x on [-1, 1] with weights that differ by 1e3
  auto x = draws(200, 0, 1, false, 1);
  double largest = 0;
  for (const double v : x) largest = std::max(largest, std::abs(v));
  std::vector<double> weight;
  Real total = 0;
  for (double& v : x) {
    v /= largest;
    weight.push_back(std::exp(3.5 * v));
    total += weight.back();
  }
  for (double& w : weight) w /= static_cast<double>(total);
  for (const std::size_t n : {1u, 2u, 6u, 12u, 24u}) {
    const auto rule = gauss_rule(x, weight, n);
    ASSERT_EQ(rule.node.size(), n);
    for (std::size_t power = 0; power < 2 * n; ++power) {
      Real exact = 0, by_rule = 0;
      for (std::size_t k = 0; k < x.size(); ++k)
        exact += static_cast<Real>(weight[k]) * std::pow(static_cast<Real>(x[k]), static_cast<Real>(power));
      for (std::size_t j = 0; j < n; ++j)
        by_rule += static_cast<Real>(rule.weight[j]) *
                   std::pow(static_cast<Real>(rule.node[j]), static_cast<Real>(power));
      EXPECT_NEAR(static_cast<double>(by_rule), static_cast<double>(exact), 1e-14) << n << " " << power;
    }
    // the next moment is not right: the test would tell another rule
    Real exact = 0, by_rule = 0;
    for (std::size_t k = 0; k < x.size(); ++k)
      exact += static_cast<Real>(weight[k]) * std::pow(static_cast<Real>(x[k]), static_cast<Real>(2 * n));
    for (std::size_t j = 0; j < n; ++j)
      by_rule += static_cast<Real>(rule.weight[j]) *
                 std::pow(static_cast<Real>(rule.node[j]), static_cast<Real>(2 * n));
    if (n <= 6) {
      EXPECT_GT(std::abs(static_cast<double>(by_rule - exact)), 1e-8) << n;
    }
  }
}

TEST(GaussRule, IsGaussLegendreOfAFineGrid) {
  const std::size_t count = 20000;
  std::vector<double> x, weight(count, 1.0 / count);
  for (std::size_t k = 0; k < count; ++k) x.push_back(-1 + 2 * (static_cast<double>(k) + 0.5) / count);
  const auto rule = gauss_rule(x, weight, 3);
  const double outer = std::sqrt(0.6);
  const std::vector<double> node{-outer, 0, outer}, weights{5. / 18, 8. / 18, 5. / 18};
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(rule.node[j], node[j], 1e-8);
    EXPECT_NEAR(rule.weight[j], weights[j], 1e-8);
  }
}

TEST(GaussRule, HasNoMoreNodesThanThereAreDistinctValues) {
  const std::vector<double> x{0.25, -0.5, 0.25, 0.25}, weight{0.25, 0.25, 0.25, 0.25};
  const auto rule = gauss_rule(x, weight, 8);
  ASSERT_EQ(rule.node.size(), 2u);
  EXPECT_NEAR(rule.node[0], -0.5, 1e-15);
  EXPECT_NEAR(rule.node[1], 0.25, 1e-15);
  EXPECT_NEAR(rule.weight[1], 0.75, 1e-15);
}

/// ln L by the formula, in long double; log_density of one mu.
template <class LogDensity>
double plainly(const Catalog& c, const LogDensity& log_density) {
  Real total = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    Real sum = 0;
    for (std::size_t k = c.offsets[i]; k < c.offsets[i + 1]; ++k)
      sum += std::exp(log_density(static_cast<Real>(c.samples[k])) -
                      static_cast<Real>(c.log_interim.empty() ? 0 : c.log_interim[k]));
    total += static_cast<Real>(c.weight.empty() ? 1 : c.weight[i]) *
             std::log(sum / static_cast<Real>(c.offsets[i + 1] - c.offsets[i]));
  }
  return static_cast<double>(total);
}

Real log_normal(Real mu, const std::vector<double>& theta) {
  const Real z = (mu - static_cast<Real>(theta[0])) / static_cast<Real>(theta[1]);
  return -0.5L * (z * z + std::log(2 * std::numbers::pi_v<Real>)) - std::log(static_cast<Real>(theta[1]));
}

Real log_student_t(Real mu, const std::vector<double>& theta) {
  const Real z = (mu - static_cast<Real>(theta[0])) / static_cast<Real>(theta[1]),
             nu = static_cast<Real>(theta[2]);
  return std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5L * std::log(nu * std::numbers::pi_v<Real>) -
         std::log(static_cast<Real>(theta[1])) - (nu + 1) / 2 * std::log1p(z * z / nu);
}

/// Objects around a population N(2, 3^2) or so, of samples whose spread is `noise` and differs.
Catalog some_catalog(std::size_t n, double noise, bool heavy, bool interim, unsigned seed) {
  std::vector<std::vector<double>> objects;
  const auto truth = draws(n, 2, 3, false, seed);
  for (std::size_t i = 0; i < n; ++i)
    objects.push_back(draws(80 + 10 * (i % 7), truth[i], noise * (0.5 + static_cast<double>(i % 5) / 4),
                            heavy, seed + 1 + static_cast<unsigned>(i)));
  auto catalog = catalog_of(objects);
  if (interim)
    for (const double mu : catalog.samples) catalog.log_interim.push_back(300 - 0.02 * (mu - 1) * (mu - 1));
  return catalog;
}

Model model_of(const std::string& population) {
  starling::Priors priors{{"theta_mu", uniform(-20, 20)}, {"theta_sigma", uniform(0, 20)}};
  if (population == "student_t") priors.push_back({"nu", uniform(1, 40)});
  return {population, "samples", priors};
}

/// Thetas on either side of a reference, in each parameter.
std::vector<double> around(const std::vector<double>& reference) {
  std::vector<double> others;
  for (std::size_t j = 0; j < reference.size(); ++j)
    for (const double step : {-0.15, 0.15}) {
      others.insert(others.end(), reference.begin(), reference.end());
      others[others.size() - reference.size() + j] += step * reference[1];
    }
  return others;
}

TEST(SampleNodes, GiveTheLikelihoodOfAllSamples) {
  struct Case {
    std::string population;
    std::vector<double> reference;
    Real (*log_density)(Real mu, const std::vector<double>& theta);
  };
  const std::vector<Case> cases{{"normal", {2, 3}, log_normal}, {"student_t", {2, 2.5, 5}, log_student_t}};
  for (const auto& c : cases)
    for (const bool heavy : {false, true})
      for (const bool interim : {false, true})
        for (const char* device : {"reference", "cpu"}) {
          auto catalog = some_catalog(200, heavy ? 0.3 : 1.5, heavy, interim, 5);
          for (std::size_t i = 0; interim && i < catalog.size(); ++i)
            catalog.weight.push_back(0.5 + 0.1 * static_cast<double>(i % 7));
          const auto backend = starling::choose_backend(device, 1, 0, nullptr);
          const auto likelihood = model_of(c.population)
                                      .definition()
                                      .likelihood(catalog, Method::marginal, c.reference, {}, backend);
          EXPECT_TRUE(likelihood->by_nodes());
          EXPECT_EQ(likelihood->terms(), catalog.samples.size());
          likelihood->rebase(c.reference, around(c.reference));
          EXPECT_LT(likelihood->terms(), catalog.samples.size() / 2);
          EXPECT_GT(likelihood->integration_error({}), 0);
          EXPECT_LE(likelihood->integration_error({}), 1e-6);
          // between the thetas that nodes were made for
          for (const double a : {-0.12, -0.03, 0.0, 0.08, 0.14})
            for (const double b : {-0.13, 0.0, 0.11}) {
              auto theta = c.reference;
              theta[0] += a * c.reference[1];
              theta[1] += b * c.reference[1];
              double l = 0;
              likelihood->evaluate(theta, std::span(&l, 1));
              const double exact = plainly(catalog, [&](Real mu) { return c.log_density(mu, theta); });
              EXPECT_NEAR(l, exact, 2e-5 + 1e-7 * std::abs(exact))
                  << c.population << " " << heavy << interim << " " << device << " " << a << " " << b;
              EXPECT_LE(likelihood->integration_error(theta), 1e-5);
            }
        }
}

TEST(SampleNodes, SamplesStayWhereNodesAreTooFew) {
  const auto of = [](const Catalog& catalog, const std::vector<double>& theta, double tolerance) {
    FitOptions options;
    options.quadrature_tolerance = tolerance;
    const auto backend = starling::choose_backend("cpu", 1, 0, nullptr);
    auto likelihood =
        model_of("normal").definition().likelihood(catalog, Method::marginal, theta, options, backend);
    likelihood->rebase(theta, around(theta));
    const double error = likelihood->integration_error(theta);
    double l = 0;
    likelihood->evaluate(theta, std::span(&l, 1));
    EXPECT_NEAR(l, plainly(catalog, [&](Real mu) { return log_normal(mu, theta); }), 1e-5 * std::abs(l));
    return std::pair(likelihood->terms(), error);
  };
  const auto wide = some_catalog(30, 1.5, false, false, 7);
  EXPECT_LT(of(wide, {2, 3}, 1e-6).first, wide.samples.size() / 4);
  // a population that is narrower than the samples are apart
  EXPECT_EQ(of(wide, {2, 0.03}, 1e-6), std::pair(wide.samples.size(), 0.0));
  // asked to sum over all
  EXPECT_EQ(of(wide, {2, 3}, 1e-300), std::pair(wide.samples.size(), 0.0));
  // few samples
  std::vector<std::vector<double>> few;
  for (unsigned i = 0; i < 30; ++i) few.push_back(draws(1 + i % 11, 0, 0.1, false, i));
  EXPECT_EQ(of(catalog_of(few), {0, 1}, 1e-6), std::pair(catalog_of(few).samples.size(), 0.0));
  // one object of a thousand narrow ones: it keeps its 100 samples, all the others have nodes
  std::vector<std::vector<double>> objects(200, draws(100, 2, 0.2, false, 1));
  objects[77] = draws(100, 2, 40, false, 2);
  const auto [terms, error] = of(catalog_of(objects), {2, 1}, 1e-6);
  EXPECT_GE(terms, 100u + 199 * 6);
  EXPECT_LE(terms, 100u + 199 * 12);
  EXPECT_LE(error, 1e-6);
}

TEST(SampleNodes, SamplesStayAtTheEndsAndBreaksOfADensity) {
  const auto backend = starling::choose_backend("cpu", 1, 0, nullptr);
  const auto terms = [&](const Model& model, const Catalog& catalog, const std::vector<double>& theta,
                         const std::vector<double>& others) {
    const auto likelihood = model.definition().likelihood(catalog, Method::marginal, theta, {}, backend);
    likelihood->rebase(theta, others);
    EXPECT_LE(likelihood->integration_error({}), 1e-6);
    return likelihood->terms();
  };
  const auto expect_nodes_but_of = [](std::size_t stay, std::size_t of, std::uint64_t found) {
    EXPECT_GE(found, stay * 100 + (of - stay) * 6);
    EXPECT_LE(found, stay * 100 + (of - stay) * 12);
  };
  const auto at = [](double m, unsigned seed) { return draws(100, m, 0.01 * m, false, seed); };
  // a support that stays: a sample is beyond its end
  const Model gamma{"gamma", "samples", {}};
  const auto near_0 = catalog_of({draws(100, 0.1, 0.1, false, 1), at(6, 2), at(7, 3), at(8, 4), at(9, 5)});
  expect_nodes_but_of(1, 5, terms(gamma, near_0, {1.5, 2}, {1.4, 2, 1.6, 2.2}));
  // one that moves: alpha, its lower and its upper end; the first and the sixth may be cut by it
  const Model power_law{"power_law", "samples", {}};
  const auto masses =
      catalog_of({at(1.2, 1), at(2, 2), at(5, 3), at(10, 4), at(20, 5), at(45, 6), at(30, 7)});
  expect_nodes_but_of(
      2, 7, terms(power_law, masses, {2, 1.1, 47}, {2, 1.0, 47, 2, 1.2, 47, 2, 1.1, 45, 2, 1.1, 50}));
  // the break is on one side of the sixth object's samples or on the other
  const Model broken{"broken_power_law", "samples", {}};
  const std::vector<double> theta{1.5, 3, 20, 1, 100}, others{1.5, 3, 19, 1, 100, 1.5, 3, 24, 1, 100};
  const auto about_20 =
      catalog_of({at(5, 1), at(7, 2), at(10, 3), at(30, 4), at(40, 5), at(22, 6), at(50, 7)});
  expect_nodes_but_of(1, 7, terms(broken, about_20, theta, others));
}

TEST(SampleNodes, ErrorsBeyondTheirThetasAreTold) {
  const auto catalog = some_catalog(50, 1.5, false, false, 3);
  const std::vector<double> theta{2, 3};
  const auto backend = starling::choose_backend("cpu", 1, 0, nullptr);
  const auto likelihood =
      model_of("normal").definition().likelihood(catalog, Method::marginal, theta, {}, backend);
  likelihood->rebase(theta, around(theta));
  EXPECT_LE(likelihood->integration_error(theta), 1e-6);
  EXPECT_GT(likelihood->integration_error(std::vector<double>{2, 0.3}), 1e-3);
}

TEST(SampleNodes, FitsAreThoseOfAllSamples) {
  const auto simulation = starling::simulate("normal", {0, 1}, 200, {0.7}, 100, 4);
  FitOptions options;
  options.ensembles = 2;
  options.walkers = 20;
  options.burn_in = 200;
  options.steps = 200;
  options.device = "cpu";
  const Model model{"normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 5)}}};
  for (const auto method : {Method::marginal, Method::joint}) {
    const auto fit = method == Method::joint ? starling::fit_joint : starling::fit_marginal;
    const auto by_nodes = fit(model, simulation.catalog, options);
    options.quadrature_tolerance = 1e-300;
    const auto by_all = fit(model, simulation.catalog, options);
    options.quadrature_tolerance = 1e-6;
    EXPECT_EQ(by_all.results.attributes.count("integration_error"), 0u);
    ASSERT_EQ(by_nodes.results.attributes.count("integration_error"), 1u);
    EXPECT_LE(std::stod(by_nodes.results.attributes.at("integration_error")), 1e-5);
    // the same random numbers: draws part only where an acceptance hangs by 1e-4
    for (std::size_t j = 0; j < 2; ++j) {
      const std::size_t n = by_nodes.header.chains() * by_nodes.draws;
      ASSERT_EQ(n, by_all.header.chains() * by_all.draws);
      std::size_t same = 0;
      for (std::size_t k = 0; k < n; ++k) same += by_nodes.values(j)[k] == by_all.values(j)[k];
      EXPECT_GT(same, n / 2);
    }
    EXPECT_EQ(by_nodes.results.monte_carlo.worst.size(), by_all.results.monte_carlo.worst.size());
    EXPECT_NEAR(by_nodes.results.monte_carlo.variance, by_all.results.monte_carlo.variance,
                0.05 * by_all.results.monte_carlo.variance);
  }
}

}  // namespace
}  // namespace fit_test
