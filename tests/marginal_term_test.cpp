// The exact marginal term on its own, in float, against the normal density in double: near the reference and
// so far from it that the product of a strip's variance ratios is no float.
#include <gtest/gtest.h>

#include <cmath>

#include "formulas/layout.hpp"
#include "formulas/terms.hpp"

namespace starling {
namespace {

constexpr std::size_t kObjects = 29;  // three eights and five
constexpr double kNoise = 1e-3;       // small, so that every ratio is that of the population's variances

double datum(std::size_t i) {
  return std::sin(1.7 * static_cast<double>(i)) * 1.5;
}

double log_normal(double y, double mean, double variance) {
  return -0.5 * ((y - mean) * (y - mean) / variance + std::log(variance));
}

/// Sums of the term for a population (mean, sd) against the reference (0, 1), and what they should be.
struct Sums {
  double ours, exact, largest;
};
Sums sums(double mean, double sd, bool weighted) {
  std::vector<float> y, inverse, weight(kObjects, 1.0f);
  double exact = 0, largest = 0;
  for (std::size_t i = 0; i < kObjects; ++i) {
    const double v = 1 + kNoise;
    y.push_back(static_cast<float>(datum(i)));
    inverse.push_back(static_cast<float>(1 / v));
    const double term = log_normal(datum(i), mean, sd * sd + kNoise) - log_normal(datum(i), 0, v);
    exact += term;
    largest = std::max(largest, std::abs(term));
  }
  ObjectView<float> view;
  view.column[0] = y.data();
  view.column[1] = inverse.data();
  view.weight = weighted ? weight.data() : nullptr;
  view.size = kObjects;
  const Coefficients<float, 3> c{{static_cast<float>(mean), 0.0f, static_cast<float>((sd - 1) * (sd + 1))}};
  return {strip_sums<NormalMarginalTerm>(c, view, 0, kObjects)[0], exact, largest};
}

TEST(MarginalTerm, IsRightNearAndFarFromTheReference) {
  for (const double sd :
       {0.01, 0.05, 0.2, 0.5, 0.9, 0.9999, 1 - 1e-6, 1.0, 1 + 1e-6, 1.0001, 1.3, 3.0, 20.0, 1e4})
    for (const double mean : {0.0, 0.1, -2.0})
      for (const bool weighted : {false, true}) {
        const Sums s = sums(mean, sd, weighted);
        // a few units of the last place of every term, more where 1 + u is the small rest of a cancellation
        const double lost = std::max(1.0, (1 + kNoise) / (sd * sd + kNoise));
        EXPECT_NEAR(s.ours, s.exact, 4e-7 * lost * kObjects * s.largest + 1e-15)
            << mean << ", " << sd << ", " << weighted;
      }
}

TEST(MarginalTerm, NeedsNoObjects) {
  const float none = 0;
  ObjectView<float> view;
  view.column[0] = view.column[1] = &none;
  EXPECT_EQ(strip_sums<NormalMarginalTerm>(Coefficients<float, 3>{{0.1f, 0.0f, 0.2f}}, view, 0, 0)[0], 0.0f);
}

TEST(MarginalTerm, NaNStaysNaN) {
  const Sums s = sums(0, std::nan(""), false);
  EXPECT_TRUE(std::isnan(s.ours));
}

}  // namespace
}  // namespace starling
