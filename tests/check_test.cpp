// Posterior predictive checks: replicates follow the distribution that they should (KS tests, false-alarm
// rate 1e-7 each, fixed seeds), good models pass, and bad ones are found out.
#include "starling/check.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "fit_support.hpp"
#include "sampler/replicate.hpp"

namespace fit_test {
namespace {

using starling::Method;
using starling::PredictiveCheck;
using starling::Replicator;
using starling::uniform;

double phi(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// The largest distance of the points' distribution from `cdf`, in units of 1 / sqrt(n).
template <class Cdf>
double distance(std::vector<double> points, Cdf cdf) {
  std::sort(points.begin(), points.end());
  const double n = static_cast<double>(points.size());
  double largest = 0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const double p = cdf(points[k]);
    largest = std::max(
        {largest, std::abs(p - static_cast<double>(k) / n), std::abs(p - static_cast<double>(k + 1) / n)});
  }
  return largest * std::sqrt(n);
}
constexpr double kLimit = 2.9;  // 2 exp(-2 x^2) = 1e-7

Model with(const std::string& selection) {
  return {"normal",
          "normal",
          {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}},
          starling::parse_selection(selection)};
}

const std::vector<double> kTheta{0.3, 1.2};

TEST(Replicates, OfMeasuredValuesHaveNewTruthsAndNewNoise) {
  const auto catalog = made(20000, 5, 3, {0.9});  // whatever it holds
  const Model model = with("");
  const Replicator replicator(model, catalog, Method::marginal, 1);
  const auto points = replicator.replicated(kTheta, 0), others = replicator.replicated(kTheta, 1);
  const auto cdf = [](double x) { return phi((x - 0.3) / std::hypot(1.2, 0.9)); };
  EXPECT_LT(distance(points, cdf), kLimit);
  EXPECT_LT(distance(others, cdf), kLimit);
  EXPECT_GT(distance(points, [](double x) { return phi((x - 0.3) / 1.2); }), kLimit);  // noise is in them
  EXPECT_NE(points, others);
  EXPECT_EQ(points, Replicator(model, catalog, Method::marginal, 1).replicated(kTheta, 0));
  EXPECT_EQ(replicator.observed(kTheta, 0), catalog.x);
}

TEST(Replicates, KeepTheNoiseOfTheirObjects) {
  auto catalog = made(20000, 0, 1, {1});
  catalog.sigma.assign(20000, 0.5);
  for (std::size_t i = 10000; i < 20000; ++i) catalog.sigma[i] = 4;
  const Model model = with("");
  const auto points = Replicator(model, catalog, Method::joint, 1).replicated(kTheta, 0);
  for (const bool second : {false, true}) {
    const std::vector<double> half(points.begin() + (second ? 10000 : 0),
                                   points.begin() + (second ? 20000 : 10000));
    const double width = std::hypot(1.2, second ? 4 : 0.5);
    EXPECT_LT(distance(half, [&](double x) { return phi((x - 0.3) / width); }), kLimit) << second;
  }
}

TEST(Replicates, OfANaiveFitAreTruths) {
  const auto catalog = made(20000, 5, 3, {0.9});
  const Model model = with("");
  const auto points = Replicator(model, catalog, Method::naive, 1).replicated(kTheta, 0);
  EXPECT_LT(distance(points, [](double x) { return phi((x - 0.3) / 1.2); }), kLimit);
}

TEST(Replicates, AreCutAsTheSelectionSays) {
  const auto catalog = made(20000, 5, 3, {0.9});
  const Model threshold = with("threshold(0.5)");
  const auto above = Replicator(threshold, catalog, Method::marginal, 1).replicated(kTheta, 0);
  const double width = std::hypot(1.2, 0.9), cut = phi((0.5 - 0.3) / width);
  EXPECT_GT(*std::min_element(above.begin(), above.end()), 0.5);
  EXPECT_LT(distance(above, [&](double x) { return (phi((x - 0.3) / width) - cut) / (1 - cut); }), kLimit);

  const Model logistic = with("logistic(1, 0.4)");
  const auto seen = Replicator(logistic, catalog, Method::naive, 1).replicated(kTheta, 0);
  std::vector<double> at, sum{0};  // the distribution of mu given that it was seen, by the trapezoidal rule
  for (double mu = -7; mu < 8; mu += 0.002) {
    at.push_back(mu);
    sum.push_back(sum.back() +
                  std::exp(-0.5 * std::pow((mu - 0.3) / 1.2, 2)) / (1 + std::exp(-(mu - 1) / 0.4)));
  }
  EXPECT_LT(
      distance(seen,
               [&](double mu) { return sum[static_cast<std::size_t>((mu + 7) / 0.002) + 1] / sum.back(); }),
      kLimit);
}

TEST(Replicates, OfSamplesAreNewTruthsBesideLatentsOfTheOld) {
  const auto catalog = starling::simulate("normal", {0.3, 1.2}, 4000, {0.5}, 200, 3).catalog;
  const Model model{"normal", "samples", {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}};
  const Replicator replicator(model, catalog, Method::marginal, 1);
  ASSERT_TRUE(replicator.of_latents());
  const auto cdf = [](double mu) { return phi((mu - 0.3) / 1.2); };
  EXPECT_LT(distance(replicator.replicated(kTheta, 0), cdf), kLimit);
  // theta is the truth, so that latents given the samples follow the population, but for their Monte Carlo
  // error
  EXPECT_LT(distance(replicator.observed(kTheta, 0), cdf), kLimit);
}

TEST(Replicates, CannotBeDrawnBehindInjections) {
  const auto catalog = made(10, 0, 1, {1});
  starling::Selection selection;
  selection.kind = starling::Selection::Kind::injections;
  selection.mu = {0, 1};
  selection.value = {0, 0};
  selection.injected = 10;
  const Model model{
      "normal", "normal", {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}, selection};
  EXPECT_THROW(Replicator(model, catalog, Method::marginal, 1), starling::InputError);
  EXPECT_THROW(Replicator(with("threshold(0)"), catalog, Method::naive, 1), starling::InputError);
  EXPECT_THROW(static_cast<void>(
                   Replicator(with("threshold(40)"), catalog, Method::marginal, 1).replicated(kTheta, 0)),
               starling::RunError);
}

PredictiveCheck checked(const Model& model, const Catalog& catalog, Method method) {
  FitOptions options;
  options.ensembles = 2;
  options.walkers = 20;
  options.burn_in = 200;
  options.steps = 200;
  starling::MemorySink sink;
  fit(model, catalog, method, options, sink);
  return check_predictions(model, catalog, sink.take(), {.replicates = 400, .seed = 1, .threads = 0});
}

double p_of(const PredictiveCheck& check, const std::string& name) {
  for (const auto& q : check.quantities)
    if (q.name == name) return q.p;
  return NAN;
}

TEST(PredictiveChecks, PassWhereTheModelIsRight) {
  for (const auto method : {Method::marginal, Method::joint}) {
    const auto check = checked(with(""), made(300, 1, 2, log_normal_noise(300, 1, 0.5)), method);
    EXPECT_EQ(check.quantities.size(), 9u);
    for (const auto& q : check.quantities) EXPECT_FALSE(q.extreme()) << q.name << " " << q.p;
    double area = 0, density = 0;
    for (std::size_t k = 0; k < check.observed.size(); ++k)
      area += check.observed[k] * (check.edges[k + 1] - check.edges[k]);
    for (const double p : check.density.median) density += p * (check.mu[1] - check.mu[0]);
    EXPECT_NEAR(area, 1, 0.02);
    EXPECT_NEAR(density, 1, 0.02);
  }
}

TEST(PredictiveChecks, FindOutliers) {
  auto catalog = made(300, 0, 1, {0.5});
  for (std::size_t i = 0; i < 6; ++i) catalog.x[i * 50] = 7 + 0.1 * static_cast<double>(i);
  const auto check = checked(with(""), catalog, Method::marginal);
  EXPECT_LT(p_of(check, "largest"), 0.005);
  EXPECT_LT(p_of(check, "skewness"), 0.005);
  std::ostringstream text;
  text << check;
  EXPECT_NE(text.str().find("TOO HIGH"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("does not explain"), std::string::npos);
}

TEST(PredictiveChecks, FindNoiseThatGoesWithTheValue) {
  auto catalog = made(300, 0, 1, log_normal_noise(300, 0.5, 0.4));
  std::sort(catalog.x.begin(), catalog.x.end());
  std::sort(catalog.sigma.begin(), catalog.sigma.end());
  EXPECT_LT(p_of(checked(with(""), catalog, Method::marginal), "correlation with sigma"), 0.005);
}

TEST(PredictiveChecks, FindAShapeBehindPosteriorSamples) {
  // truths from two peaks, fitted by one normal population
  auto catalog = starling::simulate("normal_mixture_2", {-3, 0.3, 3, 0.3, 0.5}, 300, {0.4}, 100, 5).catalog;
  const Model model{"normal", "samples", {{"theta_mu", uniform(-9, 9)}, {"theta_sigma", uniform(0, 9)}}};
  const auto check = checked(model, catalog, Method::marginal);
  EXPECT_TRUE(check.of_latents);
  EXPECT_GT(p_of(check, "largest"), 0.995);
  EXPECT_LT(p_of(check, "smallest"), 0.005);
}

TEST(PredictiveChecks, JsonHasTheDocumentedKeys) {
  const auto json = nlohmann::json::parse(to_json(checked(with(""), made(50, 0, 1, {1}), Method::marginal)));
  EXPECT_EQ(json["method"], "marginal");
  EXPECT_EQ(json["of"], "points");
  EXPECT_EQ(json["replicates"], 400);
  for (const char* key : {"observed", "lower", "upper", "p", "extreme"})
    EXPECT_TRUE(json["quantities"]["mean"].contains(key)) << key;
  EXPECT_EQ(json["histogram"]["edges"].size(), json["histogram"]["observed"].size() + 1);
  EXPECT_EQ(json["histogram"]["replicated"]["median"].size(), json["histogram"]["observed"].size());
  EXPECT_EQ(json["density"]["mu"].size(), json["density"]["population"]["upper95"].size());
}

}  // namespace
}  // namespace fit_test
