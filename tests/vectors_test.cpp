// Several latents per object: densities and likelihoods against what their definitions say, written out with
// Eigen; the three fits against each other and against a grid; replay, adaptation, columns.
//
// Figures of fits may be 6 Monte Carlo standard errors apart (false alarm 2e-9 each); the seeds are fixed.
#include <gtest/gtest.h>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <Eigen/Dense>

#include "models/registry.hpp"
#include "models/vector_pair.hpp"
#include "vector_cases.hpp"

namespace {

using starling::Catalog;
using starling::Chain;
using starling::Method;
using starling::Model;
using vector_test::Case;
using vector_test::case_of;
using vector_test::simulated;

constexpr double kLimit = 6;

// ---- the definitions, written out

double log_gaussian(const Eigen::VectorXd& x, const Eigen::VectorXd& mean,
                    const Eigen::MatrixXd& covariance) {
  const Eigen::LDLT<Eigen::MatrixXd> ldlt(covariance);
  const Eigen::VectorXd r = x - mean;
  return -0.5 * (r.dot(ldlt.solve(r)) + ldlt.vectorD().array().log().sum() +
                 static_cast<double>(x.size()) * std::log(2 * M_PI));
}
double log_normal_density(double x, double mean, double sd) {
  return -0.5 * std::pow((x - mean) / sd, 2) - std::log(sd * std::sqrt(2 * M_PI));
}

/// ln p(mu | theta, z)
double log_density(const Case& c, const std::vector<double>& t, const Eigen::VectorXd& mu, double z) {
  if (c.text.starts_with("multivariate")) {
    Eigen::MatrixXd r(3, 3);
    r << 1, t[6], t[7], t[6], 1, t[8], t[7], t[8], 1;
    const Eigen::Vector3d sd(t[3], t[4], t[5]);
    return log_gaussian(mu, Eigen::Vector3d(t[0], t[1], t[2]), sd.asDiagonal() * r * sd.asDiagonal());
  }
  if (c.text.starts_with("linear")) {
    const std::size_t k_most = c.text == "linear" ? 1 : c.text.ends_with("2") ? 2 : 3;
    double sum = 0, last = 1;
    for (std::size_t k = 0; k < k_most; ++k) {
      const double weight = k + 1 < k_most ? t[3 + 2 * k_most + k] : last;
      last -= weight;
      sum += weight * std::exp(log_normal_density(mu[0], t[3 + 2 * k], t[4 + 2 * k]));
    }
    return std::log(sum) + log_normal_density(mu[1], t[0] + t[1] * mu[0], t[2]);
  }
  // p(x, z) by brute force: the comoving volume of omega_m = 0.3, and the norm over x and z
  const auto shape = [&](double x, double at) {
    const double y = std::pow(10, x - t[1] - t[2] * at);
    return std::log(10) * std::pow(10, t[3] * at) * std::pow(y, t[0] + 1) * std::exp(-y);
  };
  const auto volume = [](double at) {
    const auto e = [](double s) { return std::sqrt(0.3 * std::pow(1 + s, 3) + 0.7); };
    const double d = boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
        [&](double s) { return 1 / e(s); }, 0.0, at, 5, 1e-12);
    return d * d / e(at);
  };
  static std::map<std::vector<double>, double> norms;
  auto [norm, is_new] = norms.try_emplace(t, 0);
  if (is_new)
    norm->second = boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
        [&](double at) {
          return volume(at) * boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
                                  [&](double x) { return shape(x, at); }, 9.0, 17.0, 10, 1e-11);
        },
        0.0, 1.0, 5, 1e-10);
  return mu[0] < 9 ? -INFINITY : std::log(shape(mu[0], z) * volume(z) / norm->second);
}

/// x and the covariance of its noise.
std::pair<Eigen::VectorXd, Eigen::MatrixXd> measured(const Catalog& catalog, std::size_t i, int d) {
  const auto value = [&](const std::string& what, int j) {
    if (j == 0 && what == "x") return catalog.x[i];
    if (j == 0) return catalog.sigma_of(i);
    return catalog.columns.at(what + "_" + std::to_string(j + 1))[i];
  };
  Eigen::VectorXd x(d);
  Eigen::MatrixXd covariance(d, d);
  for (int j = 0; j < d; ++j) {
    x[j] = value("x", j);
    for (int k = 0; k < d; ++k) {
      const auto role = "rho_" + std::to_string(std::min(j, k) + 1) + std::to_string(std::max(j, k) + 1);
      const double rho = j == k ? 1 : catalog.columns.contains(role) ? catalog.columns.at(role)[i] : 0;
      covariance(j, k) = rho * value("sigma", j) * value("sigma", k);
    }
  }
  return {x, covariance};
}
double redshift(const Catalog& catalog, std::size_t i) {
  return catalog.columns.contains("z") ? catalog.columns.at("z")[i] : 0;
}

/// ln of the integral over mu of N(x; mu, C) p(mu): Monte Carlo has no place here; sums of normal
/// distributions are added component by component, one latent is integrated by quadrature.
double log_marginal(const Case& c, const Catalog& catalog, std::size_t i, const std::vector<double>& t) {
  const int d = static_cast<int>(starling::pair_facts(c.text, "normal").latents.size());
  const auto [x, noise] = measured(catalog, i, d);
  if (d == 1) {
    const double sigma = std::sqrt(noise(0, 0)), from = std::max(9.0, x[0] - 10 * sigma);
    return std::log(boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
        [&](double mu) {
          return std::exp(log_normal_density(x[0], mu, sigma) +
                          log_density(c, t, Eigen::VectorXd::Constant(1, mu), redshift(catalog, i)));
        },
        from, std::max(x[0], from) + 10 * sigma, 10, 1e-12));
  }
  if (c.text.starts_with("multivariate")) {
    Eigen::MatrixXd r(3, 3);
    r << 1, t[6], t[7], t[6], 1, t[8], t[7], t[8], 1;
    const Eigen::Vector3d sd(t[3], t[4], t[5]);
    return log_gaussian(x, Eigen::Vector3d(t[0], t[1], t[2]), sd.asDiagonal() * r * sd.asDiagonal() + noise);
  }
  const std::size_t k_most = c.text == "linear" ? 1 : c.text.ends_with("2") ? 2 : 3;
  double sum = 0, last = 1;
  for (std::size_t k = 0; k < k_most; ++k) {
    const double weight = k + 1 < k_most ? t[3 + 2 * k_most + k] : last, m = t[3 + 2 * k],
                 v = t[4 + 2 * k] * t[4 + 2 * k];
    last -= weight;
    Eigen::Matrix2d s;
    s << v, t[1] * v, t[1] * v, t[1] * t[1] * v + t[2] * t[2];
    sum += weight * std::exp(log_gaussian(x, Eigen::Vector2d(m, t[0] + t[1] * m), s + noise));
  }
  return std::log(sum);
}

Model model_of(const Case& c, const std::string& measurement = "normal",
               const std::map<std::string, std::string>& given = {}) {
  starling::Priors priors;
  for (const auto& p : starling::parameters_of(c.text, measurement)) {
    const auto found = given.find(p.name);
    if (found != given.end())
      priors.emplace_back(p.name, starling::parse_prior(found->second));
    else if (p.prior.empty())
      priors.emplace_back(p.name, starling::parse_prior(p.lower == 0 ? "half_normal(5)" : "normal(0, 10)"));
  }
  return {c.text, measurement, priors};
}

struct OfCases : testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Vectors, OfCases, testing::ValuesIn(vector_test::cases()),
                         [](const auto& one) { return one.param.text.substr(0, one.param.text.find('(')); });

// ---- densities and likelihoods

TEST_P(OfCases, NaiveLikelihoodIsTheDensityAtThePoints) {
  const Case& c = GetParam();
  const auto catalog = simulated(c, 40).catalog;
  const auto model = model_of(c);
  const int d = static_cast<int>(model.definition().latents().size());
  double expected = 0;
  std::vector<std::size_t> impossible;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const double l = log_density(c, c.theta, measured(catalog, i, d).first, redshift(catalog, i));
    if (std::isinf(l)) impossible.push_back(i);
    expected += l;
  }
  for (const char* device : {"reference", "cpu"}) {
    starling::FitOptions o;
    o.device = device;
    const auto got = starling::log_probability(model, catalog, Method::naive, c.theta, o);
    EXPECT_EQ(got.impossible, impossible);
    if (impossible.empty())
      EXPECT_NEAR(got.log_likelihood, expected, (device[0] == 'r' ? 1e-7 : 1e-5) * std::abs(expected));
    else
      EXPECT_EQ(got.log_likelihood, expected);
  }
}

TEST_P(OfCases, MarginalLikelihoodIsTheIntegral) {
  const Case& c = GetParam();
  const auto catalog = simulated(c, 40).catalog;
  const auto model = model_of(c);
  for (int k = 0; k < 4; ++k) {  // the last far from the reference, which is the quick estimate
    auto theta = c.theta;
    for (std::size_t j = 0; j < theta.size(); ++j) theta[j] *= 1 + 0.1 * k * std::sin(static_cast<double>(j));
    double expected = 0;
    for (std::size_t i = 0; i < catalog.size(); ++i) expected += log_marginal(c, catalog, i, theta);
    for (const char* device : {"reference", "cpu"}) {
      starling::FitOptions o;
      o.device = device;
      o.quadrature_tolerance = 1e-9;
      EXPECT_NEAR(starling::log_probability(model, catalog, Method::marginal, theta, o).log_likelihood,
                  expected, (device[0] == 'r' ? 1e-6 : 1e-5) * std::abs(expected))
          << device << " " << k;
    }
  }
}

TEST_P(OfCases, SamplesLikelihoodIsTheMeanOfWeights) {
  const Case& c = GetParam();
  auto catalog = simulated(c, 30, 7).catalog;
  const std::size_t d = catalog.sample_size;
  for (std::size_t k = 0; k < catalog.samples.size() / d; ++k)
    catalog.log_interim.push_back(0.1 * std::sin(static_cast<double>(k)));
  const auto model = model_of(c, "samples");
  double expected = 0, variance = 0;
  std::vector<std::size_t> impossible;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    double sum = 0, squares = 0;
    for (std::size_t k = catalog.offsets[i]; k < catalog.offsets[i + 1]; ++k) {
      const Eigen::VectorXd mu =
          Eigen::Map<const Eigen::VectorXd>(catalog.samples.data() + k * d, static_cast<Eigen::Index>(d));
      const double w = std::exp(log_density(c, c.theta, mu, redshift(catalog, i)) - catalog.log_interim[k]);
      sum += w;
      squares += w * w;
    }
    expected += std::log(sum / 7);
    if (sum > 0)
      variance += squares / (sum * sum) - 1.0 / 7;
    else
      impossible.push_back(i);
  }
  for (const char* device : {"reference", "cpu"}) {
    starling::FitOptions o;
    o.device = device;
    const auto got = starling::log_probability(model, catalog, Method::marginal, c.theta, o);
    EXPECT_EQ(got.impossible, impossible);
    EXPECT_NEAR(got.variance, variance, 1e-4 * variance);
    if (impossible.empty())
      EXPECT_NEAR(got.log_likelihood, expected, (device[0] == 'r' ? 1e-7 : 1e-5) * std::abs(expected));
    else
      EXPECT_EQ(got.log_likelihood, expected);
  }
}

/// Injections of a case: their latents, side by side, any densities that they were drawn from, and redshifts
/// where the population depends on them.
starling::Selection injections_of(const Case& c, std::size_t count) {
  const auto made = simulated(c, count, 1, 77).catalog;
  starling::Selection s;
  s.kind = starling::Selection::Kind::injections;
  s.mu = made.samples;
  s.injected = 3 * static_cast<double>(count);
  for (std::size_t k = 0; k < count; ++k) s.value.push_back(std::cos(static_cast<double>(k)) - 2);
  if (made.columns.contains("z")) s.covariates["z"] = made.columns.at("z");
  return s;
}

TEST_P(OfCases, InjectionsGiveTheDetectedFraction) {
  const Case& c = GetParam();
  const auto catalog = simulated(c, 40).catalog;
  const std::size_t count = 150, d = model_of(c).definition().latents().size();  // two runs and a part of one
  auto selection = injections_of(c, count);
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const Eigen::VectorXd mu =
        Eigen::Map<const Eigen::VectorXd>(selection.mu.data() + k * d, static_cast<Eigen::Index>(d));
    const double z = selection.covariates.empty() ? 0 : selection.covariates.at("z")[k];
    sum += std::exp(log_density(c, c.theta, mu, z) - selection.value[k]);
  }
  const double p = sum / selection.injected;
  for (const char* device : {"reference", "cpu"}) {
    starling::FitOptions o;
    o.device = device;
    const double tolerance = device[0] == 'r' ? 1e-7 : 1e-5;
    const double plain =
        starling::log_probability(model_of(c), catalog, Method::marginal, c.theta, o).log_likelihood;
    const auto with = [&](bool rate) {
      selection.rate = rate;
      auto priors = model_of(c).priors();
      starling::Priors named;
      for (std::size_t j = 0; j < priors.size(); ++j)
        named.emplace_back(model_of(c).parameters()[j].name, priors[j]);
      const Model model(c.text, "normal", named, selection);
      auto theta = c.theta;
      if (rate) theta.push_back(90);
      return starling::log_probability(model, catalog, Method::marginal, theta, o).log_likelihood - plain;
    };
    EXPECT_NEAR(with(false), -40 * std::log(p), tolerance * (std::abs(plain) + 40));
    EXPECT_NEAR(with(true), 40 * std::log(90) - 90 * p, tolerance * (std::abs(plain) + 90 * p));
  }
}

// Injections that are drawn from the population itself, of which those with mu_1 > 1 are seen.
TEST(VectorSelection, ByInjectionsFindsWhatAClosedFormHas) {
  const std::string text = "multivariate_normal";
  const std::vector<double> theta{0, 1, 1, 2, 0.5};
  constexpr std::size_t drawn = 400000;
  const auto made =
      starling::simulate({text, "normal", theta, {{"sigma", {1e-6}}, {"sigma_2", {1e-6}}}, drawn, 0, 5});
  starling::Selection s;
  s.kind = starling::Selection::Kind::injections;
  s.injected = drawn;
  Eigen::Matrix2d covariance;
  covariance << 1, 1, 1, 4;
  for (std::size_t k = 0; k < drawn; ++k) {
    const double x = made.mu[2 * k], y = made.mu[2 * k + 1];
    if (x < 1) continue;
    s.mu.insert(s.mu.end(), {x, y});
    s.value.push_back(log_gaussian(Eigen::Vector2d(x, y), Eigen::Vector2d(0, 1), covariance));
  }
  const starling::Priors priors{{"theta_mu_1", starling::normal(0, 10)},
                                {"theta_mu_2", starling::normal(0, 10)},
                                {"theta_sigma_1", starling::half_normal(5)},
                                {"theta_sigma_2", starling::half_normal(5)}};
  const auto catalog = simulated(case_of("linear"), 100).catalog;
  const Model plain(text, "normal", priors), selected(text, "normal", priors, s);
  const auto factor = [&](const std::vector<double>& t) {
    return starling::log_probability(selected, catalog, Method::marginal, t).log_likelihood -
           starling::log_probability(plain, catalog, Method::marginal, t).log_likelihood;
  };
  for (const auto& t : {theta, {0.3, 1, 0.9, 2, 0.4}, {-0.2, 0.8, 1.05, 1.9, 0.6}}) {
    const double p = 0.5 * std::erfc((1 - t[0]) / t[2] / std::sqrt(2.0));
    // N sd(P) / P of some 60,000 injections is about 0.5
    EXPECT_NEAR(factor(t), -100 * std::log(p), 3) << t[0];
  }
  EXPECT_GT(-100 * std::log(0.5 * std::erfc(1 / std::sqrt(2.0))), 180);  // the factor that was found
}

TEST(VectorSelection, IsReadByTheNamesOfLatentsAndCovariates) {
  const auto file = std::filesystem::path(testing::TempDir()) / "vector_injections.csv";
  std::ofstream(file) << "xi,eta,p_draw\n1,2,0.5\n3,4,0.25\n";
  const auto line = starling::parse_selection("injections(" + file.string() + ", 10)", "linear");
  EXPECT_EQ(line.mu, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(line.value, (std::vector<double>{std::log(0.5), std::log(0.25)}));
  std::ofstream(file) << "mu,z,log_p_draw\n9.5,0.2,-1\n10,0.3,-2\n";
  const auto evolving = starling::parse_selection("injections(" + file.string() + ", 10)",
                                                  "schechter_in_redshift(x_min=9, z_max=1)");
  EXPECT_EQ(evolving.mu, (std::vector<double>{9.5, 10}));
  EXPECT_EQ(evolving.covariates.at("z"), (std::vector<double>{0.2, 0.3}));
  EXPECT_THROW(starling::parse_selection("injections(" + file.string() + ", 10)", "linear"),
               starling::InputError);
  EXPECT_THROW(
      starling::fit_marginal(Model("linear", "normal", {}, starling::parse_selection("threshold(1)")),
                             simulated(case_of("linear"), 10).catalog, starling::FitOptions{}),
      starling::InputError);
}

TEST_P(OfCases, DrawsFollowTheDensity) {
  // Means and covariances of draws against those by importance: draws of one theta, weighted to another.
  const Case& c = GetParam();
  const auto model = starling::find_vector_model(c.text, "normal").model;
  auto other = c.theta;
  for (double& t : other) t *= 1.02;
  if (!std::isfinite(model->log_constraint(other))) GTEST_SKIP() << "no theta beside it";
  const std::size_t d = model->latents().size();
  const std::vector<double> z(model->covariates().size(), 0.5);
  const std::vector<starling::Frame> frames(d);
  // the mean over draws of p(mu | other) / p(mu | theta) is 1; of one redshift up to what p says of that
  double sum = 0, squares = 0, share = 1;
  if (!z.empty()) {
    const auto of_z = [&](const std::vector<double>& t) {
      return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
          [&](double x) { return std::exp(log_density(c, t, Eigen::VectorXd::Constant(1, x), z[0])); }, 9.0,
          17.0, 10, 1e-10);
    };
    share = of_z(other) / of_z(c.theta);
  }
  constexpr int n = 20000;
  for (int k = 0; k < n; ++k) {
    starling::HostStream stream(3, 0, static_cast<std::uint32_t>(k), 99);
    std::vector<double> mu(d);
    model->draw(c.theta, z, stream, mu);
    const Eigen::VectorXd at = Eigen::Map<const Eigen::VectorXd>(mu.data(), static_cast<Eigen::Index>(d));
    const double at_z = z.empty() ? 0 : z[0];
    const double w = std::exp(log_density(c, other, at, at_z) - log_density(c, c.theta, at, at_z)) / share;
    sum += w / n;
    squares += w * w / n;
  }
  EXPECT_NEAR(sum, 1, kLimit * std::sqrt((squares - sum * sum) / n));
  EXPECT_GT(squares - sum * sum, 1e-5);  // else nothing was compared
}

// ---- fits

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
