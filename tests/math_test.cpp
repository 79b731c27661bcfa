// The float elementary functions against the double-precision library, over every float of their range.
#include "starling/math.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace starling;

// Largest error in units of the last place of the exact result, over all floats in [lo, hi] in steps of
// `stride` bit patterns.
template <class F, class G>
double worst_ulp(float lo, float hi, F ours, G exact, std::uint32_t stride) {
  double worst = 0;
  auto visit = [&](float x) {
    const double want = exact(static_cast<double>(x)), got = ours(x);
    int exponent = 0;
    std::frexp(want, &exponent);
    const double error = std::abs(got - want) / std::ldexp(1.0, std::max(exponent, -125) - 24);
    if (!(error <= worst)) worst = error;
  };
  auto sweep = [&](float a, float b) {  // 0 <= a < b
    const std::uint32_t end = std::bit_cast<std::uint32_t>(b);
    for (std::uint32_t i = std::bit_cast<std::uint32_t>(a); i < end; i += stride)
      visit(std::bit_cast<float>(i));
    visit(b);
  };
  if (hi > 0) sweep(std::max(lo, 0x1p-126f), hi);
  if (lo < 0) {
    const std::uint32_t end = std::bit_cast<std::uint32_t>(-lo);
    for (std::uint32_t i = std::bit_cast<std::uint32_t>(0x1p-126f); i < end; i += stride)
      visit(-std::bit_cast<float>(i));
  }
  return worst;
}

#ifdef NDEBUG
constexpr std::uint32_t kStride = 61;
#else
constexpr std::uint32_t kStride = 1009;
#endif

TEST(Math, LogIsWithinOneUlpForEveryNormalFloat) {
  EXPECT_LT(worst_ulp(
                0x1p-126f, 3.4e38f, [](float x) { return math::log(x); },
                [](double x) { return std::log(x); }, kStride),
            1.0);
}

TEST(Math, Log1pIsWithinTwoUlp) {
  EXPECT_LT(worst_ulp(
                -0.9999999f, 3.4e38f, [](float x) { return math::log1p(x); },
                [](double x) { return std::log1p(x); }, kStride),
            2.0);
}

TEST(Math, ExpIsWithinOneUlp) {
  EXPECT_LT(
      worst_ulp(
          -87.0f, 88.0f, [](float x) { return math::exp(x); }, [](double x) { return std::exp(x); }, kStride),
      1.0);
}

TEST(Math, Expm1IsWithinTwoUlp) {
  EXPECT_LT(worst_ulp(
                -87.0f, 88.0f, [](float x) { return math::expm1(x); }, [](double x) { return std::expm1(x); },
                kStride),
            2.0);
}

TEST(Math, SineAndCosineOfTurnsAreWithinStatedError) {
  double worst = 0;
  for (int i = -500000; i <= 500000; ++i) {
    const float t = static_cast<float>(i) * 1e-6f;
    float s, c;
    math::sincos_turns(t, s, c);
    const double a = 2 * M_PI * static_cast<double>(t);
    worst = std::max({worst, std::abs(s - std::sin(a)), std::abs(c - std::cos(a))});
  }
  EXPECT_LT(worst, 1.5e-7);
}

TEST(Math, EdgesOfTheRange) {
  const float inf = HUGE_VALF;
  EXPECT_TRUE(std::isnan(math::log(0.0f)));
  EXPECT_TRUE(std::isnan(math::log(-1.0f)));
  EXPECT_EQ(math::log(inf), inf);
  EXPECT_EQ(math::log(1.0f), 0.0f);
  EXPECT_TRUE(std::isnan(math::log1p(-1.0f)));
  EXPECT_TRUE(std::isnan(math::log1p(std::nanf(""))));
  EXPECT_EQ(math::log1p(inf), inf);
  EXPECT_EQ(math::log1p(0.0f), 0.0f);
  EXPECT_EQ(math::exp(-inf), 0.0f);
  EXPECT_EQ(math::exp(inf), inf);
  EXPECT_EQ(math::exp(-88.0f), 0.0f);
  EXPECT_EQ(math::exp(89.0f), inf);
  EXPECT_TRUE(std::isnan(math::exp(std::nanf(""))));
  EXPECT_EQ(math::expm1(-inf), -1.0f);
  EXPECT_EQ(math::expm1(0.0f), 0.0f);
  EXPECT_TRUE(std::isnan(math::expm1(std::nanf(""))));
}

}  // namespace
