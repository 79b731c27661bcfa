/// Ensembles of walkers and one move of half of their walkers: proposals, and the only place where they are
/// accepted.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "starling/fit.hpp"
#include "starling/random.hpp"

namespace starling {

/// Kinds of moves of theta that are counted apart; those at fixed eta, too.
enum class MoveKind : std::size_t { de, stretch, snooker, normal, draw };
constexpr std::size_t kMoveKinds = 10;  ///< as above; then those at fixed eta
/// "de", ..., "de at fixed eta", ...
std::string name_of_kind(std::size_t kind);

/// All walkers of all ensembles; chain = ensemble * walkers + walker.
struct Ensembles {
  std::size_t ensembles = 0, walkers = 0, dimension = 0;
  std::vector<std::size_t> free;         ///< columns of theta that are sampled
  std::vector<double> theta;             ///< [chain][dimension]
  std::vector<double> lp;                ///< [chain] of the target that is being moved on
  std::vector<std::uint32_t> accepted;   ///< [chain] since it was last cleared
  std::vector<std::uint64_t> nan_count;  ///< [chain] proposals whose log-probability was NaN, all rejected
  std::vector<std::uint64_t>
      outside_count;                 ///< [chain] proposals of no density: outside of the prior, mostly
  std::vector<std::uint64_t> kinds;  ///< [ensemble][kind of move][proposed, accepted]

  /// Begins all counts, for the walkers that there are.
  void clear_counts();
  [[nodiscard]] std::size_t chains() const { return ensembles * walkers; }
  [[nodiscard]] std::span<double> at(std::size_t chain) {
    return {theta.data() + chain * dimension, dimension};
  }
  [[nodiscard]] std::span<const double> at(std::size_t chain) const {
    return {theta.data() + chain * dimension, dimension};
  }
};

/// The log-probability of proposals: `chains` says whose they are, theta is [proposal][dimension].
using Target = std::function<void(std::span<const std::size_t> chains, std::span<const double> theta,
                                  std::span<double> lp)>;

struct MoveSettings {
  MoveMix mix;
  double stretch_scale = 2;
  std::uint64_t seed = 0;
};

/// Moves every walker of ensembles [first, last) once, one half after the other. `sweep`, `purpose` and
/// `number` (of the move in the sweep) select the random numbers. Target is called once per half, for the
/// ensembles together.
void move_once(Ensembles& state, std::size_t first, std::size_t last, const MoveSettings& settings,
               std::uint32_t sweep, Purpose purpose, std::uint32_t number, const Target& target);

/// Puts a draw from a density close to the target in the place of theta; false if there is none.
using Draw = std::function<bool(std::size_t chain, HostStream& stream, std::span<double> theta)>;
/// Of rows of theta: ln(target / that density), up to a constant. The prior, where the draws are from the
/// target, had it a flat one.
using LogRatio = std::function<void(std::span<const double> theta, std::span<double> out)>;

/// Proposes to every walker of ensembles [first, last) such a draw, which is accepted with probability min(1,
/// ratio(theta') / ratio(theta)).
void draw_once(Ensembles& state, std::size_t first, std::size_t last, std::uint64_t seed, std::uint32_t sweep,
               Purpose purpose, std::uint32_t number, const Draw& draw, const LogRatio& ratio,
               const Target& target);

/// The accepted share of this kind of move on the naive or marginal likelihood; 0 if there were none.
double accepted_share(const Ensembles& state, MoveKind kind);

/// During burn-in: puts every walker whose lp is more than 25 + 5 d below the best (a draw from the posterior
/// is not once in e^20) where a random walker of its ensemble is that is not, if those are a quarter of it,
/// or of any ensemble, if they are a quarter of all; else most are still on their way, and are left to it.
/// Walkers that a wide start left far out in a curved tail would stay there: the moves of the others don't
/// fit.
void rescue_lost(Ensembles& state, std::uint64_t seed, std::uint32_t sweep);

}  // namespace starling
