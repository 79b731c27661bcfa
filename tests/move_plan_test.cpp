// How many moves a sweep makes, from what was accepted.
#include "sampler/move_plan.hpp"

#include <gtest/gtest.h>

#include "sampler/options.hpp"

namespace starling {
namespace {

constexpr std::size_t burn_in = 1000;

/// So many of 100 proposals of a kind are accepted.
Ensembles accepted(MoveKind kind, std::uint64_t of_100) {
  Ensembles state;
  state.ensembles = 1;
  state.walkers = 8;
  state.dimension = 2;
  state.clear_counts();
  state.kinds[2 * static_cast<std::size_t>(kind)] = 100;
  state.kinds[2 * static_cast<std::size_t>(kind) + 1] = of_100;
  return state;
}

MovePlan plan(bool can_draw, bool cheap, std::size_t asked_for = 0) {
  FitOptions o;
  o.moves = default_moves("");
  o.moves_per_step = asked_for;
  return {o, "", can_draw, cheap, burn_in};
}

TEST(MovePlan, TwoMovesAreEnoughWhereAThirdOfTheNormalOnesIsAcceptedAndOneInBurnIn) {
  for (const std::uint64_t share : {33, 34}) {
    auto p = plan(false, true);
    p.look(31, accepted(MoveKind::normal, share));
    EXPECT_EQ(p.moves(31), 5u);  // not yet looked at
    p.look(p.first_look(), accepted(MoveKind::normal, share));
    EXPECT_EQ(p.moves(burn_in - 1), share > 33 ? 1u : 5u);
    EXPECT_EQ(p.moves(burn_in), share > 33 ? 2u : 5u);
    EXPECT_EQ(p.proposals(burn_in), p.moves(burn_in));
  }
}

TEST(MovePlan, NormalMovesAreGivenUpWhereFewAreAcceptedAtTheLastLook) {
  for (const std::uint64_t share : {9, 10}) {
    auto p = plan(false, true);
    p.look(p.first_look(), accepted(MoveKind::normal, share));
    EXPECT_GT(p.settings().mix.normal, 0);
    p.look(p.last_look(), accepted(MoveKind::normal, share));
    EXPECT_EQ(p.settings().mix.normal > 0, share == 10);
    EXPECT_EQ(p.moves(burn_in), 5u);
  }
}

TEST(MovePlan, BesideDrawsFewMovesAreMadeOrNone) {
  for (const auto& [share, moves] : {std::pair{90, 5}, {91, 1}, {97, 1}, {98, 0}}) {
    auto p = plan(true, true);
    ASSERT_TRUE(p.draws());
    EXPECT_LT(p.first_look(), 32u);
    p.look(p.first_look(), accepted(MoveKind::draw, static_cast<std::uint64_t>(share)));
    EXPECT_EQ(p.moves(burn_in), static_cast<std::size_t>(moves));
    EXPECT_EQ(p.proposals(burn_in), static_cast<std::size_t>(moves) + 1);
  }
}

TEST(MovePlan, MakesWhatWasAskedFor) {
  auto p = plan(true, true, 2);
  EXPECT_FALSE(p.draws());
  p.look(p.first_look(), accepted(MoveKind::normal, 100));
  p.look(p.last_look(), accepted(MoveKind::normal, 0));
  EXPECT_EQ(p.moves(0), 2u);
  EXPECT_EQ(p.moves(burn_in), 2u);
  EXPECT_GT(p.settings().mix.normal, 0);
}

TEST(MovePlan, OneMoveWhereALikelihoodTakesAnIntegral) {
  auto p = plan(false, false);
  p.look(p.first_look(), accepted(MoveKind::normal, 50));
  EXPECT_EQ(p.moves(0), 1u);
  EXPECT_EQ(p.moves(burn_in), 1u);
}

}  // namespace
}  // namespace starling
