// Where integrals are made right, and when that has to be done again.
#include "sampler/reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "starling/starling.hpp"

namespace starling {
namespace {

const Model& model() {
  static const Model normal("normal", "normal",
                            {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", half_normal(2)}});
  return normal;
}

/// 20 walkers on an ellipse about (1, 2).
Ensembles walkers(double width_mu, double width_sigma) {
  Ensembles e;
  e.ensembles = 1;
  e.walkers = 20;
  e.dimension = 2;
  e.free = {0, 1};
  for (int w = 0; w < 20; ++w) {
    const double angle = 6.283185307179586 * w / 20;
    e.theta.push_back(1 + width_mu * std::cos(angle));
    e.theta.push_back(2 + width_sigma * std::sin(angle));
  }
  return e;
}

TEST(Reference, IsTheMeanAndBeyondTheOutermostWalkers) {
  const Reference r = reference_of(walkers(0.1, 0.2), model());
  EXPECT_NEAR(r.theta[0], 1, 1e-12);
  EXPECT_NEAR(r.theta[1], 2, 1e-12);
  ASSERT_EQ(r.others.size(), 8u);  // two in each direction
  const double beyond = 5 / std::sqrt(2 * std::log(20.0));
  EXPECT_NEAR(r.others[0], 1 - 0.1 * beyond, 1e-12);
  EXPECT_NEAR(r.others[7], 2 + 0.2 * beyond, 1e-12);
}

TEST(Reference, IsMadeAnewWhereWalkersGoFartherOrNeedMuchLess) {
  const Reference r = reference_of(walkers(0.1, 0.2), model());
  const auto anew = [&](const Ensembles& e) {
    return std::pair{went_beyond(e, r), reaches_too_far(e, r, model())};
  };
  EXPECT_EQ(anew(walkers(0.1, 0.2)), (std::pair{false, false}));
  EXPECT_EQ(anew(walkers(0.2, 0.2)), (std::pair{false, false}));
  EXPECT_EQ(anew(walkers(0.06, 0.11)), (std::pair{false, false}));
  EXPECT_EQ(anew(walkers(0.1, 0.5)), (std::pair{true, false}));
  EXPECT_EQ(anew(walkers(0.3, 0.2)), (std::pair{true, false}));
  EXPECT_EQ(anew(walkers(0.1, 0.09)), (std::pair{false, true}));
  EXPECT_EQ(anew(walkers(0.04, 0.2)), (std::pair{false, true}));
}

}  // namespace
}  // namespace starling
