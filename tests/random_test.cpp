// Random numbers: known answers, the same words as Random123, and the distributions made of them.
//
// Moments are compared within 6 standard errors and distributions by Kolmogorov's statistic below 3 (false
// alarms: 2e-9 and 3e-8 each); the seeds are fixed.
#include "starling/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "backends/cpu_variants.hpp"
#include "backends/host_streams.hpp"
#include "kolmogorov.hpp"

#if __has_include(<Random123/philox.h>)
#include <Random123/philox.h>
#undef philox4x32  // a macro of the name of our function
#define HAVE_RANDOM123
#endif

namespace starling {
namespace {

using Block = Words<std::uint32_t>;

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// Checks that the mean of values(i) is `expected` when one value has the variance `variance`.
void expect_mean(const char* what, std::size_t n, const std::function<double(std::size_t)>& value,
                 double expected, double variance) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += value(i);
  const double count = static_cast<double>(n);
  EXPECT_NEAR(sum / count, expected, 6 * std::sqrt(variance / count)) << what;
}

/// The first four moments of a standard normal, and Kolmogorov's statistic.
void expect_normal(const std::vector<double>& z) {
  const std::size_t n = z.size();
  const auto power = [&](int p) { return [&z, p](std::size_t i) { return std::pow(z[i], p); }; };
  expect_mean("mean", n, power(1), 0, 1);
  expect_mean("variance", n, power(2), 1, 2);
  expect_mean("third moment", n, power(3), 0, 15);
  expect_mean("fourth moment", n, power(4), 3, 96);
  EXPECT_LT(kolmogorov(z, normal_cdf), 3);
}

/// Neighbouring values share neither sign nor size.
void expect_independent(const std::vector<double>& z) {
  const std::size_t n = z.size() - 1;
  expect_mean(
      "product", n, [&](std::size_t i) { return z[i] * z[i + 1]; }, 0, 1);
  // terms that share a value are uncorrelated, so the variance of the sum is that of independent terms
  expect_mean(
      "product of squares", n, [&](std::size_t i) { return (z[i] * z[i] - 1) * (z[i + 1] * z[i + 1] - 1); },
      0, 4);
}

TEST(Philox, GivesTheKnownAnswers) {  // kat_vectors of Random123 (Salmon et al. 2011), philox4x32 10
  struct Known {
    Block counter;
    std::uint64_t key;
    Block expected;
  };
  const Known known[] = {
      {{{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{~0u, ~0u, ~0u, ~0u}}, ~0ull, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},  // the digits of pi
       0x299f31d0a4093822ull,
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const auto& k : known) {
    const Block got = philox4x32(k.counter, k.key);
    for (int j = 0; j < 4; ++j) EXPECT_EQ(got.w[j], k.expected.w[j]) << "word " << j;
  }
}

TEST(Philox, EqualsRandom123) {
#ifdef HAVE_RANDOM123
  std::uint64_t state = 1;
  const auto next = [&] {  // any numbers will do
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::uint32_t>(state >> 32);
  };
  for (int i = 0; i < 100'000; ++i) {
    const Block c{{next(), next(), next(), next()}};
    const std::uint32_t low = next(), high = next();
    const philox4x32_ctr_t theirs =
        philox4x32_R(10, philox4x32_ctr_t{{c.w[0], c.w[1], c.w[2], c.w[3]}}, philox4x32_key_t{{low, high}});
    const Block ours = philox4x32(c, static_cast<std::uint64_t>(high) << 32 | low);
    for (unsigned j = 0; j < 4; ++j) ASSERT_EQ(ours.w[j], theirs.v[j]) << "counter " << i << ", word " << j;
  }
#else
  GTEST_SKIP() << "Random123 is not installed";
#endif
}

TEST(Uniform01, IsNeverZeroAndMayBeOne) {
  EXPECT_EQ(uniform01<float>(0), 2.32830644e-10f);
  EXPECT_GT(uniform01<float>(1), 0.0f);
  EXPECT_EQ(uniform01<float>(~0u), 1.0f);
  EXPECT_GT(uniform01<double>(0), 0.0);
  EXPECT_LE(uniform01<double>(~0u), 1.0);
}

TEST(Uniform01, IsTheMiddleOfItsCellRounded) {
  for (std::uint64_t word = 0; word <= 0xffffffffull; word += 104'729) {
    const double middle = (static_cast<double>(word >> 1) + 0.5) / 2147483648.0;
    const auto u = static_cast<double>(uniform01<float>(static_cast<std::uint32_t>(word)));
    // half an ulp of the word's conversion to float and half an ulp of the result
    ASSERT_NEAR(u, middle, 1.3e-7 * middle) << word;
  }
}

TEST(Uniform01, IsUniform) {
  std::vector<double> u;
  for (std::uint32_t i = 0; i < 50'000; ++i)
    for (const std::uint32_t w : philox4x32(Block{{i, 0, 0, 77}}, 5).w)
      u.push_back(static_cast<double>(uniform01<float>(w)));
  EXPECT_LT(kolmogorov(u, [](double x) { return x; }), 3);
}

template <class R>
std::vector<double> normals(std::uint32_t blocks) {
  std::vector<double> z;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const auto w = philox4x32(Block{{i, 1, 2, 3}}, 99);
    for (const int j : {0, 2}) {
      R a, b;
      normal_pair<R>(w.w[j], w.w[j + 1], a, b);
      z.push_back(static_cast<double>(a));
      z.push_back(static_cast<double>(b));
    }
  }
  return z;
}

TEST(NormalPair, IsStandardNormalAndIndependent) {
  const auto z = normals<float>(250'000);
  expect_normal(z);
  expect_independent(z);
}

TEST(NormalPair, TheFirstIsNormalAndTheSecondIsNormal) {
  const auto z = normals<float>(100'000);
  for (const std::size_t first : {0u, 1u}) {
    std::vector<double> half;
    for (std::size_t i = first; i < z.size(); i += 2) half.push_back(z[i]);
    expect_normal(half);
  }
}

TEST(NormalPair, InFloatIsThatInDouble) {
  const auto single = normals<float>(10'000), twice = normals<double>(10'000);
  for (std::size_t i = 0; i < twice.size(); ++i) ASSERT_NEAR(single[i], twice[i], 2e-6) << i;
}

TEST(NormalPair, StaysFiniteForEveryExtremeWord) {
  for (const std::uint32_t a : {0u, 1u, 2u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu})
    for (const std::uint32_t b : {0u, 1u, 0x3fffffffu, 0x40000000u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
      float z0, z1;
      normal_pair<float>(a, b, z0, z1);
      EXPECT_TRUE(std::abs(z0) < 6.7f && std::abs(z1) < 6.7f) << a << ' ' << b << ": " << z0 << ' ' << z1;
    }
}

TEST(HostStream, IsUniformAndNormalAndNeverAtTheEdges) {
  HostStream stream(11, 22, 33, 44);
  std::vector<double> u(200'000), z(400'000);
  for (double& x : u) {
    x = stream.uniform();
    ASSERT_TRUE(x > 0 && x < 1);
  }
  for (double& x : z) x = stream.normal();
  EXPECT_LT(kolmogorov(u, [](double x) { return x; }), 3);
  expect_normal(z);
  expect_independent(z);
}

TEST(HostStream, BelowIsEquallyLikely) {
  HostStream stream(1, 2, 3, 4);
  constexpr std::size_t cells = 7, draws = 210'000;
  std::vector<double> count(cells);
  for (std::size_t i = 0; i < draws; ++i) {
    const std::size_t k = stream.below(cells);
    ASSERT_LT(k, cells);
    ++count[k];
  }
  const double p = 1.0 / cells, n = draws;
  for (const double c : count) EXPECT_NEAR(c, n * p, 6 * std::sqrt(n * p * (1 - p)));
  EXPECT_EQ(stream.below(1), 0u);
}

TEST(HostStream, ABlockLaterContinuesTheStream) {
  HostStream whole(5, 6, 7, 8), rest(5, 6, 7, 8, 3);
  for (int i = 0; i < 6; ++i) whole.uniform();  // three blocks of two
  for (int i = 0; i < 10; ++i) EXPECT_EQ(whole.uniform(), rest.uniform());
}

TEST(HostStream, OfManyChainsAreThoseOfEach) {
  for (const std::size_t count : {1u, 7u, 16u, 17u, 50u, 64u, 150u}) {
    auto streams = host_streams(5, 6, 7, 1001, count);
    ASSERT_EQ(streams.size(), count);
    for (std::uint32_t i = 0; i < count; ++i) {
      HostStream alone(5, 6, 1001 + i, 7);
      for (int k = 0; k < 20; ++k) ASSERT_EQ(streams[i].uniform(), alone.uniform()) << i << ", " << k;
    }
  }
}

TEST(HostStream, WordsOfManyChainsAreTheSameWithEveryInstructionSet) {
  using Make = decltype(&cpu::generic::first_words);
  std::vector<Make> variants{&cpu::generic::first_words};
#if defined(__x86_64__)
  if (cpu::chosen_variant() >= cpu::Variant::avx2) variants.push_back(&cpu::avx2::first_words);
  if (cpu::chosen_variant() >= cpu::Variant::avx512) variants.push_back(&cpu::avx512::first_words);
#endif
  constexpr std::uint32_t first = 3, count = 37;
  for (const Make make : variants) {
    std::vector<std::uint32_t> words(cpu::kFirstWords * count);
    make(9, 8, 7, first, count, words.data());
    for (std::uint32_t i = 0; i < count; ++i)
      for (std::uint32_t block = 0; block < cpu::kFirstWords / 4; ++block) {
        const Block expected = philox4x32(Block{{block, 8, first + i, 7}}, 9);
        for (std::uint32_t k = 0; k < 4; ++k)
          ASSERT_EQ(words[(4 * block + k) * count + i], expected.w[k]) << i << ", " << block << ", " << k;
      }
  }
}

TEST(Streams, NeverRepeatAcrossPurposesSubPurposesChainsAndSteps) {
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  for (std::uint32_t purpose = 1; purpose <= 8; ++purpose)
    for (std::uint32_t sub = 0; sub < 10; ++sub)
      for (std::uint32_t chain = 0; chain < 20; ++chain)
        for (std::uint32_t step = 0; step < 20; ++step)
          for (std::uint32_t block = 0; block < 3; ++block, ++count) {
            const auto w =
                philox4x32(Block{{block, step, chain, purpose_word(static_cast<Purpose>(purpose), sub)}}, 3);
            seen.insert(static_cast<std::uint64_t>(w.w[0]) << 32 | w.w[1]);
          }
  EXPECT_EQ(seen.size(), count);  // chance of a repeat among so many 64-bit numbers: 3e-10
}

TEST(Streams, OfNeighboursAreUncorrelated) {
  // one place of the counter or of the seed at a time goes from 0 to 99999; the numbers made of it are
  // independent
  for (int place = 0; place < 5; ++place) {
    std::vector<double> z;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      std::uint32_t at[4] = {7, 7, 7, 7};
      if (place < 4) at[place] = i;
      HostStream stream(place == 4 ? i : 9, at[0], at[1], at[2], at[3]);
      z.push_back(stream.normal());
    }
    SCOPED_TRACE(place);
    expect_normal(z);
    expect_independent(z);
  }
}

}  // namespace
}  // namespace starling
