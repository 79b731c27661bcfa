#include "sampler/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "backends/host_streams.hpp"
#include "sampler/moves.hpp"

namespace starling {
namespace {

MoveKind kind_of_move(const MoveMix& m, HostStream& stream) {
  const double u = stream.uniform() * (m.stretch + m.de + m.snooker + m.normal);
  if (u < m.de) return MoveKind::de;
  if (u < m.de + m.stretch) return MoveKind::stretch;
  return m.normal > 0 && u >= m.de + m.stretch + m.snooker ? MoveKind::normal : MoveKind::snooker;
}

/// Where the counts of a kind of move of an ensemble begin.
std::size_t place_of(std::size_t ensemble, MoveKind kind, Purpose purpose) {
  const std::size_t at_fixed_eta = purpose == Purpose::move_noncentred ? kMoveKinds / 2 : 0;
  return 2 * (ensemble * kMoveKinds + at_fixed_eta + static_cast<std::size_t>(kind));
}

void count_proposal(Ensembles& state, std::size_t chain, std::size_t kind, double lp) {
  ++state.kinds[kind];
  if (std::isnan(lp)) ++state.nan_count[chain];
  if (lp == -std::numeric_limits<double>::infinity()) ++state.outside_count[chain];
}

/// Whether a proposal is accepted, u uniform on (0, 1): ln u < log_ratio. 1 - 1 / u <= ln u <= u - 1 settles
/// most cases. A comparison with NaN is false, so NaN never is accepted.
bool accepts(double u, double log_ratio) {
  if (u - 1 < log_ratio) return true;
  if (u - 1 >= log_ratio * u) return false;
  return std::log(u) < log_ratio;
}

void accept(Ensembles& state, std::size_t chain, std::size_t kind, std::span<const double> theta, double lp) {
  ++state.kinds[kind + 1];
  std::copy(theta.begin(), theta.end(), state.at(chain).begin());
  state.lp[chain] = lp;
  ++state.accepted[chain];
}

}  // namespace

std::string name_of_kind(std::size_t kind) {
  constexpr const char* names[] = {"de", "stretch", "snooker", "normal", "draw"};
  constexpr std::size_t half = kMoveKinds / 2;
  return std::string(names[kind % half]) + (kind < half ? "" : " at fixed eta");
}

void Ensembles::clear_counts() {
  accepted.assign(chains(), 0);
  nan_count.assign(chains(), 0);
  outside_count.assign(chains(), 0);
  kinds.assign(ensembles * kMoveKinds * 2, 0);
}

void move_once(Ensembles& state, std::size_t first, std::size_t last, const MoveSettings& settings,
               std::uint32_t sweep, Purpose purpose, std::uint32_t number, const Target& target) {
  const std::size_t d = state.dimension, half = state.walkers / 2;
  const std::size_t n = (last - first) * half;
  std::vector<std::size_t> chains(n), kind(n);
  std::vector<double> proposed(n * d), factor(n), u(n), lp(n);
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t e = first; e < last; ++e) {
      const std::size_t begin = e * state.walkers + side * half;
      const OtherHalf other{state.theta.data() + (e * state.walkers + (1 - side) * half) * d, half, d,
                            state.free};
      std::optional<NormalMove> normal;
      if (settings.mix.normal > 0) normal.emplace(other);
      auto streams = host_streams(settings.seed, sweep, purpose_word(purpose, number),
                                  static_cast<std::uint32_t>(begin), half);
      std::copy_n(state.theta.data() + begin * d, half * d, proposed.data() + (e - first) * half * d);
      for (std::size_t k = 0; k < half; ++k) {
        const std::size_t i = (e - first) * half + k;
        chains[i] = begin + k;
        const auto theta = state.at(chains[i]);
        const auto row = std::span(proposed).subspan(i * d, d);
        const MoveKind move = kind_of_move(settings.mix, streams[k]);
        kind[i] = place_of(e, move, purpose);
        factor[i] = move == MoveKind::de ? propose_de(theta, other, streams[k], row)
                    : move == MoveKind::stretch
                        ? propose_stretch(theta, other, settings.stretch_scale, streams[k], row)
                    : move == MoveKind::snooker ? propose_snooker(theta, other, streams[k], row)
                                                : normal->propose(theta, streams[k], row);
        u[i] = streams[k].uniform();
      }
    }
    target(chains, proposed, lp);
    for (std::size_t i = 0; i < n; ++i) {
      count_proposal(state, chains[i], kind[i], lp[i]);
      if (accepts(u[i], factor[i] + lp[i] - state.lp[chains[i]]))
        accept(state, chains[i], kind[i], std::span(proposed).subspan(i * d, d), lp[i]);
    }
  }
}

void draw_once(Ensembles& state, std::size_t first, std::size_t last, std::uint64_t seed, std::uint32_t sweep,
               Purpose purpose, std::uint32_t number, const Draw& draw, const LogRatio& ratio,
               const Target& target) {
  const std::size_t d = state.dimension, begin = first * state.walkers, n = (last - first) * state.walkers;
  const std::span<const double> theta = std::span(state.theta).subspan(begin * d, n * d);
  std::vector<std::size_t> chains(n);
  std::vector<double> proposed(theta.begin(), theta.end()), u(n), before(n), after(n), lp(n);
  std::vector<bool> drawn(n);
  auto streams =
      host_streams(seed, sweep, purpose_word(purpose, number), static_cast<std::uint32_t>(begin), n);
  for (std::size_t i = 0; i < n; ++i) {
    chains[i] = begin + i;
    drawn[i] = draw(chains[i], streams[i], std::span(proposed).subspan(i * d, d));
    u[i] = streams[i].uniform();
  }
  ratio(theta, before);
  ratio(proposed, after);
  target(chains, proposed, lp);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t kind = place_of(chains[i] / state.walkers, MoveKind::draw, purpose);
    count_proposal(state, chains[i], kind, lp[i]);
    if (drawn[i] && accepts(u[i], after[i] - before[i]) && std::isfinite(lp[i]))
      accept(state, chains[i], kind, std::span(proposed).subspan(i * d, d), lp[i]);
  }
}

double accepted_share(const Ensembles& state, MoveKind kind) {
  std::uint64_t proposed = 0, accepted = 0;
  for (std::size_t e = 0; e < state.ensembles; ++e) {
    const std::size_t place = place_of(e, kind, Purpose::move_marginal);
    proposed += state.kinds[place];
    accepted += state.kinds[place + 1];
  }
  return proposed > 0 ? static_cast<double>(accepted) / static_cast<double>(proposed) : 0;
}

void rescue_lost(Ensembles& state, std::uint64_t seed, std::uint32_t sweep) {
  const double best = *std::max_element(state.lp.begin(), state.lp.end());
  const double limit = best - (25 + 5 * static_cast<double>(state.free.size()));
  const auto enough = [](const std::vector<std::size_t>& found, std::size_t of) {
    return 4 * found.size() >= of;
  };
  std::vector<std::size_t> everywhere;
  for (std::size_t c = 0; c < state.chains(); ++c)
    if (state.lp[c] >= limit) everywhere.push_back(c);
  for (std::size_t e = 0; e < state.ensembles; ++e) {
    std::vector<std::size_t> here;
    for (const std::size_t c : everywhere)
      if (c / state.walkers == e) here.push_back(c);
    const bool own = enough(here, state.walkers);
    if (!own && !enough(everywhere, state.chains())) continue;  // most are still on their way
    const auto& places = own ? here : everywhere;
    for (std::size_t c = e * state.walkers; c < (e + 1) * state.walkers; ++c) {
      if (state.lp[c] >= limit) continue;
      HostStream stream(seed, sweep, static_cast<std::uint32_t>(c), purpose_word(Purpose::walker_start, 1));
      const std::size_t from = places[stream.below(places.size())];
      std::copy_n(state.at(from).begin(), state.dimension, state.at(c).begin());
      state.lp[c] = state.lp[from];
    }
  }
}

}  // namespace starling
