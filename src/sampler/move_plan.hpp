/// Which moves of theta the sweeps of a naive, marginal or collapsed fit make, and how many.
#pragma once

#include <cstddef>
#include <string>

#include "backends/state.hpp"
#include "sampler/ensemble.hpp"

namespace starling {

/// What was asked for; where nothing was, what is accepted decides.
class MovePlan {
 public:
  /// can_draw: theta can be drawn from its conditional, too. cheap: its likelihood takes no integral.
  MovePlan(const FitOptions& options, const std::string& scheme, bool can_draw, bool cheap,
           std::size_t burn_in);

  /// Whether theta is drawn once per sweep, beside the moves.
  [[nodiscard]] bool draws() const { return draws_; }
  /// Moves of sweep t. Where few are enough, burn-in, which has but to forget where it began, does with one.
  [[nodiscard]] std::size_t moves(std::size_t t) const {
    return chooses_ && moves_ == kFew && t < burn_in_ ? 1 : moves_;
  }
  /// With the draw.
  [[nodiscard]] std::size_t proposals(std::size_t t) const { return moves(t) + (draws_ ? 1 : 0); }
  [[nodiscard]] const MoveSettings& settings() const { return settings_; }

  /// Sweeps before which it is seen how many moves are enough: soon, where all goes well (draws of theta show
  /// at once what they are worth), and a quarter into burn-in.
  [[nodiscard]] std::size_t first_look() const;
  [[nodiscard]] std::size_t last_look() const { return burn_in_ / 4; }
  void look(std::size_t t, const Ensembles& state);

  void state(State& state);  ///< saves or restores it

 private:
  static constexpr std::size_t kFew = 2;

  MoveSettings settings_;
  bool chooses_;  // nobody asked for other moves, or for a number of them
  bool draws_;
  std::size_t moves_, burn_in_;
};

}  // namespace starling
