// The joint fit of pairs (population, measurement) draws from the same posterior as the marginal fit: means
// and standard deviations of theta and of latents; for two parameters both agree with a grid of theta whose
// likelihoods are brute-force integrals.
//
// Figures may be 6 Monte Carlo standard errors apart (false alarm 2e-9 each; there are about 400); the seeds
// are fixed.
#include <gtest/gtest.h>

#include "grid_posterior.hpp"
#include "pair_support.hpp"

namespace pair_test {
namespace {

using starling::Chain;
using starling::FitOptions;
using starling::Model;

constexpr double kLimit = 6;

struct FitCase {
  std::string population, measurement;
  std::vector<std::pair<std::string, std::string>> priors;  ///< those that are not the default ones
  std::size_t objects = 80, burn_in = 500, steps = 2500;
  double noise = 1;  ///< factor on the noise of pair_support.hpp
  double r_hat = 1.15;
};

std::string name_of(const FitCase& c) {
  std::string name = c.population + "_" + c.measurement;
  for (char& letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return name;
}

Model model_of(const FitCase& c) {
  starling::Priors priors;
  for (const auto& [name, text] : c.priors) priors.emplace_back(name, starling::parse_prior(text));
  return {c.population, c.measurement, priors};
}

FitOptions options_of(const FitCase& c) {
  FitOptions o;
  o.ensembles = 2;
  o.walkers = 24;
  o.burn_in = c.burn_in;
  o.steps = c.steps;
  o.seed = 4;
  o.device = "cpu";
  o.threads = 1;
  return o;
}

Catalog simulated(const FitCase& c) {
  const auto& m = measurement(c.measurement);
  auto theta = population(c.population).theta;
  theta.insert(theta.end(), m.theta.begin(), m.theta.end());
  auto columns = m.columns;
  if (columns.contains("sigma")) columns["sigma"][0] *= c.noise;
  return starling::simulate({c.population, c.measurement, theta, columns, c.objects, 0, 21}).catalog;
}

void expect_near(const std::string& what, double a, double b, double error_a, double error_b) {
  EXPECT_LT(std::abs(a - b), kLimit * std::hypot(error_a, error_b))
      << what << ": " << a << " +- " << error_a << " and " << b << " +- " << error_b;
}

struct Moments {
  double mean, sd, mean_error, sd_error;
};
Moments moments_of(const std::vector<double>& values, const Chain& chain) {
  const starling::Draws draws{values.data(), chain.header.chains(), chain.draws};
  double mean = 0, squares = 0;
  const double n = static_cast<double>(values.size());
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (n - 1)), starling::mcse_mean(draws), starling::mcse_sd(draws)};
}

void expect_same_theta(const Chain& joint, const Chain& marginal, double r_hat) {
  const auto a = starling::summary(joint), b = starling::summary(marginal);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  for (std::size_t j = 0; j < a.parameters.size(); ++j) {
    const auto &p = a.parameters[j], &q = b.parameters[j];
    EXPECT_LT(p.r_hat, r_hat) << "joint " << p.name << ", ESS " << p.ess_bulk;
    EXPECT_LT(q.r_hat, r_hat) << "marginal " << q.name << ", ESS " << q.ess_bulk;
    expect_near("mean of " + p.name, p.mean, q.mean, p.mcse_mean, q.mcse_mean);
    expect_near("sd of " + p.name, p.sd, q.sd, p.mcse_sd, q.mcse_sd);
  }
}

void expect_same_latents(const Chain& joint, const Chain& marginal, const Catalog& catalog) {
  for (const std::size_t object : {std::size_t{0}, catalog.size() - 1}) {
    const std::string name = " of latent " + std::to_string(object);
    const auto a = moments_of(replay_latent(joint, catalog, object), joint);
    const double unit = a.sd;
    EXPECT_NEAR(joint.results.latents.mean[object], a.mean, 1e-3 * unit) << name;
    EXPECT_NEAR(joint.results.latents.sd[object], a.sd, 1e-3 * unit) << name;
    const auto b = moments_of(replay_latent(marginal, catalog, object), marginal);
    expect_near("mean" + name, a.mean, b.mean, a.mean_error, b.mean_error);
    expect_near("sd" + name, a.sd, b.sd, a.sd_error, b.sd_error);
  }
}

class JointFit : public testing::TestWithParam<FitCase> {};

TEST_P(JointFit, AgreesWithTheMarginalFit) {
  const auto& c = GetParam();
  const auto catalog = simulated(c);
  const auto model = model_of(c);
  auto o = options_of(c);
  const auto joint = fit_joint(model, catalog, o);
  o.burn_in = std::min<std::size_t>(o.burn_in, 300);
  o.steps = 500;
  o.moves_per_step = 2;
  const auto marginal = fit_marginal(model, catalog, o);
  expect_same_theta(joint, marginal, c.r_hat);
  // a latent per draw of theta by quadrature: fewer of them
  Chain few = marginal;
  few.draws = 40;
  few.theta.clear();
  for (std::size_t j = 0; j < marginal.header.parameters.size(); ++j)
    for (std::size_t chain = 0; chain < marginal.header.chains(); ++chain)
      for (std::size_t t = 0; t < few.draws; ++t)
        few.theta.push_back(marginal.values(j)[chain * marginal.draws + t * (marginal.draws / few.draws)]);
  expect_same_latents(joint, few, catalog);
}

const std::pair<std::string, std::string> kMu{"theta_mu", "normal(0, 3)"},
    kSigma{"theta_sigma", "half_normal(2)"};

std::vector<FitCase> through_normal_noise() {
  return {
      {"normal", "normal", {kMu, kSigma}},
      {"student_t", "normal", {kMu, kSigma, {"nu", "gamma(4, 2)"}}},
      {"skew_normal",
       "normal",
       {{"xi", "normal(0, 2)"}, {"omega", "half_normal(2)"}, {"alpha", "normal(0, 2)"}}},
      {"truncated_normal(lower=0,upper=inf)", "normal", {kMu, kSigma}},
      {"log_normal", "normal", {{"log_mean", "normal(0, 1)"}, {"log_sd", "half_normal(1)"}}},
      {"gamma", "normal", {{"shape", "log_normal(0, 1)"}, {"scale", "log_normal(0, 1)"}}},
      {"beta", "normal", {{"a", "log_normal(0, 1)"}, {"b", "log_normal(0, 1)"}}},
      {"power_law",
       "normal",
       {{"slope", "normal(-1, 1)"}, {"lower", "uniform(0.1, 1)"}, {"upper", "uniform(4, 9)"}}},
      {"broken_power_law",
       "normal",
       {{"slope_1", "normal(0, 1)"},
        {"slope_2", "normal(-2, 1)"},
        {"break_point", "uniform(0.8, 2)"},
        {"lower", "uniform(0.1, 0.6)"},
        {"upper", "uniform(5, 10)"}}},
      {"power_law_peak(gaussian_mass_maximum=10)",
       "normal",
       {{"alpha", "normal(2, 1)"},
        {"mmin", "uniform(0.2, 0.9)"},
        {"mmax", "uniform(6, 9)"},
        {"lam", "uniform(0, 1)"},
        {"mpp", "log_normal(1.1, 0.15)"},
        {"sigpp", "uniform(0.3, 1)"}}},
      {"schechter(x_min=-1)", "normal", {{"alpha", "uniform(-2, 1)"}, {"log10_m_star", "normal(0.5, 1)"}}},
      {"double_schechter(x_min=-1)",
       "normal",
       {{"alpha_1", "uniform(-1, 1)"},
        {"alpha_2", "uniform(-2.5, -1)"},
        {"log10_m_star", "normal(0.5, 0.5)"}}},
      {"bb1",
       "normal",
       {{"beta", "uniform(-1.5, 1)"}, {"lower", "log_normal(-1, 1)"}, {"upper", "log_normal(0, 1)"}}},
      {"normal_mixture_2",
       "normal",
       {{"theta_mu_1", "normal(-0.5, 0.5)"},
        {"theta_sigma_1", "log_normal(-1, 0.5)"},
        {"theta_mu_2", "normal(1.2, 0.5)"},
        {"theta_sigma_2", "log_normal(-1, 0.5)"}}}};
}

std::vector<FitCase> measurements_of_all_kinds() {
  return {{"normal", "normal_unknown_noise", {kMu, kSigma, {"noise_scale", "log_normal(0.26, 0.1)"}}},
          {"student_t",
           "normal_unknown_noise",
           {kMu, kSigma, {"nu", "gamma(4, 2)"}, {"noise_scale", "log_normal(0.26, 0.1)"}}},
          {"normal", "normal_extra_scatter", {kMu, kSigma, {"extra_scatter", "log_normal(-1.2, 0.3)"}}},
          {"skew_normal",
           "normal_extra_scatter",
           {{"xi", "normal(0, 2)"},
            {"omega", "half_normal(2)"},
            {"alpha", "normal(0, 2)"},
            {"extra_scatter", "log_normal(-1.2, 0.3)"}}},
          {"gamma",
           "normal_extra_scatter",
           {{"shape", "log_normal(0, 1)"},
            {"scale", "log_normal(0, 1)"},
            {"extra_scatter", "log_normal(-1.2, 0.3)"}}},
          {"normal", "student_t(nu=4)", {kMu, kSigma}},
          {"normal", "two_sided_normal", {kMu, kSigma}},
          {"normal", "censored_normal", {kMu, kSigma}},
          {"log_normal", "flux", {{"log_mean", "normal(0, 1)"}, {"log_sd", "half_normal(1)"}}},
          {"normal", "log_flux", {kMu, kSigma}},
          {"gamma", "poisson", {{"shape", "log_normal(0, 1)"}, {"scale", "log_normal(0, 1)"}}},
          {"normal", "poisson_log", {kMu, kSigma}},
          {"beta", "binomial", {{"a", "log_normal(0, 1)"}, {"b", "log_normal(0, 1)"}}},
          {"normal", "binomial_logit", {kMu, kSigma}}};
}

/// Less noise than the width of the populations: centred updates of theta mix well then.
std::vector<FitCase> with_less_noise(std::vector<FitCase> cases) {
  for (auto& c : cases) {
    c.noise = 0.3;
    if (c.population.find("power_law") == std::string::npos) continue;
    // bounds go no further than the outermost latent: few objects, many steps
    c.objects = 15;
    c.steps = 6000;
    c.burn_in = 1500;
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Populations, JointFit, testing::ValuesIn(with_less_noise(through_normal_noise())),
                         [](const auto& one) { return name_of(one.param); });
INSTANTIATE_TEST_SUITE_P(Measurements, JointFit, testing::ValuesIn(measurements_of_all_kinds()),
                         [](const auto& one) { return name_of(one.param); });

TEST(JointFitOfSamples, AgreesWithTheMarginalFit) {
  const auto simulation = starling::simulate("gamma", {1.7, 0.6}, 30, {0.15}, 40, 5);
  Catalog catalog = simulation.catalog;
  for (const double mu : catalog.samples) catalog.log_interim.push_back(-0.1 * mu);
  const Model model("gamma", "samples",
                    {{"shape", starling::log_normal(0, 1)}, {"scale", starling::log_normal(0, 1)}});
  auto o = options_of({"gamma", "samples", {}, 30, 100, 400});
  const auto joint = fit_joint(model, catalog, o);
  const auto marginal = fit_marginal(model, catalog, o);
  expect_same_theta(joint, marginal, 1.05);
  expect_same_latents(joint, marginal, catalog);
}

// ---- grids of two and three parameters

struct Grid {
  std::vector<double> mean, sd;
};

/// Means and standard deviations by Gauss-Legendre nodes in a box that is as wide as the chain, in double.
Grid grid_of(const FitCase& c, const Model& model, const Catalog& catalog, const Chain& chain) {
  const auto summary = starling::summary(chain);
  const std::size_t d = summary.parameters.size();
  const auto rule = grid::gauss_legendre(d == 2 ? 30 : 18);
  const std::size_t nodes = rule.x.size();
  BruteForce exact(c.population, measurement(c.measurement));
  std::vector<double> lower(d), width(d), middle(d);
  for (std::size_t j = 0; j < d; ++j) {
    const auto* draws = chain.values(j);
    const auto [low, high] = std::minmax_element(draws, draws + chain.header.chains() * chain.draws);
    const double margin = 0.3 * summary.parameters[j].sd;
    const auto& prior = model.priors()[j];
    lower[j] = std::max({*low - margin, model.parameters()[j].lower, prior.lower()});
    width[j] = std::min({*high + margin, model.parameters()[j].upper, prior.upper()}) - lower[j];
    middle[j] = summary.parameters[j].mean;
  }
  exact.at(middle);
  const double top = exact.sum(catalog) + model.log_prior(middle);
  double total = 0;
  std::vector<double> first(d), second(d), t(d);
  for (std::size_t cell = 0; cell < static_cast<std::size_t>(std::pow(nodes, d)); ++cell) {
    double weight = 1;
    for (std::size_t j = 0, k = cell; j < d; ++j, k /= nodes) {
      t[j] = lower[j] + 0.5 * (rule.x[k % nodes] + 1) * width[j];
      weight *= rule.weight[k % nodes];
    }
    exact.at(t);
    const double w = weight * std::exp(exact.sum_by_midpoints(catalog) + model.log_prior(t) - top);
    total += w;
    for (std::size_t j = 0; j < d; ++j) {
      first[j] += w * (t[j] - middle[j]);
      second[j] += w * (t[j] - middle[j]) * (t[j] - middle[j]);
    }
  }
  Grid g;
  for (std::size_t j = 0; j < d; ++j) {
    const double off = first[j] / total;
    g.mean.push_back(middle[j] + off);
    g.sd.push_back(std::sqrt(second[j] / total - off * off));
  }
  return g;
}

/// Every population of two or three parameters, and pairs with other measurements.
std::vector<FitCase> on_grids() {
  std::vector<FitCase> all;
  for (auto c : through_normal_noise()) {
    const std::size_t d = model_of(c).parameters().size();
    if (d > 3) continue;
    c.objects = d == 2 ? 40 : 25;
    all.push_back(c);
  }
  all.push_back({"gamma", "poisson", {{"shape", "log_normal(0, 1)"}, {"scale", "log_normal(0, 1)"}}, 40});
  all.push_back({"schechter(x_min=-1)",
                 "log_flux",
                 {{"alpha", "uniform(-2, 1)"}, {"log10_m_star", "normal(0.5, 1)"}},
                 40});
  all.push_back({"normal", "binomial_logit", {kMu, kSigma}, 40});
  return all;
}

class GridOf : public testing::TestWithParam<FitCase> {};
INSTANTIATE_TEST_SUITE_P(Populations, GridOf, testing::ValuesIn(on_grids()),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(GridOf, JointAndMarginalFitsAgreeWithIt) {
  const auto& c = GetParam();
  const auto catalog = simulated(c);
  const auto model = model_of(c);
  auto o = options_of(c);
  const auto joint = fit_joint(model, catalog, o);
  o.steps = 800;
  o.moves_per_step = 2;
  const auto marginal = fit_marginal(model, catalog, o);
  const auto g = grid_of(c, model, catalog, marginal);
  for (const auto* chain : {&joint, &marginal}) {
    const auto summary = starling::summary(*chain);
    for (std::size_t j = 0; j < g.mean.size(); ++j) {
      const auto& p = summary.parameters[j];
      expect_near(chain->header.method + " mean of " + p.name, p.mean, g.mean[j], p.mcse_mean, 2e-3 * p.sd);
      expect_near(chain->header.method + " sd of " + p.name, p.sd, g.sd[j], p.mcse_sd, 2e-3 * p.sd);
    }
  }
}

}  // namespace
}  // namespace pair_test
