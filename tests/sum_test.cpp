// FixedSum: sums that do not depend on who adds, against exact 128-bit integers.
#include "starling/sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace starling {
namespace {

__extension__ using Int128 = __int128;

/// floor(v 2^48), from the bits of v.
Int128 fixed_point(double v) {
  int exponent = 0;
  const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(v, &exponent), 53));
  const int shift = exponent - 53 + 48;
  if (shift >= 0) return static_cast<Int128>(mantissa) * (static_cast<Int128>(1) << shift);
  return shift > -64 ? static_cast<Int128>(mantissa) >> -shift : static_cast<Int128>(mantissa < 0 ? -1 : 0);
}

Int128 bits_of(const FixedSum& s) {
  return static_cast<Int128>(s.high) * (static_cast<Int128>(1) << 64) + static_cast<Int128>(s.low);
}

/// Terms of both signs and of sizes between 2^low and 2^high.
std::vector<double> terms(std::size_t n, int low, int high, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> mantissa(-1, 1), exponent(low, high);
  std::vector<double> v(n);
  for (double& x : v) x = mantissa(random) * std::exp2(exponent(random));
  return v;
}

FixedSum sum_of(const std::vector<double>& v) {
  FixedSum s;
  for (const double x : v) s += FixedSum::of(x);
  return s;
}

TEST(FixedSum, ATermIsRoundedDownToAMultipleOfItsResolution) {
  for (const double v : terms(100'000, -80, 61, 1)) ASSERT_EQ(bits_of(FixedSum::of(v)), fixed_point(v)) << v;
  for (const double v : {0.0, -0.0, 1.0, -1.0, 0x1p-48, -0x1p-48, 0x1p-49, -0x1p-49, 5e-324, -5e-324, 65536.0,
                         -65536.0, 0x1p16 - 0x1p-36, 0x1p14, -0x1p14, 0x1.fffffffffffffp13,
                         -0x1.fffffffffffffp13, 0x1.fffffffffffffp61, -0x1.fffffffffffffp61})
    EXPECT_EQ(bits_of(FixedSum::of(v)), fixed_point(v)) << v;
}

TEST(FixedSum, TheSumIsExact) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto v = terms(2000, -70, 50, seed);
    Int128 expected = 0;
    for (const double x : v) expected += fixed_point(x);
    EXPECT_EQ(bits_of(sum_of(v)), expected);
  }
}

TEST(FixedSum, TheValueIsTheExactSumRounded) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto v = terms(500, -20, 20, seed);
    const FixedSum s = sum_of(v);
    const long double expected = static_cast<long double>(bits_of(s)) * 0x1p-48L;
    EXPECT_NEAR(s.value(), static_cast<double>(expected), 3e-16 * std::abs(static_cast<double>(expected)));
    long double plain = 0;
    for (const double x : v) plain += static_cast<long double>(x);
    // each of the 500 terms loses less than 2^-48
    EXPECT_NEAR(s.value(), static_cast<double>(plain),
                500 * 0x1p-48 + 3e-16 * std::abs(static_cast<double>(plain)));
  }
}

TEST(FixedSum, SingleMultiplesOfTheResolutionSurviveUnchanged) {
  for (const double v : {0.0, 1.0, -1.0, 0.1 - std::fmod(0.1, 0x1p-48), 1e15, -1e15, 12345.6789e9, -0x1p-48,
                         0x1p-48, -3 * 0x1p-48, 0x1p61, -0x1p61})
    EXPECT_EQ(FixedSum::of(v).value(), v);
}

TEST(FixedSum, AnyOrderAndGroupingGivesTheSameBits) {
  auto v = terms(3000, -40, 40, 3);
  const FixedSum expected = sum_of(v);
  std::mt19937_64 random(4);
  for (int trial = 0; trial < 50; ++trial) {
    std::shuffle(v.begin(), v.end(), random);
    ASSERT_TRUE(sum_of(v) == expected);
    // random groups, then random pairs of partial sums until one is left
    std::vector<FixedSum> parts;
    for (std::size_t i = 0; i < v.size();) {
      const std::size_t end = std::min<std::size_t>(v.size(), i + 1 + random() % 300);
      parts.push_back(
          sum_of({v.begin() + static_cast<std::ptrdiff_t>(i), v.begin() + static_cast<std::ptrdiff_t>(end)}));
      i = end;
    }
    while (parts.size() > 1) {
      std::shuffle(parts.begin(), parts.end(), random);
      const FixedSum last = parts.back();
      parts.pop_back();
      parts.front() += last;
    }
    ASSERT_TRUE(parts.front() == expected);
  }
}

TEST(FixedSum, WhatCancelsLeavesNothing) {
  // multiples of the resolution and their opposites; plain doubles would leave rounding errors
  std::vector<double> v;
  for (const double x : terms(5000, -20, 45, 5)) {
    const double rounded = FixedSum::of(x).value();
    v.push_back(rounded);
    v.push_back(-rounded);
  }
  std::mt19937_64 random(6);
  std::shuffle(v.begin(), v.end(), random);
  EXPECT_EQ(sum_of(v).value(), 0.0);
  EXPECT_TRUE(sum_of(v) == FixedSum{});
}

TEST(FixedSum, SmallNegativeSumsKeepTheirDigits) {
  FixedSum s = FixedSum::of(-1e12);
  s += FixedSum::of(1e12 - 0.25);
  EXPECT_EQ(s.value(), -0.25);
}

TEST(FixedSum, NotANumberAndInfinityFollowIeee) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const double odd[] = {nan, infinity, -infinity, 1.5, -2.0, 1e300, -1e300};
  for (const double a : odd)
    for (const double b : odd)
      for (const double c : odd) {
        const double got = (FixedSum::of(a) + FixedSum::of(b) + FixedSum::of(c)).value();
        // finite terms of 2^62 and more count as infinite
        const auto seen = [&](double x) { return std::abs(x) > 1e30 ? std::copysign(infinity, x) : x; };
        const double expected = seen(a) + seen(b) + seen(c);
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(got)) << a << ' ' << b << ' ' << c;
        } else {
          EXPECT_EQ(got, expected) << a << ' ' << b << ' ' << c;
        }
      }
}

TEST(FixedSum, TermsOfTwoToThe62AndMoreAreInfinite) {
  EXPECT_EQ(FixedSum::of(0x1p62).value(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(FixedSum::of(-0x1p62).value(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(FixedSum::of(0x1.fffffffffffffp61).value(), 0x1.fffffffffffffp61);
}

}  // namespace
}  // namespace starling
