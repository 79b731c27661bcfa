// In burn-in walkers that are lost far out are put among the others: but only where there are enough others
// to stand for the posterior. A few that are ahead of an ensemble on its way are not; with one of them all
// walkers would be in one place for good, since every move is along differences of theirs.
#include <gtest/gtest.h>

#include <set>

#include "sampler/ensemble.hpp"

namespace starling {
namespace {

/// Ensembles of 20 walkers, each at a place of its own; the first `good` of each have a high density.
Ensembles made(const std::vector<std::size_t>& good) {
  Ensembles e;
  e.ensembles = good.size();
  e.walkers = 20;
  e.dimension = 2;
  e.free = {0, 1};
  for (std::size_t c = 0; c < e.chains(); ++c) {
    e.theta.insert(e.theta.end(), {static_cast<double>(c), 0.5});
    e.lp.push_back(c % 20 < good[c / 20] ? -10.0 - 0.1 * static_cast<double>(c)
                                         : -1000.0 - static_cast<double>(c));
  }
  return e;
}

std::size_t places(const Ensembles& e, std::size_t ensemble) {
  std::set<double> all;
  for (std::size_t w = 0; w < e.walkers; ++w) all.insert(e.at(ensemble * e.walkers + w)[0]);
  return all.size();
}

TEST(Rescue, LostWalkersJoinTheOthersOfTheirEnsemble) {
  Ensembles e = made({14});
  rescue_lost(e, 1, 50);
  for (std::size_t c = 0; c < 20; ++c) EXPECT_GT(e.lp[c], -100);
  for (std::size_t c = 14; c < 20; ++c) EXPECT_LT(e.at(c)[0], 14);
  EXPECT_EQ(places(e, 0), 14u);
}

TEST(Rescue, WalkersOnTheirWayAreLeftToIt) {
  Ensembles e = made({1});
  const auto before = e.theta;
  rescue_lost(e, 1, 50);
  EXPECT_EQ(e.theta, before);
}

TEST(Rescue, AnEnsembleThatIsLostJoinsTheOthers) {
  Ensembles e = made({18, 0, 1, 20});
  rescue_lost(e, 1, 50);
  for (const double lp : e.lp) EXPECT_GT(lp, -100);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_GE(places(e, k), 8u) << k;
}

}  // namespace
}  // namespace starling
