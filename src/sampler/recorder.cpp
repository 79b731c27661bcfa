#include "sampler/recorder.hpp"

#include <algorithm>
#include <utility>

#include "starling/error.hpp"

namespace starling {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Recorder::Recorder(const ChainHeader& header, const FitOptions& options, ChainSink& sink, bool joint)
    : header_(header), options_(options), sink_(sink), joint_(joint), begin_(Clock::now()) {}

void Recorder::record(std::size_t sweep, const Ensembles& state, std::span<const double> centred,
                      std::size_t moves, std::span<const float> log_likelihood) {
  if (block_.sweeps == 0) block_.first_sweep = sweep;
  ++block_.sweeps;
  block_.theta.insert(block_.theta.end(), state.theta.begin(), state.theta.end());
  if (joint_) block_.theta_centred.insert(block_.theta_centred.end(), centred.begin(), centred.end());
  block_.lp.insert(block_.lp.end(), state.lp.begin(), state.lp.end());
  const std::size_t before = block_.acceptance.size();
  block_.acceptance.resize(before + state.chains());
  for (std::size_t c = 0; c < state.chains(); ++c) {
    block_.acceptance[before + c] = static_cast<float>(state.accepted[c]) / static_cast<float>(moves);
    accepted_ += state.accepted[c];
  }
  block_.log_likelihood.insert(block_.log_likelihood.end(), log_likelihood.begin(), log_likelihood.end());
  proposed_ += moves * state.chains();
  if (header_.keeps(sweep))
    for (std::size_t c = 0; c < state.chains(); ++c)
      if (draw_count_++ % draw_every_ == 0) keep_draw(state.at(c));
  if (sweep + 1 == header_.burn_in) burn_in_seconds_ = seconds();
  const bool last = sweep + 1 == header_.burn_in + header_.steps;
  // each block costs a thread and a wait for the one before
  const std::size_t numbers = block_.theta.size() + block_.theta_centred.size() + block_.lp.size();
  constexpr std::size_t many = std::size_t{1} << 22;  // log-likelihoods, 16 MB of them
  const bool full = numbers >= kBlockNumbers || block_.log_likelihood.size() > many;
  if (full || last || seconds_since(appended_) > 5) flush();
  if (last || seconds_since(reported_) > 0.1) report(sweep + 1, header_.burn_in + header_.steps);
}

void Recorder::report(std::size_t done, std::size_t sweeps) {
  if (!options_.progress) return;
  reported_ = Clock::now();
  options_.progress(
      {done, sweeps, static_cast<double>(accepted_) / static_cast<double>(proposed_), seconds()});
}

void Recorder::flush() {
  wait();
  std::swap(block_, handed_out_);
  if (handed_out_.sweeps > 0) taken_ = std::async(std::launch::async, [this] { sink_.append(handed_out_); });
  block_.sweeps = 0;
  for (auto* values : {&block_.theta, &block_.theta_centred, &block_.lp}) values->clear();
  for (auto* values : {&block_.acceptance, &block_.log_likelihood}) values->clear();
  appended_ = Clock::now();
}

void Recorder::wait() {
  if (taken_.valid()) taken_.get();
}

double Recorder::seconds() const {
  return seconds_before_ + seconds_since(begin_);
}

void Recorder::state(State& state) {
  for (auto* number : {&accepted_, &proposed_, &draw_every_, &draw_count_}) state.number(*number);
  state.list(draws_);
  double so_far = seconds();
  state.number(so_far);
  state.number(burn_in_seconds_);
  if (!state.restores()) return;
  seconds_before_ = so_far;
  if (draw_every_ == 0 || draws_.size() % header_.parameters.size() != 0)
    throw RunError("the saved state is not of this run: its draws are not those of its parameters");
}

/// Keeps 500 to 1000 of all draws, evenly, however many there will be.
void Recorder::keep_draw(std::span<const double> theta) {
  draws_.insert(draws_.end(), theta.begin(), theta.end());
  const std::size_t d = theta.size(), n = draws_.size() / d;
  if (n < 1000) return;
  for (std::size_t i = 1; 2 * i < n; ++i) std::copy_n(draws_.data() + 2 * i * d, d, draws_.data() + i * d);
  draws_.resize(n / 2 * d);
  draw_every_ *= 2;
}

}  // namespace starling
