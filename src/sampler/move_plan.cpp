#include "sampler/move_plan.hpp"

#include <algorithm>

#include "sampler/options.hpp"

namespace starling {

MovePlan::MovePlan(const FitOptions& options, const std::string& scheme, bool can_draw, bool cheap,
                   std::size_t burn_in)
    : settings_{options.moves, options.stretch_scale, options.seed},
      chooses_(options.moves_per_step == 0 && options.moves == default_moves(scheme)),
      draws_(chooses_ && can_draw),
      moves_(options.moves_per_step > 0 ? options.moves_per_step
             : cheap                    ? 5
                                        : 1),
      burn_in_(burn_in) {}

std::size_t MovePlan::first_look() const {
  return std::min<std::size_t>(last_look(), draws_ ? 16 : 32);
}

/// Beside draws of theta one move is enough, if most of those are accepted, and none, if all but a few are;
/// few moves where a third of the normal ones is. Those are given up where few are at the last look.
void MovePlan::look(std::size_t t, const Ensembles& state) {
  if (!chooses_ || (t != first_look() && t != last_look())) return;
  if (const double drawn = accepted_share(state, MoveKind::draw); drawn > 0.9) {
    moves_ = drawn > 0.97 ? 0 : 1;
    return;
  }
  const double accepted = accepted_share(state, MoveKind::normal);
  if (accepted > 0.33) moves_ = std::min(moves_, kFew);
  if (t == last_look() && accepted < 0.1) settings_.mix.normal = 0;
}

void MovePlan::state(State& state) {
  state.number(moves_);
  state.number(settings_.mix.normal);
}

}  // namespace starling
