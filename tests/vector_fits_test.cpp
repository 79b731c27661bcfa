// Several latents per object: the three fits against each other and against a grid; replay, adaptation,
// columns.
#include <gtest/gtest.h>

#include <cstdio>

#include "models/registry.hpp"
#include "models/vector_pair.hpp"
#include "saved_runs.hpp"
#include "vector_definitions.hpp"

namespace vector_test {
namespace {

using starling::Chain;
using starling::Method;

starling::FitOptions quick(std::size_t steps = 1500) {
  starling::FitOptions o;
  o.ensembles = 2;
  o.walkers = 32;
  o.burn_in = 500;
  o.steps = steps;
  o.seed = 3;
  o.device = "cpu";
  o.threads = 1;
  return o;
}

void expect_same_posterior(const Chain& a, const Chain& b) {
  const auto of_a = starling::summary(a), of_b = starling::summary(b);
  ASSERT_EQ(of_a.parameters.size(), of_b.parameters.size());
  for (std::size_t j = 0; j < of_a.parameters.size(); ++j) {
    const auto &p = of_a.parameters[j], &q = of_b.parameters[j];
    if (!(p.sd > 0)) continue;
    EXPECT_GT(p.ess_bulk, 300) << p.name;
    EXPECT_NEAR(p.mean, q.mean, kLimit * std::hypot(p.mcse_mean, q.mcse_mean)) << p.name;
    EXPECT_NEAR(p.sd, q.sd, kLimit * std::hypot(p.mcse_sd, q.mcse_sd)) << p.name;
  }
}

TEST(VectorFits, JointAndMarginalAgree) {
  for (const char* name : {"linear", "linear_mixture_2"}) {
    const Case& c = case_of(name);
    const auto catalog = simulated(c, 200).catalog;
    const auto model = model_of(c);
    const auto joint = starling::fit_joint(model, catalog, quick(3000)),
               marginal = starling::fit_marginal(model, catalog, quick(3000));
    expect_same_posterior(joint, marginal);
    // the latents, drawn in the run and given theta
    const std::size_t n = marginal.header.chains() * marginal.draws;
    const auto a = starling::replay_latent(joint, catalog, 5),
               b = starling::replay_latent(marginal, catalog, 5);
    ASSERT_EQ(a.size(), 2 * n);
    for (std::size_t j = 0; j < 2; ++j) {
      double of_a = 0, of_b = 0, squares = 0;
      for (std::size_t k = 0; k < n; ++k) {
        of_a += a[2 * k + j] / static_cast<double>(n);
        of_b += b[2 * k + j] / static_cast<double>(n);
        squares += b[2 * k + j] * b[2 * k + j] / static_cast<double>(n);
      }
      const double sd = std::sqrt(squares - of_b * of_b);
      EXPECT_NEAR(of_a, of_b, kLimit * sd * std::sqrt(2.0 / 2000)) << j;  // theta has an ESS beyond that
    }
  }
}

TEST(VectorFits, MetropolisAndExactDrawsGiveTheSamePosterior) {
  const Case& c = case_of("linear");
  auto wide = c;  // a population wider than the noise mixes well, theta given latents
  wide.columns["sigma"] = {0.2};
  wide.columns["sigma_2"] = {0.2};
  const auto catalog = simulated(wide, 60).catalog;
  const auto model = model_of(c);
  auto o = quick(6000);
  const auto exact = starling::fit_joint(model, catalog, o);
  o.latents = "metropolis";
  const auto metropolis = starling::fit_joint(model, catalog, o);
  EXPECT_EQ(metropolis.header.latent_update, "metropolis");
  expect_same_posterior(metropolis, exact);
}

TEST(VectorFits, AgreeWithAGrid) {
  // the straight line with all but slope and scatter known
  const Case& c = case_of("linear");
  const auto catalog = simulated(c, 50).catalog;
  const auto model = model_of(c, "normal",
                              {{"alpha", "fixed(1)"},
                               {"xi_mean", "fixed(3)"},
                               {"xi_sd", "fixed(1)"},
                               {"beta", "normal(0, 10)"},
                               {"scatter", "half_normal(5)"}});
  constexpr int n = 60;
  double sum = 0, mean[2] = {}, square[2] = {}, top = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (int a = 0; a < n; ++a)
      for (int b = 0; b < n; ++b) {
        const double t[2] = {1.5 + 1.0 * (a + 0.5) / n, 1.6 * (b + 0.5) / n};
        const std::vector<double> theta{1, t[0], t[1], 3, 1};
        double l = -0.5 * t[0] * t[0] / 100 - 0.5 * t[1] * t[1] / 25;
        for (std::size_t i = 0; i < catalog.size(); ++i) l += log_marginal(c, catalog, i, theta);
        if (pass == 0) {
          top = a + b == 0 ? l : std::max(top, l);
          continue;
        }
        const double w = std::exp(l - top);
        sum += w;
        for (int j = 0; j < 2; ++j) mean[j] += w * t[j], square[j] += w * t[j] * t[j];
      }
  for (const auto method : {Method::marginal, Method::joint}) {
    const auto chain = method == Method::joint ? starling::fit_joint(model, catalog, quick())
                                               : starling::fit_marginal(model, catalog, quick());
    const auto all = starling::summary(chain);
    for (int j = 0; j < 2; ++j) {
      const auto& p = all.parameters[static_cast<std::size_t>(j)];  // fixed ones are left out
      ASSERT_EQ(p.name, j == 0 ? "beta" : "scatter");
      const double m = mean[j] / sum, sd = std::sqrt(square[j] / sum - m * m);
      EXPECT_NEAR(p.mean, m, kLimit * p.mcse_mean + 1e-3 * sd) << p.name;
      EXPECT_NEAR(p.sd, sd, kLimit * p.mcse_sd + 1e-3 * sd) << p.name;
    }
  }
}

TEST(VectorFits, AnEvolvingSchechterFunctionIsFound) {
  const Case& c = case_of("schechter_in_redshift");
  // redshifts by the population itself: drawn from p(z) = integral of p(x, z)
  starling::SimulationRequest request{c.text, "normal", c.theta, {{"sigma", {0.1}}, {"z", {}}}, 1500, 0, 5};
  std::vector<double> cumulative{0};
  constexpr int cells = 200;
  for (int k = 0; k < cells; ++k)
    cumulative.push_back(
        cumulative.back() +
        boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
            [&](double x) {
              return std::exp(log_density(c, c.theta, Eigen::VectorXd::Constant(1, x), (k + 0.5) / cells));
            },
            9.0, 17.0, 8, 1e-8));
  for (std::size_t i = 0; i < request.objects; ++i) {
    starling::HostStream stream(8, 0, static_cast<std::uint32_t>(i), 99);
    const double u = stream.uniform() * cumulative.back();
    const auto k = std::upper_bound(cumulative.begin(), cumulative.end(), u) - cumulative.begin() - 1;
    request.columns["z"].push_back((static_cast<double>(k) + stream.uniform()) / cells);
  }
  const auto catalog = starling::simulate(request).catalog;
  const auto model = model_of(c);
  auto o = quick(500);
  o.burn_in = 300;
  const auto marginal = starling::fit_marginal(model, catalog, o);
  const auto all = starling::summary(marginal);
  for (std::size_t j = 0; j < 4; ++j)  // five posterior sd: false alarm 6e-7 each
    EXPECT_NEAR(all.parameters[j].mean, c.theta[j], 5 * all.parameters[j].sd) << all.parameters[j].name;
  EXPECT_LT(all.parameters[2].sd, 0.5);
  EXPECT_LT(std::stod(marginal.results.attributes.at("integration_error")), 1e-6);
}

// ---- replay, states, adaptation

TEST(VectorFits, LatentsAreReplayedAndDoNotDependOnThreads) {
  for (const char* latents : {"exact", "metropolis"}) {
    const Case& c = case_of("multivariate_normal");
    const auto catalog = simulated(c, 300).catalog;
    const auto model = model_of(c);
    auto o = quick(60);
    o.burn_in = 60;
    o.latents = latents;
    const auto chain = starling::fit_joint(model, catalog, o);
    o.threads = 3;
    const auto again = starling::fit_joint(model, catalog, o);
    EXPECT_EQ(chain.theta, again.theta);
    EXPECT_EQ(chain.results.latents.mean, again.results.latents.mean);
    EXPECT_EQ(chain.results.latents.names, (std::vector<std::string>{"mu_1", "mu_2", "mu_3"}));
    for (const std::size_t object : {0u, 255u, 299u}) {
      const auto draws = starling::replay_latent(chain, catalog, object);
      const std::size_t n = chain.header.chains() * chain.draws;
      ASSERT_EQ(draws.size(), 3 * n);
      for (std::size_t j = 0; j < 3; ++j) {
        double mean = 0, square = 0;
        for (std::size_t k = 0; k < n; ++k) mean += draws[3 * k + j] / static_cast<double>(n);
        for (std::size_t k = 0; k < n; ++k)
          square += std::pow(draws[3 * k + j] - mean, 2) / static_cast<double>(n - 1);
        EXPECT_NEAR(chain.results.latents.mean[3 * object + j], mean, 2e-6 * (1 + std::abs(mean)));
        EXPECT_NEAR(chain.results.latents.sd[3 * object + j], std::sqrt(square), 1e-4 * std::sqrt(square));
      }
    }
  }
}

TEST(VectorFits, ReplayFollowsTheReferenceToo) {
  const Case& c = case_of("linear");
  const auto catalog = simulated(c, 20).catalog;
  auto o = quick(40);
  o.burn_in = 40;
  o.walkers = 12;
  o.device = "reference";
  o.latents = "metropolis";
  const auto chain = starling::fit_joint(model_of(c), catalog, o);
  const auto draws = starling::replay_latent(chain, catalog, 7);
  double mean = 0;
  for (std::size_t k = 0; k < draws.size(); k += 2) mean += draws[k] / static_cast<double>(draws.size() / 2);
  EXPECT_NEAR(chain.results.latents.mean[14], mean, 1e-9 * std::abs(mean));
}

TEST(VectorFits, GoOnFromASavedState) {
  const Case& c = case_of("linear");
  const auto catalog = simulated(c, 30).catalog;
  const auto model = model_of(c);
  for (const char* latents : {"exact", "metropolis"}) {
    auto o = quick(41);
    o.burn_in = 40;
    o.walkers = 18;  // two groups of lanes, the second unfinished
    o.threads = 1;
    o.latents = latents;
    o.checkpoint_every = 1e-9;
    saved_runs::KeepAll whole;
    starling::fit(model, catalog, Method::joint, o, whole);
    ASSERT_GT(whole.states.size(), 1U);
    EXPECT_LT(whole.states.front().sweeps, o.burn_in);
    o.threads = 2;
    for (const std::size_t k : {std::size_t{0}, whole.states.size() / 2, whole.states.size() - 1}) {
      const auto& saved = whole.states[k];
      SCOPED_TRACE(std::string(latents) + ", after sweep " + std::to_string(saved.sweeps));
      saved_runs::KeepAll rest;
      starling::fit(model, catalog, Method::joint, o, rest, saved_runs::reader(saved));
      saved_runs::expect_the_rest(rest, whole, saved.sweeps);
    }
  }
}

TEST(VectorFits, ProposalsLearnTheShapeOfThePosterior) {
  // noise far narrower in one direction than in the other: with proposals of the first shape hardly any is
  // accepted, or all move slowly
  const Case& c = case_of("multivariate_normal");
  auto narrow = c;
  narrow.columns = {{"sigma", {1}}, {"sigma_2", {1}}, {"sigma_3", {1}}, {"rho_12", {0.999}}};
  const auto catalog = simulated(narrow, 50).catalog;
  auto o = quick(300);
  o.latents = "metropolis";
  o.burn_in = 600;
  const auto adapted = starling::fit_joint(model_of(c), catalog, o);
  const double acceptance = std::stod(adapted.results.attributes.at("latent_acceptance"));
  EXPECT_NEAR(acceptance, 0.234 + 0.206 / 9, 0.03);
  o.burn_in = 0;
  const auto raw = starling::fit_joint(model_of(c), catalog, o);
  EXPECT_LT(std::stod(raw.results.attributes.at("latent_acceptance")), 0.12);
}

// Once in 3e7 the two normal numbers of a proposal are 0: what adaptation makes of it must be a number, or
// the latents of that object never move again. These random numbers have it three times.
TEST(VectorFits, NoObjectFreezes) {
  const Case& c = case_of("linear");
  const auto catalog = simulated(c, 200).catalog;
  auto o = quick(20);
  o.seed = 1;
  o.ensembles = 4;
  o.walkers = 40;
  o.burn_in = 300;
  o.latents = "metropolis";
  const auto chain = starling::fit_joint(model_of(c), catalog, o);
  EXPECT_FALSE(chain.results.attributes.contains("objects_badly_adapted"))
      << chain.results.attributes.at("objects_badly_adapted");
  double lowest = 0, highest = 0;
  ASSERT_EQ(
      std::sscanf(chain.results.attributes.at("object_acceptance").c_str(), "%lf to %lf", &lowest, &highest),
      2);
  EXPECT_NEAR(lowest, starling::wanted_acceptance(2), 0.1);
  EXPECT_NEAR(highest, starling::wanted_acceptance(2), 0.1);
}

TEST(VectorFits, AllFixedGivesIndependentObjects) {
  const Case& c = case_of("linear");
  const auto catalog = simulated(c, 10).catalog;
  const auto model = model_of(c, "normal",
                              {{"alpha", "fixed(1)"},
                               {"beta", "fixed(2)"},
                               {"scatter", "fixed(0.5)"},
                               {"xi_mean", "fixed(3)"},
                               {"xi_sd", "fixed(1)"}});
  const auto chain = starling::fit_joint(model, catalog, quick(500));
  EXPECT_TRUE(starling::summary(chain).warnings.empty());  // nothing stands still that was to move
  for (std::size_t i = 0; i < catalog.size(); ++i) {       // the conditional of a normal distribution
    const auto [x, noise] = measured(catalog, i, 2);
    Eigen::Matrix2d s;
    s << 1, 2, 2, 4.25;
    const Eigen::Vector2d m(3, 7);
    const Eigen::Matrix2d gain = s * (s + noise).inverse(), v = s - gain * s;
    const Eigen::Vector2d mean = m + gain * (x - m);
    const double n = static_cast<double>(chain.header.chains() * chain.draws);
    for (int j = 0; j < 2; ++j) {
      const double sd = std::sqrt(v(j, j));
      EXPECT_NEAR(chain.results.latents.mean[2 * i + static_cast<std::size_t>(j)], mean[j],
                  kLimit * sd / std::sqrt(n));
      EXPECT_NEAR(chain.results.latents.sd[2 * i + static_cast<std::size_t>(j)], sd,
                  kLimit * sd / std::sqrt(2 * n));
    }
  }
  // and posterior samples of them: K draws of each, as a catalog
  const auto samples = starling::posterior_samples(chain, catalog, 50);
  EXPECT_EQ(samples.sample_size, 2u);
  EXPECT_EQ(samples.samples.size(), 2u * 50 * 10);
  EXPECT_THROW(starling::posterior_samples(chain, catalog, 0), starling::InputError);
}

TEST(VectorModels, ImpossibleOnesAreRefused) {
  const Case& c = case_of("linear");
  auto catalog = simulated(c, 10).catalog;
  EXPECT_THROW(Model(c.text, "poisson", {}), starling::InputError);
  EXPECT_THROW(Model("multivariate_normal(dimension=9)", "normal", {}), starling::InputError);
  catalog.columns["rho_12"][4] = 1.2;
  try {
    model_of(c).definition().check(catalog, Method::joint);
    FAIL() << "a correlation of 1.2 was taken";
  } catch (const starling::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("row 4"), std::string::npos) << error.what();
  }
  catalog.columns.erase("x_2");
  EXPECT_THROW(model_of(c).definition().check(catalog, Method::joint), starling::InputError);
  EXPECT_THROW(starling::fit_marginal(model_of(c, "samples"), simulated(c, 10).catalog, quick(10)),
               starling::InputError);
}

}  // namespace
}  // namespace vector_test
