// Joint fits where their arithmetic is strained: widths far below the scatter of the catalog, a point far
// away, noise far below the scatter; and joint fits of posterior samples. The oracle is the marginal fit,
// which has no latents, or the grid.
#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::log_uniform;
using starling::uniform;

FitOptions options() {
  FitOptions o;
  o.walkers = 100;
  o.burn_in = 1500;
  o.steps = 4000;
  o.seed = 3;
  return o;
}

/// Share of the draws of parameter j below each limit, and its standard error from the four ensembles.
struct Share {
  double mean, error;
};
Share share_below(const Chain& chain, std::size_t j, double limit) {
  const std::size_t ensembles = chain.header.ensembles, per = chain.header.walkers * chain.draws;
  std::vector<double> shares(ensembles);
  for (std::size_t e = 0; e < ensembles; ++e)
    for (std::size_t k = 0; k < per; ++k)
      shares[e] += chain.values(j)[e * per + k] < limit ? 1.0 / static_cast<double>(per) : 0;
  Share s{0, 0};
  for (const double v : shares) s.mean += v / static_cast<double>(ensembles);
  for (const double v : shares)
    s.error += (v - s.mean) * (v - s.mean) / static_cast<double>(ensembles * (ensembles - 1));
  s.error = std::sqrt(s.error);
  return s;
}

TEST(JointCorners, WidthsDownToTenThousandthsOfTheScatterHaveTheirWeight) {
  // no width at all, and a prior that gives every decade the same
  const Model model = normal_model(uniform(-5, 5), log_uniform(1e-4, 10));
  auto catalog = made(20, 0, 0, {1}, 8);
  const auto one_noise = fit_joint(model, catalog, options());
  EXPECT_EQ(one_noise.header.attributes.at("scheme"), "collapsed");
  catalog.sigma.assign(20, 1);
  catalog.sigma[7] = 1.001;
  auto o = options();
  const auto collapsed = fit_joint(model, catalog, o), marginal = fit_marginal(model, catalog, o);
  EXPECT_EQ(collapsed.header.attributes.at("scheme"), "collapsed");
  o.latents = "metropolis";
  const auto interweaved = fit_joint(model, catalog, o);
  EXPECT_EQ(interweaved.header.attributes.at("scheme"), "interweaved");
  for (const auto* joint : {&one_noise, &collapsed, &interweaved})
    for (const double limit : {1e-3, 1e-2, 1e-1}) {
      const auto a = share_below(*joint, 1, limit), b = share_below(marginal, 1, limit);
      // the errors come from four ensembles each: 0.02 on top covers what they don't know of themselves
      EXPECT_NEAR(a.mean, b.mean, 5 * std::hypot(a.error, b.error) + 0.02) << limit;
      EXPECT_GT(b.mean, 0.1) << limit;
    }
}

TEST(JointCorners, OneNoiseForAllIsOneNumberOrAColumn) {
  auto catalog = made(300, 0, 1, {0.5}, 11);
  ASSERT_EQ(catalog.sigma.size(), 1u);
  const Model model = normal_model(uniform(-5, 5), uniform(0, 5));
  auto o = options();
  o.burn_in = 100;
  o.steps = 200;
  const auto one = fit_joint(model, catalog, o);
  EXPECT_EQ(one.header.attributes.at("scheme"), "collapsed");
  catalog.sigma.assign(300, 0.5);
  const auto column = fit_joint(model, catalog, o);
  EXPECT_EQ(column.theta, one.theta);
  EXPECT_EQ(column.results.latents.mean, one.results.latents.mean);
  EXPECT_EQ(column.results.latents.sd, one.results.latents.sd);

  // no latent goes from sweep to sweep
  const auto bytes = [&] {
    return starling::plan_memory(model, catalog, starling::Method::joint, o).host_bytes;
  };
  const auto collapsed = bytes();
  o.interweaving = false;
  EXPECT_GE(bytes(), collapsed + 300 * o.ensembles * o.walkers * sizeof(float));
}

TEST(JointCorners, DrawsThatAreAcceptedNeedFewMovesBesideThem) {
  const Model model = normal_model(uniform(-5, 5), uniform(0, 5));
  // of a draw and 0 to 2 moves; walkers have accepted what is told of the moves
  const auto moves = [&](const Catalog& catalog) {
    auto o = options();
    o.burn_in = 100;
    o.steps = 100;
    const auto chain = fit_joint(model, catalog, o);
    double least = 1;  // positive
    for (const float share : chain.acceptance)
      if (share > 0) least = std::min(least, static_cast<double>(share));
    return std::lround(1 / least);
  };
  EXPECT_EQ(moves(made(1000, 0, 1, {1}, 12)), 1);
  EXPECT_EQ(moves(made(100, 0, 1, {1}, 12)), 2);
  EXPECT_EQ(moves(made(20, 0, 0, {1}, 8)), 3);  // half of the draws are narrower than the noise
}

TEST(JointCorners, NormalMovesAreKeptWhereTheyAreAccepted) {
  auto o = options();
  o.burn_in = 200;
  o.steps = 100;
  const auto accepted = [&](const Model& model, const Catalog& catalog) {
    return fit_marginal(model, catalog, o).results.attributes.at("move_acceptance");
  };
  const auto catalog = made(200, 0, 1, log_normal_noise(200, 0.5, 0.3), 13);
  o.walkers = 16;
  EXPECT_NE(accepted(normal_model(uniform(-5, 5), uniform(0, 5)), catalog).find("normal 0."),
            std::string::npos);
  // 8 walkers say nothing about 8 dimensions
  starling::Priors priors;
  for (const char* k : {"1", "2", "3"}) {
    priors.emplace_back(std::string("theta_mu_") + k, uniform(-5, 5));
    priors.emplace_back(std::string("theta_sigma_") + k, uniform(0, 5));
  }
  const Model mixture("normal_mixture_3", "normal", priors);
  const auto text = accepted(mixture, catalog);
  EXPECT_EQ(text.find("normal"), std::string::npos) << text;
  EXPECT_NE(text.find("de 0."), std::string::npos) << text;
}

TEST(JointCorners, APointFarAwayDoesNotSpoilTheOthers) {
  auto catalog = made(60, 0, 1, std::vector<double>(60, 0.5), 9);
  catalog.x.push_back(-9999);
  catalog.sigma.push_back(1e6);  // "not measured"
  const Model model = normal_model(uniform(-5, 5), uniform(0, 5));
  auto o = options();
  o.steps = 1000;
  const auto chain = fit_joint(model, catalog, o);
  auto without = catalog;
  without.x.pop_back();
  without.sigma.pop_back();
  const auto exact = grid::posterior(without.x, noise_of(without), {{-5, 5}, {0, 5}}, {0, 30});
  expect_agreement(chain, catalog, exact, {0, 30}, 5);
}

TEST(JointCorners, NoiseFarBelowTheScatterIsHarmless) {
  auto catalog = made(100, 0, 1, std::vector<double>(100, 0.5), 10);
  for (std::size_t i = 0; i < 50; ++i) catalog.sigma[i] = 1e-14;
  auto o = options();
  o.steps = 1000;
  const auto chain = fit_joint(normal_model(uniform(-5, 5), uniform(0, 5)), catalog, o);
  const auto exact = grid::posterior(catalog.x, noise_of(catalog), {{-5, 5}, {0, 5}}, {60, 99});
  expect_agreement(chain, catalog, exact, {60, 99}, 5);
  EXPECT_EQ(chain.results.attributes.at("nan_proposals"), "0");
  for (const double lp : chain.lp) ASSERT_TRUE(std::isfinite(lp));
}

TEST(JointSamples, AgreeWithTheSumOverTheSamples) {
  auto catalog = starling::simulate("normal", {0, 1}, 60, {0.5}, 40, 6).catalog;
  const Model model("normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 5)}});
  auto o = options();
  o.walkers = 40;
  o.burn_in = 500;
  o.steps = 3000;
  const auto marginal = fit_marginal(model, catalog, o);
  for (const bool collapsed : {true, false}) {
    o.interweaving = collapsed;  // without it theta moves given the samples that were drawn
    const auto joint = fit_joint(model, catalog, o);
    EXPECT_EQ(joint.header.latent_update, "samples");
    EXPECT_EQ(joint.header.attributes.at("scheme"), collapsed ? "collapsed" : "centred");
    const auto a = starling::summary(joint), b = starling::summary(marginal);
    for (std::size_t j = 0; j < 2; ++j) {
      const auto &p = a.parameters[j], &q = b.parameters[j];
      expect_within(5, "mean of " + p.name, p.mean, q.mean, std::hypot(p.mcse_mean, q.mcse_mean));
      expect_within(5, "sd of " + p.name, p.sd, q.sd, std::hypot(p.mcse_sd, q.mcse_sd));
    }
    for (const std::size_t object : {0u, 17u, 59u}) {
      const auto draws = replay_latent(joint, catalog, object),
                 other = replay_latent(marginal, catalog, object);
      const auto moments = [](const std::vector<double>& v) {
        double mean = 0, squares = 0;
        for (const double x : v) mean += x / static_cast<double>(v.size());
        for (const double x : v) squares += (x - mean) * (x - mean) / static_cast<double>(v.size());
        return std::pair{mean, std::sqrt(squares)};
      };
      EXPECT_NEAR(moments(draws).first, moments(other).first, 0.05);
      EXPECT_NEAR(moments(draws).second, moments(other).second, 0.05);
      EXPECT_NEAR(joint.results.latents.mean[object], moments(draws).first, 1e-5);
      EXPECT_NEAR(joint.results.latents.sd[object], moments(draws).second, 1e-5);
      const auto begin = catalog.samples.begin() + static_cast<std::ptrdiff_t>(catalog.offsets[object]);
      for (std::size_t k = 0; k < 50; ++k)  // each draw is one of the object's samples
        EXPECT_TRUE(std::any_of(begin, begin + 40, [&](double s) { return std::abs(s - draws[k]) < 1e-5; }));
    }
  }
}

}  // namespace
}  // namespace fit_test
