/// What a run hands out: blocks of the chain, and its progress.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <span>
#include <vector>

#include "backends/state.hpp"
#include "sampler/ensemble.hpp"
#include "starling/fit.hpp"

namespace starling {

/// A block is handed out when it holds so many numbers: a megabyte of them.
inline constexpr std::size_t kBlockNumbers = std::size_t{1} << 17;

/// Collects sweeps into blocks and keeps a thinned set of draws for the Monte Carlo error. The sink takes a
/// block while the next sweeps run.
class Recorder {
 public:
  Recorder(const ChainHeader& header, const FitOptions& options, ChainSink& sink, bool joint);

  /// log_likelihood: [chain][object], where it is kept of this sweep; else empty.
  void record(std::size_t sweep, const Ensembles& state, std::span<const double> centred, std::size_t moves,
              std::span<const float> log_likelihood = {});
  void report(std::size_t done, std::size_t sweeps);
  void flush();
  /// Until the sink has all that was flushed; throws what the sink threw.
  void wait();
  /// Since the first sweep; of a run that went on, without the time between.
  [[nodiscard]] double seconds() const;
  /// Those of them that burn-in took, once it is over.
  [[nodiscard]] double burn_in_seconds() const { return burn_in_seconds_; }
  [[nodiscard]] const std::vector<double>& draws() const { return draws_; }
  /// Saves or restores it, when all that was recorded is flushed.
  void state(State& state);

 private:
  using Clock = std::chrono::steady_clock;

  void keep_draw(std::span<const double> theta);

  const ChainHeader& header_;
  const FitOptions& options_;
  ChainSink& sink_;
  bool joint_;
  ChainBlock block_, handed_out_;  // their memory is used again and again
  std::future<void> taken_;        // its destructor waits
  double seconds_before_ = 0, burn_in_seconds_ = 0;
  Clock::time_point begin_, appended_ = begin_, reported_ = begin_;
  std::uint64_t accepted_ = 0, proposed_ = 0;
  std::uint64_t draw_every_ = 1, draw_count_ = 0;
  std::vector<double> draws_;
};

}  // namespace starling
