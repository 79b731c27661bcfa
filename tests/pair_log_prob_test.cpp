// ln L of every pair (population, measurement) against integrals over each latent by brute force.
#include <gtest/gtest.h>

#include "models/quadrature.hpp"
#include "pair_support.hpp"

namespace pair_test {
namespace {

using starling::FitOptions;
using starling::log_probability;
using starling::Method;

FitOptions on(const std::string& device) {
  FitOptions o;
  o.device = device;
  o.threads = 1;
  if (device == "reference") o.quadrature_tolerance = 1e-9;
  return o;
}

std::vector<double> theta_of(const PopulationCase& p, const MeasurementCase& m) {
  auto theta = p.theta;
  theta.insert(theta.end(), m.theta.begin(), m.theta.end());
  return theta;
}

Catalog simulated(const PopulationCase& p, const MeasurementCase& m, std::size_t objects = 30) {
  return starling::simulate({p.text, m.text, theta_of(p, m), m.columns, objects, 0, 7}).catalog;
}

/// theta, and theta away from it where that is possible.
std::vector<std::vector<double>> thetas(const starling::Model& model, const std::vector<double>& theta) {
  std::vector<std::vector<double>> all{theta};
  for (const double factor : {1.2, 0.75}) {
    auto other = theta;
    for (std::size_t j = 0; j < other.size(); ++j) other[j] *= j % 2 == 0 ? factor : 1 + 0.5 * (factor - 1);
    if (std::isfinite(model.log_prior(other))) all.push_back(other);
  }
  return all;
}

void expect_integrals(const std::string& population, const MeasurementCase& m, const Catalog& catalog,
                      const std::vector<double>& theta, double single = 1e-5, double twofold = 1e-7) {
  const auto model = model_of(population, m.text);
  BruteForce exact(population, m);
  const double n = static_cast<double>(catalog.size());
  for (const auto& t : thetas(model, theta)) {
    exact.at(t);
    const double expected = exact.sum(catalog);
    for (const std::string device : {"cpu", "reference"}) {
      const auto got = log_probability(model, catalog, Method::marginal, t, on(device));
      if (std::isinf(expected)) {
        EXPECT_EQ(got.log_likelihood, expected) << device;
        continue;
      }
      // a thousandfold of the noise away from anything possible: no digits are asked for
      if (std::abs(expected) > 1e5 * n) continue;
      // values of 1e6 times their noise: floats resolve the noise itself only just
      if (device == "cpu" && m.text == "log_flux" && exact.largest() > 3) continue;
      const double limit = (device == "cpu" ? single : twofold) * std::max(std::abs(expected), n);
      EXPECT_NEAR(got.log_likelihood, expected, limit)
          << population << ' ' << m.text << ' ' << device << ' ' << testing::PrintToString(t);
    }
  }
}

class PairOf : public testing::TestWithParam<PopulationCase> {};
INSTANTIATE_TEST_SUITE_P(All, PairOf, testing::ValuesIn(populations()), [](const auto& one) {
  std::string name = one.param.text;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
});

TEST_P(PairOf, MarginalEqualsTheIntegral) {
  int pairs = 0;
  for (const auto& m : measurements()) {
    if (!starling::pair_facts(GetParam().text, m.text).why_not.empty()) continue;
    SCOPED_TRACE(m.text);
    expect_integrals(GetParam().text, m, simulated(GetParam(), m), theta_of(GetParam(), m));
    ++pairs;
  }
  EXPECT_GE(pairs, 7);
}

TEST_P(PairOf, NaiveEqualsThePlainSum) {
  const auto& m = measurement("normal");
  const auto model = model_of(GetParam().text, "normal");
  auto catalog = starling::simulate(GetParam().text, GetParam().theta, 40, {1e-4}, 0, 3).catalog;
  const auto mu = starling::simulate(GetParam().text, GetParam().theta, 40, {1e-4}, 0, 3).mu;
  catalog.x = mu;  // inside of the support
  BruteForce exact(GetParam().text, m);
  for (const auto& t : thetas(model, GetParam().theta)) {
    exact.at(t);
    double expected = 0;
    for (const double x : catalog.x) expected += exact.log_density(x);
    for (const std::string device : {"cpu", "reference"}) {
      const auto got = log_probability(model, catalog, Method::naive, t, on(device)).log_likelihood;
      if (std::isinf(expected))
        EXPECT_EQ(got, expected);
      else
        EXPECT_NEAR(got, expected, (device == "cpu" ? 1e-5 : 1e-9) * std::max(40.0, std::abs(expected)));
    }
  }
}

// ---- awkward data

Catalog with_columns(std::vector<double> x, std::vector<double> sigma,
                     std::map<std::string, starling::Numbers> columns = {}) {
  Catalog c;
  c.x = std::move(x);
  c.sigma = std::move(sigma);
  c.columns = std::move(columns);
  return c;
}

TEST(AwkwardData, NoiseFromNothingToEnormous) {
  const auto catalog = with_columns({0.5, 1.2, 0.8, 3, 9, -0.3, 0.7}, {1e-9, 0.1, 1e4, 1e-3, 5, 0.5, 1e-5});
  for (const char* name :
       {"normal", "student_t", "gamma", "log_normal", "skew_normal", "bb1", "normal_mixture_2"})
    for (const char* noise : {"normal", "student_t(nu=4)", "normal_unknown_noise"}) {
      SCOPED_TRACE(std::string(name) + ' ' + noise);
      const auto& m = measurement(noise);
      expect_integrals(name, m, catalog, theta_of(population(name), m));
    }
}

TEST(AwkwardData, ValuesOutsideOfTheSupport) {
  const auto catalog = with_columns({-2, -0.1, 1.5, 9}, {0.5});
  for (const auto& p : populations())
    if (p.text != "normal") {
      SCOPED_TRACE(p.text);
      expect_integrals(p.text, measurement("normal"), catalog, p.theta);
    }
}

TEST(AwkwardData, PointsOfNoDensity) {
  // 0 is the open end of the support of the first, exponential families; that of the last moves
  for (const auto& [name, point] :
       {std::pair{"log_normal", 0.0}, {"gamma", 0.0}, {"beta", 0.0}, {"power_law", -1.5}}) {
    SCOPED_TRACE(name);
    auto catalog = with_columns({0.5, point, 0.7}, {0.5});
    const auto& theta = population(name).theta;
    const auto model = model_of(name, "normal");
    const auto naive = [&] { return log_probability(model, catalog, Method::naive, theta, on("cpu")); };
    const auto outside = naive();
    EXPECT_EQ(outside.log_likelihood, -std::numeric_limits<double>::infinity());
    EXPECT_EQ(outside.impossible, std::vector<std::size_t>{1});
    catalog.weight = {1, 0, 3};  // an object of no weight does not count
    BruteForce exact(name, measurement("normal"));
    exact.at(theta);
    EXPECT_NEAR(naive().log_likelihood, exact.log_density(0.5) + 3 * exact.log_density(0.7), 1e-5);
  }
}

TEST(AwkwardData, UpperAndLowerLimits) {
  const auto catalog =
      with_columns({0.5, 1.2, 0.2, 3, -1}, {0.1, 1e-3, 0.5, 0.2, 0.4}, {{"limit", {1, -1, 0, 1, -1}}});
  for (const char* name :
       {"normal", "student_t", "gamma", "truncated_normal(lower=0,upper=inf)", "power_law"}) {
    SCOPED_TRACE(name);
    expect_integrals(name, measurement("censored_normal"), catalog, population(name).theta);
  }
}

TEST(AwkwardData, VeryUnequalErrors) {
  const auto catalog =
      with_columns({0.5, 1.2, 0.9}, {}, {{"sigma_minus", {0.01, 2, 1e-4}}, {"sigma_plus", {1, 1e-3, 3}}});
  for (const char* name : {"normal", "gamma"})
    expect_integrals(name, measurement("two_sided_normal"), catalog, population(name).theta);
}

TEST(AwkwardData, CountsOfNothingAndOfVeryMuch) {
  const auto counts = with_columns({0, 0, 1, 5000, 3}, {}, {{"exposure", {1e-3, 50, 1, 2000, 1e4}}});
  for (const char* name : {"gamma", "log_normal", "power_law"})
    expect_integrals(name, measurement("poisson"), counts, population(name).theta);
  for (const char* name : {"normal", "student_t"})
    expect_integrals(name, measurement("poisson_log"), counts, population(name).theta);
  const auto trials = with_columns({0, 0, 7, 7, 500}, {}, {{"trials", {0, 9, 7, 20, 1000}}});
  expect_integrals("beta", measurement("binomial"), trials, {1.5, 2.5});
  for (const char* name : {"normal", "student_t"})
    expect_integrals(name, measurement("binomial_logit"), trials, population(name).theta);
}

TEST(AwkwardData, WeightsMultiplyEveryObject) {
  auto catalog = with_columns({0.5, 1.2, 0.2}, {0.3});
  catalog.weight = {0, 2.5, 1};
  for (const char* name : {"gamma", "power_law"})
    expect_integrals(name, measurement("normal"), catalog, population(name).theta);
}

TEST(AwkwardData, SuccessesAreNoMoreThanTrials) {
  const auto catalog = with_columns({3, 8}, {}, {{"trials", {5, 7}}});
  const auto model = model_of("beta", "binomial");
  try {
    log_probability(model, catalog, Method::marginal, {1, 2}, on("cpu"));
    FAIL();
  } catch (const starling::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("row 1: expected x of at most trials"), std::string::npos)
        << error.what();
  }
}

// ---- the error that quadrature says of itself

TEST(QuadratureError, IsNotLessThanTheErrorThereIs) {
  for (const char* name : {"normal", "student_t", "gamma", "beta", "normal_mixture_3"})
    for (const char* text : {"normal", "two_sided_normal", "student_t(nu=4)"})
      for (const double tolerance : {1e-2, 1e-4, 1e-6}) {
        const auto& m = measurement(text);
        const auto p = starling::find_population(name).model;
        const auto measured = starling::find_measurement(text).model;
        const auto catalog = simulated(population(name), m, 20);
        BruteForce exact(name, m);
        exact.at(population(name).theta);
        const std::vector<starling::QuadraturePoint> at{
            quadrature_point(*p, *measured, population(name).theta, {}, starling::Frame{})};
        const starling::Rows rows(*measured, catalog);
        for (std::size_t i = 0; i < catalog.size(); ++i) {
          const auto datum = measured->datum(rows[i], starling::Frame{});
          const auto nodes = place_nodes(*p, *measured, datum, at, tolerance);
          const double got = log_integral(*p, *measured, datum, at[0], nodes) +
                             measured->log_constant(rows[i], starling::Frame{});
          EXPECT_LT(nodes.error, tolerance);
          EXPECT_NEAR(got, exact(object_of(catalog, i)).log, 2 * nodes.error + 1e-8)
              << name << ' ' << text << ' ' << i;
        }
      }
}

TEST(QuadratureNodes, AreLeftOutWhereTheyAddNothing) {
  // the rule for ends of the support at which densities may be singular has 96 nodes
  const auto p = starling::find_population("gamma").model;
  const auto measured = starling::find_measurement("normal").model;
  const auto& m = measurement("normal");
  const auto catalog = simulated(population("gamma"), m, 50);
  const starling::Rows rows(*measured, catalog);
  const std::vector<starling::QuadraturePoint> at{
      quadrature_point(*p, *measured, population("gamma").theta, {}, starling::Frame{})};
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const auto nodes = place_nodes(*p, *measured, measured->datum(rows[i], starling::Frame{}), at, 1e-6);
    EXPECT_LT(nodes.rule->t.size(), 60) << i;
    EXPECT_LT(nodes.error, 1e-6) << i;
  }
}

TEST(QuadratureNodes, DoNotResolveAPopulationMuchNarrowerThanTheyAreApart) {
  const auto p = starling::find_population("student_t").model;
  const auto measured = starling::find_measurement("normal").model;
  const auto catalog = simulated(population("student_t"), measurement("normal"), 20);
  const starling::Rows rows(*measured, catalog);
  const auto point = [&](double mu, double sigma) {
    return quadrature_point(*p, *measured, std::vector{mu, sigma, 5.0}, {}, starling::Frame{});
  };
  const std::vector<starling::QuadraturePoint> wide{point(0, 1)};
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const auto datum = measured->datum(rows[i], starling::Frame{});
    const auto nodes = place_nodes(*p, *measured, datum, wide, 1e-3);
    EXPECT_TRUE(resolves(*p, *measured, datum, wide[0], nodes)) << i;
    // at a node, a twentieth of their distance wide
    const auto& t = nodes.rule->t;
    const std::size_t k = t.size() / 2;
    const double length = nodes.b - nodes.a;
    const auto narrow = point(nodes.a + length * t[k], length * (t[k + 1] - t[k]) / 20);
    EXPECT_FALSE(resolves(*p, *measured, datum, narrow, nodes)) << i;
    const auto for_both = place_nodes(*p, *measured, datum, std::vector{wide[0], narrow}, 1e-3);
    EXPECT_TRUE(resolves(*p, *measured, datum, narrow, for_both)) << i;
    EXPECT_GT(log_integral(*p, *measured, datum, narrow, nodes),
              log_integral(*p, *measured, datum, narrow, for_both) + 1)
        << i;
  }
}

}  // namespace
}  // namespace pair_test
