// The integrated autocorrelation time against closed forms and a direct sum, and its use of the pooled mean.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "backends/cpu_variants.hpp"
#include "backends/lags.hpp"
#include "diagnostics/convergence.hpp"
#include "starling/summary.hpp"

namespace {

using starling::Draws;

// AR(1) of unit variance: x' = phi x + sqrt(1 - phi^2) z, started in equilibrium.
std::vector<double> autoregressive(std::size_t chains, std::size_t draws, double phi, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> z;
  std::vector<double> values;
  for (std::size_t c = 0; c < chains; ++c) {
    double x = z(engine);
    for (std::size_t t = 0; t < draws; ++t) {
      values.push_back(x);
      x = phi * x + std::sqrt(1 - phi * phi) * z(engine);
    }
  }
  return values;
}

class AutoregressiveTau : public testing::TestWithParam<double> {};

// tau = (1 + phi) / (1 - phi). The estimate has a relative standard error of sqrt(2 (2 M + 1) / n), M = 5
// tau; the window leaves out exp(-5) of the sum or more. 6 standard errors: false alarms below 1e-8.
TEST_P(AutoregressiveTau, IsTheClosedForm) {
  const double phi = GetParam(), expected = (1 + phi) / (1 - phi);
  const std::size_t chains = 50, draws = 4000;
  const std::vector<double> values = autoregressive(chains, draws, phi, 7);
  const double tau = starling::autocorrelation_time({values.data(), chains, draws});
  const double window = std::max(5 * expected, 1.0);
  const double error = expected * std::sqrt(2 * (2 * window + 1) / static_cast<double>(chains * draws));
  const double cut = 2 * std::pow(std::abs(phi), std::ceil(window)) / (1 - std::abs(phi));
  EXPECT_NEAR(tau, expected, 6 * error + cut + expected * expected / static_cast<double>(draws));
}
INSTANTIATE_TEST_SUITE_P(Phi, AutoregressiveTau, testing::Values(0.0, 0.2, 0.5, 0.8, 0.9, 0.97));

TEST(Autocovariance, IsTheDirectSum) {
  const std::size_t chains = 3, draws = 501;  // odd: the last chain has no partner in its transform
  const std::vector<double> values = autoregressive(chains, draws, 0.6, 3);
  starling::diagnostics::Autocovariance fast({values.data(), chains, draws}, 0.25);
  ASSERT_EQ(fast.size(), draws);
  for (std::size_t lag = 0; lag < draws; ++lag) {  // the last ones by FFT
    double direct = 0;
    for (std::size_t c = 0; c < chains; ++c)
      for (std::size_t s = 0; s + lag < draws; ++s)
        direct += (values[c * draws + s] - 0.25) * (values[c * draws + s + lag] - 0.25);
    EXPECT_NEAR(fast[lag], direct / static_cast<double>(chains * draws), 1e-13) << lag;
    starling::diagnostics::Autocovariance this_lag_first({values.data(), chains, draws}, 0.25);
    EXPECT_NEAR(this_lag_first[lag], fast[lag], 1e-13) << lag;
  }
}

TEST(Autocovariance, HasTheSameBitsWithEveryInstructionSet) {
  namespace cpu = starling::cpu;
  const std::vector<double> values = autoregressive(1, 400, 0.6, 4);
  for (const std::size_t count : {0u, 1u, 2u, 57u, 300u}) {
    std::vector<double> expected(cpu::kLagsAtOnce, 0.5), direct = expected;
    cpu::generic::add_lag_products(values.data(), 3, count, expected.data());
    for (std::size_t lag = 0; lag < direct.size(); ++lag) {
      for (std::size_t i = 0; i < count; ++i) direct[lag] += values[i] * values[i + 3 + lag];
      EXPECT_NEAR(expected[lag], direct[lag], 1e-12);
    }
    const auto same = [&](auto add) {
      std::vector<double> sums(cpu::kLagsAtOnce, 0.5);
      add(values.data(), 3, count, sums.data());
      EXPECT_EQ(sums, expected);
    };
    same(&cpu::add_lag_products);
#if defined(__x86_64__)
    if (cpu::chosen_variant() >= cpu::Variant::avx2) same(&cpu::avx2::add_lag_products);
    if (cpu::chosen_variant() >= cpu::Variant::avx512) same(&cpu::avx512::add_lag_products);
#endif
  }
}

TEST(AutocorrelationTime, ShowsChainsThatAreStuckApart) {
  const std::size_t chains = 20, draws = 1000;
  std::vector<double> values = autoregressive(chains, draws, 0, 5);
  EXPECT_LT(starling::autocorrelation_time({values.data(), chains, draws}), 1.5);
  // Each mixes well about its own place, 3 sd from the others' mean.
  for (std::size_t c = 0; c < chains; ++c)
    for (std::size_t t = 0; t < draws; ++t) values[c * draws + t] += c % 2 == 0 ? 3 : -3;
  EXPECT_GT(starling::autocorrelation_time({values.data(), chains, draws}), 0.5 * static_cast<double>(draws));
}

TEST(AutocorrelationTime, IsNotANumberWithoutMovement) {
  const std::vector<double> values(40, 0.1);
  EXPECT_TRUE(std::isnan(starling::autocorrelation_time({values.data(), 4, 10})));
  EXPECT_TRUE(std::isnan(starling::autocorrelation_time({values.data(), 1, 3})));
}

TEST(Quantile, InterpolatesAndIsExactForTies) {
  const std::vector<double> values{3, 1, 2, 4};
  EXPECT_DOUBLE_EQ(starling::quantile({values.data(), 2, 2}, 0), 1);
  EXPECT_DOUBLE_EQ(starling::quantile({values.data(), 2, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(starling::quantile({values.data(), 2, 2}, 0.9), 3.7);
  EXPECT_DOUBLE_EQ(starling::quantile({values.data(), 2, 2}, 1), 4);
  const std::vector<double> ties(1000, 0.1);
  for (const double p : {0.05, 0.055, 0.3, 0.945})
    EXPECT_EQ(starling::quantile({ties.data(), 1, ties.size()}, p), 0.1) << p;
  EXPECT_TRUE(std::isnan(starling::quantile({nullptr, 0, 0}, 0.5)));
}

}  // namespace
