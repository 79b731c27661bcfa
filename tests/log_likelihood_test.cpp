// The log-likelihoods of single objects that a fit keeps for some of its draws: closed forms at those draws,
// the chain file, runs that go on, and leave-one-out cross-validation by ArviZ against a grid of theta.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "chain_support.hpp"
#include "fit_support.hpp"
#include "story_python.hpp"

namespace fit_test {
namespace {

using starling::Method;
using starling::uniform;

FitOptions few(std::size_t every) {
  FitOptions options;
  options.ensembles = 2;
  options.walkers = 10;
  options.burn_in = 100;
  options.steps = 60;
  options.thin = 2;
  options.log_likelihood_every = every;
  return options;
}

/// theta_sigma above a fifth of the noise: nodes, made right for the walkers farthest out, may miss a
/// narrower peak between them by 0.01.
Model student_t_model(const std::string& measurement = "normal", const starling::Priors& of_noise = {}) {
  starling::Priors priors{
      {"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0.1, 9)}, {"nu", uniform(1, 30)}};
  priors.insert(priors.end(), of_noise.begin(), of_noise.end());
  return {"student_t", measurement, priors};
}

double log_normal(double x, double m, double variance) {
  return -0.5 * ((x - m) * (x - m) / variance + std::log(2 * M_PI * variance));
}

/// Calls check(theta, object, ln L) for all that a chain keeps.
template <class Check>
void for_each_kept(const Chain& chain, std::size_t objects, Check check) {
  const std::size_t every = chain.header.log_likelihood_every(), kept = chain.draws / every,
                    chains = chain.header.chains(), d = chain.header.parameters.size();
  ASSERT_EQ(chain.log_likelihood.size(), chains * kept * objects);
  for (std::size_t c = 0; c < chains; ++c)
    for (std::size_t k = 0; k < kept; ++k) {
      std::vector<double> theta;
      for (std::size_t j = 0; j < d; ++j)
        theta.push_back(chain.values(j)[c * chain.draws + (k + 1) * every - 1]);
      for (std::size_t i = 0; i < objects; ++i)
        check(theta, i, static_cast<double>(chain.log_likelihood[(c * kept + k) * objects + i]));
    }
}

TEST(LogLikelihoods, AreClosedFormsAtTheirDraws) {
  const auto catalog = made(30, 1, 2, log_normal_noise(30, 1, 0.7));
  const auto model = normal_model(uniform(-5, 5), uniform(0, 9));
  std::size_t checked = 0;
  for (const auto method : {Method::naive, Method::marginal, Method::joint}) {
    starling::MemorySink sink;
    fit(model, catalog, method, few(4), sink);
    for_each_kept(
        sink.take(), catalog.size(), [&](const std::vector<double>& theta, std::size_t i, double l) {
          const double noise = method == Method::naive ? 0 : catalog.sigma[i];
          const double exact = log_normal(catalog.x[i], theta[0], theta[1] * theta[1] + noise * noise);
          EXPECT_NEAR(l, exact, 1e-6 * std::abs(exact) + 1e-6) << to_string(method);
          ++checked;
        });
  }
  EXPECT_EQ(checked, 3u * 20 * 7 * 30);  // 30 draws, of which every 4th
}

TEST(LogLikelihoods, KnowWhatTheMeasurementAddsToTheNoise) {
  // noise_scale multiplies the noise, extra_scatter is added in squares; noise that differs, and one for all
  struct Kind {
    std::string measurement, parameter;
    double (*variance)(double sigma, double value);
  };
  for (const Kind& kind :
       {Kind{"normal_unknown_noise", "noise_scale", [](double s, double a) { return s * s * a * a; }},
        Kind{"normal_extra_scatter", "extra_scatter", [](double s, double a) { return s * s + a * a; }}})
    for (const auto& sigma : {log_normal_noise(30, 1, 0.7), std::vector<double>{0.6}}) {
      const auto catalog = made(30, 1, 2, sigma);
      const Model model{
          "normal",
          kind.measurement,
          {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 9)}, {kind.parameter, uniform(0, 3)}}};
      for (const auto method : {Method::marginal, Method::joint}) {
        starling::MemorySink sink;
        fit(model, catalog, method, few(4), sink);
        for_each_kept(
            sink.take(), catalog.size(), [&](const std::vector<double>& theta, std::size_t i, double l) {
              const double variance = theta[1] * theta[1] + kind.variance(catalog.sigma_of(i), theta[2]);
              const double exact = log_normal(catalog.x[i], theta[0], variance);
              EXPECT_NEAR(l, exact, 1e-6 * std::abs(exact) + 1e-6) << kind.measurement << to_string(method);
            });
      }
    }
}

/// Nodes that stay, and nodes that move with theta: the noise is unknown.
TEST(LogLikelihoods, OfAQuadratureAddUpToTheLikelihood) {
  const auto catalog = made(25, 0, 1, {0.5});
  const Model moving = student_t_model("normal_unknown_noise", {{"noise_scale", uniform(0.5, 2)}});
  for (const Model& model : {student_t_model(), moving})
    for (const auto method : {Method::marginal, Method::joint}) {
      starling::MemorySink sink;
      fit(model, catalog, method, few(15), sink);
      const auto chain = sink.take();
      std::vector<double> sums, exact;
      std::vector<std::string> at;
      for_each_kept(chain, catalog.size(), [&](const std::vector<double>& theta, std::size_t i, double l) {
        if (i == 0) {
          sums.push_back(0);
          at.push_back(fmt::format(" {}", fmt::join(theta, " ")));
          exact.push_back(log_probability(model, catalog, Method::marginal, theta).log_likelihood);
        }
        sums.back() += l;
      });
      ASSERT_EQ(sums.size(), 40u);
      for (std::size_t k = 0; k < sums.size(); ++k)
        EXPECT_NEAR(sums[k], exact[k], 2e-4) << to_string(method) << " " << k << at[k];
    }
}

TEST(LogLikelihoods, HoldTheSelection) {
  const auto catalog = made(20, 1, 1, {0.5});
  auto selection = starling::parse_selection("logistic(0, 0.5)");
  const starling::Priors priors{{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0.2, 5)}};
  const Model model{"normal", "normal", priors, selection};
  starling::MemorySink sink;
  fit(model, catalog, Method::marginal, few(30), sink);
  for_each_kept(sink.take(), catalog.size(), [&](const std::vector<double>& theta, std::size_t i, double l) {
    double detected = 0;  // a sum over mu, fine and wide enough for 1e-9
    for (double z = -9; z < 9; z += 0.005)
      detected += 0.005 * std::exp(log_normal(z, 0, 1)) / (1 + std::exp(-(theta[0] + theta[1] * z) / 0.5));
    const double exact = log_normal(catalog.x[i], theta[0], theta[1] * theta[1] + 0.25) - std::log(detected);
    EXPECT_NEAR(l, exact, 1e-5);
  });
  selection.rate = true;
  starling::Priors with_rate = priors;
  with_rate.emplace_back("rate", uniform(1, 1000));
  starling::MemorySink unused;
  EXPECT_THROW(
      fit(Model{"normal", "normal", with_rate, selection}, catalog, Method::marginal, few(30), unused),
      starling::InputError);
}

class LogLikelihoodFile : public testing::Test {
 protected:
  chain_test::Folder folder_;
};

TEST_F(LogLikelihoodFile, HoldsWhatTheMemorySinkDoes) {
  const auto catalog = made(30, 1, 2, {1});
  const auto model = normal_model(uniform(-5, 5), uniform(0, 9));
  for (const auto method : {Method::naive, Method::marginal, Method::joint}) {
    starling::MemorySink memory;
    fit(model, catalog, method, few(7), memory);
    fit(model, catalog, method, few(7), *starling::chain_file(folder_ / "run.nc"));
    const auto expected = memory.take();
    const auto found = starling::read_chain(folder_ / "run.nc");
    ASSERT_FALSE(expected.log_likelihood.empty());
    EXPECT_EQ(found.log_likelihood, expected.log_likelihood);
    EXPECT_EQ(found.header.log_likelihood_every(), 7u);
  }
  fit(model, catalog, Method::marginal, few(0), *starling::chain_file(folder_ / "without.nc"));
  EXPECT_TRUE(starling::read_chain(folder_ / "without.nc").log_likelihood.empty());
}

/// Passes a run on, and stops it once it has made so many sweeps.
struct StopsAfter : starling::ChainSink {
  StopsAfter(std::unique_ptr<starling::ChainSink> to, std::size_t sweeps)
      : inner(std::move(to)), most(sweeps) {}
  void begin(const starling::ChainHeader& header, const Catalog& catalog) override {
    inner->begin(header, catalog);
  }
  void append(const starling::ChainBlock& block) override {
    inner->append(block);
    stop = stop || block.first_sweep + block.sweeps >= most;
  }
  void finish(const starling::ChainResults& results) override { inner->finish(results); }
  void checkpoint(const std::function<void(const starling::SaveBytes&)>& save) override {
    if (stop) inner->checkpoint(save);  // those before cost time
  }
  std::unique_ptr<starling::ChainSink> inner;
  std::size_t most;
  std::atomic<bool> stop = false;
};

TEST_F(LogLikelihoodFile, OfARunThatWentOnIsThatOfTheWholeRun) {
  const auto catalog = made(30, 1, 2, {1});
  const Model model = student_t_model();
  for (const auto method : {Method::marginal, Method::joint}) {
    const auto whole = folder_ / "whole.nc", part = folder_ / "part.nc";
    auto options = few(5);
    options.steps = 160;
    fit(model, catalog, method, options, *starling::chain_file(whole));
    auto stopping = options;
    StopsAfter sink(starling::chain_file(part),
                    115);  // burn-in is 100: some draws are kept with their likelihoods
    stopping.stop = &sink.stop;
    stopping.checkpoint_every = 1e-9;  // and with each the sweeps before it
    fit(model, catalog, method, stopping, sink);
    ASSERT_TRUE(std::filesystem::exists(folder_ / "part.nc.journal"));
    {
      const auto run = starling::stopped_run(part);
      EXPECT_GE(run->sweeps(), 115u);
      EXPECT_LT(run->sweeps(), 260u);
      fit(model, catalog, method, options, run->sink(), run->state());
    }
    const auto expected = starling::read_chain(whole), found = starling::read_chain(part);
    EXPECT_TRUE(found.results.complete);
    EXPECT_FALSE(expected.log_likelihood.empty());
    EXPECT_EQ(found.log_likelihood, expected.log_likelihood) << to_string(method);
  }
}

/// elpd_loo = sum_i ln p(x_i | the others), on a grid of theta, with a flat prior.
double leave_one_out(const Catalog& catalog) {
  struct Point {
    double l;
    std::vector<double> each;
  };
  std::vector<Point> points;
  for (double m = -5; m < 5; m += 0.05)
    for (double s = 0.025; s < 9; s += 0.05) {
      Point p{0, {}};
      for (std::size_t i = 0; i < catalog.size(); ++i) {
        p.each.push_back(log_normal(catalog.x[i], m, s * s + std::pow(catalog.sigma_of(i), 2)));
        p.l += p.each.back();
      }
      points.push_back(std::move(p));
    }
  double top = points[0].l, elpd = 0;
  for (const auto& p : points) top = std::max(top, p.l);
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    double all = 0, others = 0;
    for (const auto& p : points) {
      all += std::exp(p.l - top);
      others += std::exp(p.l - p.each[i] - top);
    }
    elpd += std::log(all / others);
  }
  return elpd;
}

TEST_F(LogLikelihoodFile, GivesArvizItsLeaveOneOut) {
  const std::string python = story_test::python_with_figures();
  if (python.empty() || !story_test::can_import(python, "arviz, h5netcdf"))
    GTEST_SKIP() << "no Python with arviz and h5netcdf";
  const auto catalog = made(40, 1, 2, {1});
  auto options = few(10);
  options.walkers = 40;
  options.steps = 1000;
  options.thin = 1;
  fit(normal_model(uniform(-5, 5), uniform(0, 9)), catalog, Method::joint, options,
      *starling::chain_file(folder_ / "run.nc"));
  std::ofstream(folder_ / "loo.py")
      << "import json, sys, warnings\n"
         "warnings.simplefilter('ignore')\n"
         "import arviz\n"
         "run = arviz.from_netcdf(sys.argv[1])\n"
         "loo = arviz.loo(run, reff=1.0, pointwise=True)\n"
         "likelihood = run.log_likelihood\n"
         "print(json.dumps({'elpd': float(loo.elpd_loo), 'objects': int(loo.n_data_points),\n"
         "  'draws': [int(d) for d in likelihood.draw[:3]],\n"
         "  'k': float(loo.pareto_k.max())}))\n";
  const auto [text, status] = story_test::shell("'" + python + "' '" + (folder_ / "loo.py").string() + "' '" +
                                                (folder_ / "run.nc").string() + "' 2>/dev/null");
  ASSERT_EQ(status, 0) << text;
  const auto loo = nlohmann::json::parse(text);
  EXPECT_EQ(loo["objects"], 40);
  EXPECT_EQ(loo["draws"], nlohmann::json({9, 19, 29}));
  EXPECT_LT(loo["k"], 0.7);
  // 8000 draws: the Monte Carlo error of elpd is about 0.01
  EXPECT_NEAR(loo["elpd"], leave_one_out(catalog), 0.1);
}

}  // namespace
}  // namespace fit_test
