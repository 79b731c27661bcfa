// Several latents per object: densities, likelihoods and selection against what their definitions say.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "models/registry.hpp"
#include "models/vector_pair.hpp"
#include "vector_definitions.hpp"

namespace vector_test {
namespace {

using starling::Method;

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
  s.mu.assign(made.samples.begin(), made.samples.end());
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

}  // namespace
}  // namespace vector_test
