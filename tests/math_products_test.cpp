// The elementary functions that sums over many objects or samples use: log_product and expm1_below_88.
#include <gtest/gtest.h>

#include <cmath>

#include "starling/math.hpp"

namespace starling {
namespace {

/// Distance in units of the last place of `want`.
double ulps(float got, double want) {
  int exponent = 0;
  std::frexp(want, &exponent);
  return std::abs(static_cast<double>(got) - want) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

TEST(LogProduct, IsAsPreciseAsTheProductLessOneNearOne) {
  double worst = 0;
  for (int i = -4990; i < 4990; ++i)
    for (const float scale : {1e-4f, 1e-7f, 1e-12f}) {
      const float u = static_cast<float>(i) * scale;
      if (u == 0) continue;
      // w is rounded and knows nothing of a small u
      worst = std::max(worst, ulps(math::log_product(1.0f + u, u), std::log1p(static_cast<double>(u))));
    }
  EXPECT_LT(worst, 2.0);
}

TEST(LogProduct, TakesTheProductItselfFarFromOne) {
  double worst = 0;
  for (const double w : {1e-30, 3e-11, 2e-3, 0.25, 0.4999, 1.5001, 3.0, 1234.5, 7e12, 1e30}) {
    const auto rounded = static_cast<float>(w);
    // less one, a small product leaves nothing but -1
    worst = std::max(
        worst, ulps(math::log_product(rounded, rounded - 1.0f), std::log(static_cast<double>(rounded))));
  }
  EXPECT_LT(worst, 2.0);
}

TEST(LogProduct, IsZeroForNoFactors) {
  EXPECT_EQ(math::log_product(1.0f, 0.0f), 0.0f);
}

TEST(Expm1Below88, HasTheBitsOfExpm1) {
  for (float x = -100.0f; x <= 88.0f; x += 0.00390625f)
    ASSERT_EQ(math::expm1_below_88(x), math::expm1(x)) << x;
  for (const float x : {-INFINITY, -3e38f, -1e-30f, 0.0f, 1e-30f})
    EXPECT_EQ(math::expm1_below_88(x), math::expm1(x)) << x;
}

TEST(Expm1Below88, KeepsNaN) {
  EXPECT_TRUE(std::isnan(math::expm1_below_88(std::nanf(""))));
}

}  // namespace
}  // namespace starling
