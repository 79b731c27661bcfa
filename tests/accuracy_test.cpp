// How far differences of ln L, which is all that an acceptance sees, are from those in long double: below
// 1e-3 near the mode, for a million objects and more.
#include <gtest/gtest.h>

#include "fit_support.hpp"
#include "models/definition.hpp"

namespace fit_test {
namespace {

using starling::Method;
using starling::uniform;
using Real = long double;

/// ln L(theta) - ln L(reference) of a fit in long double, term by term.
using Exact = std::function<Real(const Catalog&, const std::vector<double>&, const std::vector<double>&)>;

Real normal_term(Real x, Real m, Real v) {
  return -0.5L * ((x - m) * (x - m) / v + std::log(v));
}

Exact normal_difference(bool naive) {
  return [naive](const Catalog& c, const std::vector<double>& theta, const std::vector<double>& reference) {
    Real sum = 0;
    const auto squared = [](double t) { return static_cast<Real>(t) * static_cast<Real>(t); };
    const Real q = theta.size() > 2 ? squared(theta[2]) : 1,
               q0 = theta.size() > 2 ? squared(reference[2]) : 1;
    for (std::size_t i = 0; i < c.size(); ++i) {
      const Real noise = naive ? 0 : squared(c.sigma_of(i)), x = static_cast<Real>(c.x[i]);
      sum += normal_term(x, static_cast<Real>(theta[0]), squared(theta[1]) + q * noise) -
             normal_term(x, static_cast<Real>(reference[0]), squared(reference[1]) + q0 * noise);
    }
    return sum;
  };
}

Real samples_difference(const Catalog& c, const std::vector<double>& theta,
                        const std::vector<double>& reference) {
  Real sum = 0;
  const auto density = [](double mu, const std::vector<double>& t) {
    const Real z = (static_cast<Real>(mu) - static_cast<Real>(t[0])) / static_cast<Real>(t[1]);
    return std::exp(-0.5L * z * z) / static_cast<Real>(t[1]);
  };
  for (std::size_t i = 0; i < c.size(); ++i) {
    Real a = 0, b = 0;
    for (std::size_t k = c.offsets[i]; k < c.offsets[i + 1]; ++k) {
      a += density(c.samples[k], theta);
      b += density(c.samples[k], reference);
    }
    sum += std::log(a / b);
  }
  return sum;
}

/// The largest error of the difference among walkers a number of posterior standard deviations from the
/// reference, which is itself one away from the truth. `sd`: of each parameter.
double largest_error(const Model& model, const Catalog& catalog, Method method, const Exact& exact,
                     const std::vector<double>& truth, const std::vector<double>& sd, double distance) {
  std::vector<double> reference = truth;
  for (std::size_t j = 0; j < truth.size(); ++j) reference[j] += sd[j];
  const auto backend = starling::choose_backend("cpu", 1, 0, nullptr);
  const auto likelihood = model.definition().likelihood(catalog, method, reference, {}, backend);
  const double signs[][3] = {{0, 1, 0}, {1, -1, 1}};
  std::vector<double> walkers = reference;
  for (const auto& sign : signs)
    for (std::size_t j = 0; j < truth.size(); ++j)
      walkers.push_back(reference[j] + distance * sign[j] * sd[j]);
  std::vector<double> value(3);
  likelihood->evaluate(walkers, value);
  double largest = 0;
  for (std::size_t w = 1; w < 3; ++w) {
    const std::vector<double> theta(walkers.begin() + static_cast<std::ptrdiff_t>(w * truth.size()),
                                    walkers.begin() + static_cast<std::ptrdiff_t>((w + 1) * truth.size()));
    const Real difference = exact(catalog, theta, reference);
    largest =
        std::max(largest, std::abs(static_cast<double>(static_cast<Real>(value[w] - value[0]) - difference)));
  }
  return largest;
}

/// Errors at 1 and 5 standard deviations, of a posterior as narrow as `objects` would make it. `parts`: how
/// many catalogs of this size that is; if all their errors had one sign they would add up to `parts` times
/// one.
void expect_accurate(const Model& model, const Catalog& catalog, Method method, const Exact& exact,
                     const std::vector<double>& truth, const std::vector<double>& sd_of_one, double parts) {
  const double n = static_cast<double>(catalog.size()) * parts;
  std::vector<double> sd = sd_of_one;
  for (double& s : sd) s /= std::sqrt(n);
  for (const double distance : {1.0, 5.0}) {
    const double error = largest_error(model, catalog, method, exact, truth, sd, distance);
    EXPECT_LT(parts * error, n > 1e7 && distance > 1 ? 5e-3 : 1e-3) << n << " objects, " << distance << " sd";
  }
}

constexpr std::size_t kMillion = 1'000'000;
const Model kModel = normal_model(uniform(-5, 5), uniform(0, 5));

class Accuracy : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(AMillionAndAHundredMillionObjects, Accuracy, testing::Values(1.0, 100.0));

TEST_P(Accuracy, OfTheNaiveFit) {
  const auto catalog = made(kMillion, 0.3, 1, {1}, 61);
  expect_accurate(kModel, catalog, Method::naive, normal_difference(true), {0.3, 1.4142}, {1.41, 1},
                  GetParam());
}
TEST_P(Accuracy, OfTheMarginalFitWithOneNoise) {
  const auto catalog = made(kMillion, 0.3, 1, {1}, 62);
  expect_accurate(kModel, catalog, Method::marginal, normal_difference(false), {0.3, 1}, {1.41, 1.41},
                  GetParam());
}
TEST_P(Accuracy, OfTheMarginalFitWithUnequalNoise) {
  const auto catalog = made(kMillion, 0.3, 1, log_normal_noise(kMillion, 0.5, 1), 63);
  expect_accurate(kModel, catalog, Method::marginal, normal_difference(false), {0.3, 1}, {1.2, 1.2},
                  GetParam());
}
TEST_P(Accuracy, OfTheMarginalFitWithUnknownNoise) {
  const auto catalog = made(kMillion, 0.3, 1, log_normal_noise(kMillion, 0.5, 1), 64);
  expect_accurate(unknown_noise_model(uniform(-5, 5), uniform(0, 5), uniform(0, 5)), catalog,
                  Method::marginal, normal_difference(false), {0.3, 1, 1}, {1.2, 1.5, 1.5}, GetParam());
}
TEST_P(Accuracy, OfTheSamplesFit) {  // a hundredth of the objects, with a hundred samples each
  const auto simulation = starling::simulate("normal", {0.3, 1}, kMillion / 100, {0.7}, 100, 65);
  const Model model("normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 5)}});
  expect_accurate(model, simulation.catalog, Method::marginal, samples_difference, {0.3, 1}, {1.3, 1.2},
                  GetParam());
}

TEST(AccuracyFarAway, TheSafePathOfSamplesHoldsItsRelativePrecision) {
  // the reference stays where the data are while theta is far from it
  const auto simulation = starling::simulate("normal", {0, 1}, 300, {1}, 50, 66);
  const Model model("normal", "samples", {{"theta_mu", uniform(-99, 99)}, {"theta_sigma", uniform(0, 99)}});
  const std::vector<double> reference{0.1, 1.1};
  for (const char* device : {"cpu", "reference"}) {
    const auto backend = starling::choose_backend(device, 1, 0, nullptr);
    const auto likelihood =
        model.definition().likelihood(simulation.catalog, Method::marginal, reference, {}, backend);
    for (const std::vector<double>& theta :
         {std::vector<double>{40, 1}, {-60, 1.1}, {0, 0.05}, {3, 0.3}, {0, 50}, {1, 1}}) {
      std::vector<double> both{theta[0], theta[1], reference[0], reference[1]}, value(2);
      likelihood->evaluate(both, value);
      const auto exact = [&] {  // with the largest term taken out of every sum
        Real sum = 0;
        const auto& c = simulation.catalog;
        for (std::size_t i = 0; i < c.size(); ++i)
          for (const auto& [t, sign] : {std::pair{theta, 1.0L}, std::pair{reference, -1.0L}}) {
            Real largest = -1e30L, terms = 0;
            const auto l = [&, t = t](std::size_t k) {
              const Real z =
                  (static_cast<Real>(c.samples[k]) - static_cast<Real>(t[0])) / static_cast<Real>(t[1]);
              return -0.5L * z * z - std::log(static_cast<Real>(t[1]));
            };
            for (std::size_t k = c.offsets[i]; k < c.offsets[i + 1]; ++k) largest = std::max(largest, l(k));
            for (std::size_t k = c.offsets[i]; k < c.offsets[i + 1]; ++k) terms += std::exp(l(k) - largest);
            sum += sign * (largest + std::log(terms));
          }
        return static_cast<double>(sum);
      }();
      EXPECT_NEAR(value[0] - value[1], exact, 1e-6 * std::abs(exact) + 1e-4)
          << device << " at " << testing::PrintToString(theta);
    }
  }
}

}  // namespace
}  // namespace fit_test
