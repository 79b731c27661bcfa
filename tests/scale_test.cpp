// A billion objects, made tile by tile and never held together: the kernels' sums keep differences of ln L
// right, and do not depend on the pieces in which they are added.
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "backends/cpu_variants.hpp"
#include "chain_support.hpp"
#include "formulas/terms.hpp"

namespace starling {
namespace {

constexpr double kMean = 0.3, kWidth = 1.1;  // of the truth, which is the reference
constexpr int kNoises = 4;
constexpr double kNoise[kNoises] = {0.4, 0.7, 1.0, 1.9};

double variance(double width, int k) {
  return width * width + kNoise[k] * kNoise[k];
}

/// x of object i: the sum of four uniform numbers, scaled to the variance that noise and population have.
double value(std::uint64_t i, int noise) {
  const std::uint64_t bits = chain_test::mixed(i);
  double sum = 0;
  for (int k = 0; k < 4; ++k) sum += static_cast<double>(bits >> (16 * k) & 0xffff) * 0x1p-16;
  return kMean + (sum - 2) * std::sqrt(3 * variance(kWidth, noise));
}

/// The walkers: two about one standard deviation, of a posterior from so many objects, from the reference,
/// and one about three.
std::vector<std::pair<double, double>> walkers(double objects) {
  const double sd = 1.5 / std::sqrt(objects);
  return {{kMean + sd, kWidth}, {kMean - sd, kWidth + sd}, {kMean + 2 * sd, kWidth - 2 * sd}};
}

struct Sums {
  std::vector<FixedSum> kernel;
  std::vector<double> exact;
};

/// ln L(walker) - ln L(reference) over the objects, in pieces of so many, by the kernels and in double.
Sums sums_of(std::uint64_t objects, std::uint64_t piece, bool exact) {
  const auto all = walkers(static_cast<double>(objects));
  WalkerTable table;
  table.resize(all.size(), NormalMarginalTerm::coefficients);
  for (std::size_t w = 0; w < all.size(); ++w)
    table.set(w, std::array{all[w].first - kMean, 0.0, (all[w].second - kWidth) * (all[w].second + kWidth)});
  Sums total{std::vector<FixedSum>(all.size()), std::vector<double>(all.size())};
  double change[3][kNoises];  // of -ln V / 2
  for (std::size_t w = 0; w < all.size(); ++w)
    for (int k = 0; k < kNoises; ++k)
      change[w][k] =
          -0.5 * std::log1p((all[w].second - kWidth) * (all[w].second + kWidth) / variance(kWidth, k));
#pragma omp parallel for schedule(dynamic)
  for (std::uint64_t begin = 0; begin < objects; begin += piece) {
    const std::uint64_t n = std::min(piece, objects - begin);
    ObjectTable<double> t;
    t.size = n;
    t.column[0].resize(n);
    t.column[1].resize(n);
    std::vector<double> sum(all.size());
    for (std::uint64_t i = 0; i < n; ++i) {
      const int k = static_cast<int>((begin + i) / 7 % kNoises);
      const double y = value(begin + i, k) - kMean, inverse = 1 / variance(kWidth, k);
      t.column[0][i] = y;
      t.column[1][i] = inverse;
      for (std::size_t w = 0; exact && w < all.size(); ++w) {
        const double d = y - (all[w].first - kMean), v = variance(all[w].second, k);
        sum[w] += change[w][k] - 0.5 * (d * d / v - y * y * inverse);
      }
    }
    std::vector<FixedSum> out(all.size());
    const auto kernel =
#if defined(__x86_64__)
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
            ? cpu::avx2::make_likelihood<NormalMarginalTerm>(t, 1)
            :
#endif
            cpu::generic::make_likelihood<NormalMarginalTerm>(t, 1);
    kernel->sum(table, out);
#pragma omp critical
    for (std::size_t w = 0; w < all.size(); ++w) {
      total.kernel[w] += out[w];
      total.exact[w] += sum[w];
    }
  }
  return total;
}

TEST(Scale, DifferencesAreRightForABillionObjects) {
  for (const std::uint64_t objects : {1'000'000ull, 100'000'000ull, 1'000'000'000ull}) {
    const Sums sums = sums_of(objects, 64 * kTile, true);
    for (std::size_t w = 0; w < sums.exact.size(); ++w) {
      EXPECT_GT(std::abs(sums.exact[w]), 0.05) << objects;  // there is a difference to be right
      // objects of the same noise have the same rounded variance ratio, so a part of the error has one sign
      EXPECT_NEAR(sums.kernel[w].value(), sums.exact[w], w < 2 ? 1e-3 : 5e-3)
          << objects << " objects, walker " << w;
    }
  }
}

TEST(Scale, PiecesAndThreadsDoNotChangeABit) {
  constexpr std::uint64_t objects = 20'000'000;
  const int threads = omp_get_max_threads();
  const auto expected = sums_of(objects, 64 * kTile, false).kernel;
  EXPECT_TRUE(sums_of(objects, 1000 * kTile, false).kernel == expected);
  for (const int t : {1, 3}) {
    omp_set_num_threads(t);
    EXPECT_TRUE(sums_of(objects, 17 * kTile, false).kernel == expected) << t << " threads";
  }
  omp_set_num_threads(threads);
}

}  // namespace
}  // namespace starling
