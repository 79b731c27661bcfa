/// What starling-bench measures and what came out: one entry per (work, size, subject). Google Benchmark runs
/// the work; the tables are made from these entries.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "operations.hpp"
#include "subjects.hpp"

namespace starling::bench {

struct Options {
  std::vector<std::uint64_t> sizes;  ///< numbers of objects
  std::uint64_t walkers = 128;       ///< side by side in kernels
  int threads = 1;
  bool quick = false;
};

struct Measurement {
  std::string work;  ///< "naive", ...; the first word(s) of a row
  std::string unit;  ///< what `elements` counts, as "(object, walker)"
  std::uint64_t objects = 0;
  std::uint64_t walkers = 0;      ///< if not those of the options
  std::size_t subject = 0;        ///< index of the subject
  double elements = 0;            ///< per run
  double bytes = 0;               ///< per element, from or to memory
  Operations operations;          ///< per element
  double seconds = std::nan("");  ///< the fastest run; NaN: not measured
  std::uint64_t sweeps = 0;       ///< of a fit
  bool is_fit = false;
  /// Effective draws per second, of the slower hyperparameter and of the slowest latent; NaN: not known.
  double theta_ess = std::nan(""), latent_ess = std::nan("");
  std::string skipped;  ///< why not
  [[nodiscard]] double nanoseconds() const { return seconds * 1e9 / elements; }
  /// The work, and the walkers where they are others.
  [[nodiscard]] std::string label() const {
    return walkers > 0 ? work + " x" + std::to_string(walkers) : work;
  }
  [[nodiscard]] bool measured() const { return !std::isnan(seconds); }
};

/// Why much is left out, most of it with --quick.
inline constexpr const char* kTooLong = "what would take long, most of it only with --quick";

/// References to its entries stay good while it grows.
using Measurements = std::deque<Measurement>;

/// Memory that this machine has to spare, in bytes.
std::uint64_t available_memory();

/// Whether a run that needs so many bytes fits; if not, says so in the entry and to Google Benchmark.
bool fits_in_memory(double bytes, Measurement& m, benchmark::State& state);

/// Notes the fastest run so far, in the entry and in Google Benchmark's counters.
inline void report(Measurement& m, double seconds, double elements, benchmark::State& state) {
  m.elements = elements;
  m.seconds = m.measured() ? std::min(m.seconds, seconds) : seconds;
  state.counters["fastest_ns_per_element"] = m.nanoseconds();
  state.counters["elements"] = elements;
}

/// Seconds from some moment on: of this thread's own computing where it does all the work, so that what other
/// processes take does not count; else by the clock on the wall.
double now(const Subject& subject);

/// Runs `work` as often as Google Benchmark wants; returns the fastest run's seconds. On a machine that
/// others use too this is what tells of the code; the mean, which Google Benchmark reports, tells of the
/// others.
template <class Work>
double fastest(const Subject& subject, benchmark::State& state, Work work) {
  double best = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    const double start = now(subject);
    work();
    best = std::min(best, now(subject) - start);
  }
  return best;
}

// Register their benchmarks with Google Benchmark and add an entry for each.
void register_kernels(const Options& options, const Subjects& subjects, Measurements& results);
void register_fits(const Options& options, const Subjects& subjects, Measurements& results);

/// The tables, as text.
std::string tables(const Options& options, const Subjects& subjects, const Measurements& results);

}  // namespace starling::bench
