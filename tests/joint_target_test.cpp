// The joint density that the chain keeps after moves at fixed eta is what would be computed afresh, and theta
// is drawn from the densities that its moves are judged by.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>

#include "models/definition.hpp"
#include "models/object_acceptance.hpp"
#include "vector_cases.hpp"

namespace {

struct Case {
  std::string population, measurement;
  std::vector<double> before, after;
  std::map<std::string, std::vector<double>> columns;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.population << " x " << c.measurement;
}

starling::Model model_of(const std::string& population, const std::string& measurement) {
  starling::Priors priors;
  for (const auto& p : starling::parameters_of(population, measurement))
    priors.emplace_back(p.name, starling::parse_prior(p.lower < -1  ? "normal(0, 9)"
                                                      : p.upper > 1 ? "half_normal(9)"
                                                                    : "uniform(-1, 1)"));
  return {population, measurement, priors};
}

starling::Catalog catalog_of(const Case& c, std::size_t objects) {
  auto columns = c.columns;
  for (auto& [role, values] : columns) values.resize(objects, values[0]);
  return starling::simulate({c.population, c.measurement, c.before, columns, objects, 0, 4}).catalog;
}

/// On the reference backend.
std::unique_ptr<starling::JointTarget> target_of(const starling::Model& model,
                                                 const starling::Catalog& catalog, std::size_t walkers,
                                                 const char* latents) {
  starling::FitOptions options;
  options.ensembles = 1;
  options.walkers = walkers;
  options.latents = latents;
  starling::Backend backend;
  backend.kind = starling::BackendKind::reference;
  return model.definition().joint(catalog, options, false, backend);
}

class JointTargets : public testing::TestWithParam<Case> {};

TEST_P(JointTargets, TheDensityIsCarriedOverAMoveAtFixedEta) {
  const Case& c = GetParam();
  constexpr std::size_t n = 40, chains = 2;
  const std::size_t d = c.before.size();
  const auto catalog = catalog_of(c, n);
  const starling::Model model = model_of(c.population, c.measurement);
  const auto target = target_of(model, catalog, chains, "metropolis");

  std::vector<double> before, after;
  for (std::size_t k = 0; k < chains; ++k) {
    before.insert(before.end(), c.before.begin(), c.before.end());
    after.insert(after.end(), c.after.begin(), c.after.end());
  }
  target->start(before);
  target->sweep(0, before, starling::LatentStep::Collect::nothing);
  const std::vector<std::size_t> all{0, 1};
  std::vector<double> centred(chains), noncentred(chains), moved(chains), carried(chains), afresh(chains);
  target->centred(all, before, centred);
  target->noncentred(all, before, before, noncentred);
  target->noncentred(all, before, after, moved);
  for (std::size_t k = 0; k < chains; ++k)
    carried[k] =
        target->transform(k, {&before[k * d], d}, {&after[k * d], d}, centred[k], noncentred[k], moved[k]);
  static_cast<void>(target->finish(starling::LatentStep::Collect::moments, 1));  // the latents have moved
  target->centred(all, after, afresh);
  for (std::size_t k = 0; k < chains; ++k) {
    // centred leaves out p(x | latents), in which theta has no say
    const double whole = afresh[k] + moved[k];
    EXPECT_NEAR(carried[k], whole, 1e-9 * (std::abs(centred[k]) + std::abs(moved[k])));
    EXPECT_GT(std::abs(afresh[k] - centred[k]), 1) << "a move that changes nothing shows nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(OfOneLatentAndSeveral, JointTargets,
                         testing::Values(Case{"student_t", "poisson_log", {1, 1, 5}, {1.3, 0.8, 5}, {}},
                                         Case{"skew_normal", "poisson_log", {1, 1, 2}, {1.3, 0.8, 2}, {}},
                                         Case{"multivariate_normal(dimension=2)",
                                              "normal",
                                              {0, 1, 1, 2, 0.3},
                                              {0.4, 0.7, 1.5, 1.2, 0.3},
                                              {{"sigma", {0.5}}, {"sigma_2", {0.8}}}}));

// ---- acceptance, object by object

TEST_P(JointTargets, TheAcceptanceOfObjectsAddsUpToThatOfAll) {
  const Case& c = GetParam();
  constexpr std::size_t n = 40, chains = 16;
  const auto catalog = catalog_of(c, n);
  const starling::Model model = model_of(c.population, c.measurement);
  const auto target = target_of(model, catalog, chains, "metropolis");
  std::vector<double> theta;
  for (std::size_t k = 0; k < chains; ++k) theta.insert(theta.end(), c.before.begin(), c.before.end());
  target->start(theta);
  double all = 0, gains = 0;
  for (std::uint32_t t = 0; t < 60; ++t) {
    if (t == 40) target->begin_acceptance_of_objects();
    target->sweep(t, theta, starling::LatentStep::Collect::accepted);
    const double gain = std::min(1.0, 3 * std::pow(t + 1.0, -0.6));
    if (t >= 40) all += gain * target->acceptance(), gains += gain;
    target->adapt(t);
  }
  all /= gains;
  const auto shares = target->acceptance_of_objects();
  ASSERT_EQ(shares.size(), n);
  const auto [lowest, highest] = std::minmax_element(shares.begin(), shares.end());
  EXPECT_LT(*lowest + 0.03, *highest);  // they are not all the same
  // that of several latents is told from probabilities, not from decisions, and to first order in the gain
  const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / n;
  EXPECT_NEAR(mean, all, c.columns.empty() ? 1e-6 : 0.02);
}

TEST(AcceptanceOfObjects, IsNothingForExactDraws) {
  const auto catalog = starling::simulate("normal", {0, 1}, 10, {1}, 0, 1).catalog;
  const starling::Model model = model_of("normal", "normal");
  const auto target = target_of(model, catalog, 8, "exact");
  target->begin_acceptance_of_objects();
  EXPECT_TRUE(target->acceptance_of_objects().empty());
}

TEST(AcceptanceOfObjects, IsZeroWhereProposalsAreNoNumbers) {
  starling::ObjectAcceptance acceptance;
  acceptance.begin({0, 1});
  acceptance.add(0.5);
  EXPECT_EQ(acceptance.since_begin({std::nan(""), 1.05}, 0.44),
            (std::vector<double>{0, 0.44 + (1.05 - 1) / 0.5}));
  EXPECT_TRUE(acceptance.since_begin({0, 1}, 0.44).empty());
}

// ---- draws of theta

/// Draws of (theta_mu, theta_sigma) against a grid of their density.
using Density = std::function<double(double mu, double sigma)>;
using DrawTheta = std::function<bool(starling::HostStream& stream, std::span<double> theta)>;

/// The largest distance of the draws' distribution from the density's, over three projections, times the root
/// of their number (Kolmogorov & Smirnov). Beyond 3 it is by chance less than once in 3e7.
double largest_distance(const Density& log_density, const DrawTheta& draw) {
  constexpr int cells = 500;
  constexpr std::size_t draws = 20000;
  std::vector<std::array<double, 3>> grid;  // mu, sigma, weight; at random in their cells, so without steps
  starling::HostStream in_cells(6, 0, 0, 7);
  for (int a = 0; a < cells; ++a)
    for (int b = 0; b < cells; ++b) {
      const double mu = -6 + 12 * (a + in_cells.uniform()) / cells,
                   sigma = 0.01 * std::pow(1000, (b + in_cells.uniform()) / cells);
      grid.push_back({mu, sigma, std::exp(log_density(mu, sigma)) * sigma});
    }
  std::vector<std::array<double, 2>> drawn;
  for (std::size_t k = 0; k < draws; ++k) {
    starling::HostStream stream(5, 0, static_cast<std::uint32_t>(k), 7);
    std::array<double, 2> theta{0.3, 0.8};
    if (draw(stream, theta)) drawn.push_back(theta);
  }
  EXPECT_EQ(drawn.size(), draws);
  double distance = 0;
  for (const auto& [m, s] : {std::pair{1.0, 0.0}, {0.0, 1.0}, {0.5, 1.0}}) {
    std::vector<std::pair<double, double>> expected;
    std::vector<double> seen;
    double total = 0;
    for (const auto& [mu, sigma, weight] : grid) {
      expected.emplace_back(m * mu + s * sigma, weight);
      total += weight;
    }
    for (const auto& [mu, sigma] : drawn) seen.push_back(m * mu + s * sigma);
    std::sort(expected.begin(), expected.end());
    std::sort(seen.begin(), seen.end());
    double below = 0;
    std::size_t k = 0;
    for (const auto& [value, weight] : expected) {
      while (k < seen.size() && seen[k] < value) ++k;
      below += weight / total;
      distance = std::max(distance, std::abs(below - 0.5 * weight / total -
                                             static_cast<double>(k) / static_cast<double>(draws)));
    }
  }
  return distance * std::sqrt(static_cast<double>(draws));
}

class DrawsOfTheta : public testing::TestWithParam<const char*> {};

TEST_P(DrawsOfTheta, FollowTheirConditionals) {
  const std::string measurement = GetParam();
  std::vector<double> truth{0.4, 1};
  starling::Priors priors{{"theta_mu", starling::parse_prior("normal(0, 9)")},
                          {"theta_sigma", starling::parse_prior("half_normal(9)")}};
  if (measurement != "normal") {
    truth.push_back(1.3);
    priors.emplace_back("noise_scale", starling::parse_prior("half_normal(9)"));
  }
  const auto catalog =
      starling::simulate({"normal", measurement, truth, {{"sigma", std::vector<double>(12, 0.7)}}, 12, 0, 4})
          .catalog;
  const starling::Model model("normal", measurement, priors);
  starling::FitOptions options;
  options.ensembles = 1;
  options.walkers = 2;
  options.latents = "exact";
  starling::Backend backend;
  backend.kind = starling::BackendKind::reference;
  const auto target = model.definition().joint(catalog, options, false, backend);
  ASSERT_TRUE(target->draws_theta());

  std::vector<double> first = truth;  // chain 0's; where the latents were drawn
  first[0] = 0.3;
  first[1] = 0.8;
  auto all = first;
  all.insert(all.end(), truth.begin(), truth.end());
  target->start(all);
  target->sweep(0, all, starling::LatentStep::Collect::nothing);
  const std::vector<std::size_t> chain{0};
  const auto at = [&](double mu, double sigma) {
    auto theta = first;
    theta[0] = mu;
    theta[1] = sigma;
    return theta;
  };
  const auto within = [&](const auto& log_density) {
    return [top = log_density(first[0], first[1]), log_density](double mu, double sigma) {
      return log_density(mu, sigma) - top;
    };
  };
  const auto centred = within([&](double mu, double sigma) {
    double l = 0;
    target->centred(chain, at(mu, sigma), std::span(&l, 1));
    return l;
  });
  const auto draw = [&](starling::HostStream& stream, std::span<double> theta, bool at_fixed_eta) {
    auto whole = first;
    const bool drawn = at_fixed_eta ? target->draw_noncentred(0, all, stream, whole)
                                    : target->draw_centred(0, stream, whole);
    std::copy_n(whole.begin(), 2, theta.begin());
    return drawn;
  };
  EXPECT_LT(largest_distance(centred, [&](auto& stream, auto theta) { return draw(stream, theta, false); }),
            3);

  const auto noncentred = within([&](double mu, double sigma) {
    double l = 0;
    target->noncentred(chain, all, at(mu, sigma), std::span(&l, 1));
    return l;
  });
  // the density goes on below 0, where no prior lets theta_sigma be: draws there are left out of the count
  const auto positive = [&](auto& stream, auto theta) {
    bool drawn = false;
    do drawn = draw(stream, theta, true);
    while (drawn && !(theta[1] > 0));
    return drawn;
  };
  EXPECT_LT(largest_distance(noncentred, positive), 3);
  // the check sees the other conditional, which is not far from it
  EXPECT_GT(largest_distance(centred, positive), 6);
}

class DrawsFromLikelihoods : public testing::TestWithParam<std::tuple<starling::Method, bool>> {};

TEST_P(DrawsFromLikelihoods, FollowTheDensityThatTheirRatioIsOf) {
  const auto [method, weighted] = GetParam();
  auto catalog =
      starling::simulate({"normal", "normal", {20.4, 1}, {{"sigma", std::vector<double>(12, 0.7)}}, 12, 0, 4})
          .catalog;
  for (double& x : catalog.x) x -= 20;  // any frame but the catalog's own
  if (weighted)
    for (std::size_t i = 0; i < catalog.size(); ++i)
      catalog.weight.push_back(0.5 + 0.1 * static_cast<double>(i));
  const auto model = model_of("normal", "normal");
  starling::FitOptions options;
  options.integral = "exact";
  starling::Backend backend;
  backend.kind = starling::BackendKind::reference;
  const auto likelihood =
      model.definition().likelihood(catalog, method, std::vector{0.3, 0.8}, options, backend);
  ASSERT_TRUE(likelihood->draws_theta());

  const auto log_likelihood = [&](double mu, double sigma) {
    double l = 0;
    likelihood->evaluate(std::array{mu, sigma}, std::span(&l, 1));
    return l;
  };
  const double top = log_likelihood(0.3, 0.8);
  const auto draw = [&](starling::HostStream& stream, std::span<double> theta) {
    for (int k = 0; k < 1000; ++k)  // of a width below the noise's there is no draw
      if (likelihood->draw(stream, theta)) return true;
    return false;
  };
  const auto of_draws = [&](double mu, double sigma) {
    double ratio = 0;
    likelihood->add_log_ratio_to_draws(std::array{mu, sigma}, std::span(&ratio, 1));
    return log_likelihood(mu, sigma) - top - ratio;
  };
  EXPECT_LT(largest_distance(of_draws, draw), 3);
  // the check sees densities that are not far from it
  EXPECT_GT(largest_distance(
                [&](double mu, double sigma) { return of_draws(mu, sigma) + 0.5 * std::log(sigma); }, draw),
            6);
}

INSTANTIATE_TEST_SUITE_P(
    OfOneNoise, DrawsFromLikelihoods,
    testing::Combine(testing::Values(starling::Method::naive, starling::Method::marginal), testing::Bool()));

TEST(DrawsFromLikelihoods, AreForOneNoiseAndTwoHyperparametersOfANormalPopulation) {
  const auto draws = [](const std::string& population, const std::string& measurement, double more_noise) {
    const auto model = model_of(population, measurement);
    std::vector<double> truth, noise(12, 0.7);
    for (const auto& p : model.parameters()) truth.push_back(p.lower < -1 ? 0.4 : 1.1);
    noise[5] += more_noise;
    const auto catalog =
        starling::simulate({population, measurement, truth, {{"sigma", noise}}, 12, 0, 4}).catalog;
    starling::Backend backend;
    backend.kind = starling::BackendKind::reference;
    return model.definition()
        .likelihood(catalog, starling::Method::marginal, truth, {}, backend)
        ->draws_theta();
  };
  EXPECT_TRUE(draws("normal", "normal", 0));
  EXPECT_FALSE(draws("normal", "normal", 0.1));
  EXPECT_FALSE(draws("normal", "normal_unknown_noise", 0));
  EXPECT_FALSE(draws("student_t", "normal", 0));
}

INSTANTIATE_TEST_SUITE_P(ThroughNormalNoise, DrawsOfTheta, testing::Values("normal", "normal_unknown_noise"));

}  // namespace
