// The CPU's probes, compiled once per instruction set like the CPU kernels.
#include <omp.h>

#include <memory>

#include "probes.hpp"
#include "starling/random.hpp"
#ifndef STARLING_CPU_SCALAR
#include "backends/simd.hpp"
#endif

namespace starling::bench::STARLING_CPU_NAMESPACE {
namespace {

#ifdef STARLING_CPU_SCALAR
using Real = float;
constexpr std::uint64_t kLanes = 1;
Real load(const float* p) {
  return *p;
}
float fold_lanes(Real r) {
  return r;
}
std::uint32_t lane_numbers() {
  return 0;
}
std::uint32_t fold_lanes(std::uint32_t w) {
  return w;
}
#else
using Real = FloatBatch;
constexpr std::uint64_t kLanes = FloatBatch::size;
Real load(const float* p) {
  return Real::load_unaligned(p);
}
template <class Batch>
auto first_lanes(Batch b, typename Batch::value_type* out) {
  b.store_unaligned(out);
}
float fold_lanes(Real r) {
  float lane[kLanes], sum = 0;
  first_lanes(r, lane);
  for (const float v : lane) sum += v;
  return sum;
}
WordBatch lane_numbers() {
  return numbers_from<WordBatch>(0);
}
std::uint32_t fold_lanes(WordBatch w) {
  std::uint32_t lane[kLanes], fold = 0;
  first_lanes(w, lane);
  for (const std::uint32_t v : lane) fold ^= v;
  return fold;
}
#endif

using Word = math::Ops<Real>::Word;

// Enough independent chains to fill two units of four cycles' latency, few enough for 16 registers.
constexpr std::uint64_t kChains = 12;

/// Applies `step` to every chain, `rounds` times.
template <class Step>
float run_chains(std::uint64_t rounds, Step step) {
  Real a[kChains];
  for (std::uint64_t j = 0; j < kChains; ++j) a[j] = Real(static_cast<float>(j + 1));
  for (std::uint64_t r = 0; r < rounds; ++r)
    for (std::uint64_t j = 0; j < kChains; ++j) a[j] = step(a[j]);
  Real sum(0.0f);
  for (const Real& v : a) sum = sum + v;
  return fold_lanes(sum);
}

float read(const float* p, std::uint64_t count) {
  constexpr std::uint64_t kStreams = 8;
  Real sum[kStreams];
  for (Real& s : sum) s = Real(0.0f);
  for (std::uint64_t i = 0; i + kStreams * kLanes <= count; i += kStreams * kLanes)
    for (std::uint64_t j = 0; j < kStreams; ++j) sum[j] = sum[j] + load(p + i + j * kLanes);
  for (std::uint64_t j = 1; j < kStreams; ++j) sum[0] = sum[0] + sum[j];
  return fold_lanes(sum[0]);
}

/// Keeps a result, and so its computation.
volatile float sink;

/// Steps per second, every thread's best time, added up.
template <class Step>
double chain_rate(int threads, Step step) {
  constexpr std::uint64_t kRounds = 10000;
  double rate = 0;
#pragma omp parallel num_threads(threads) reduction(+ : rate)
  {
    double best = 1e9;
    for (int k = 0; k < 200; ++k) {
      const double start = omp_get_wtime();
      sink = run_chains(kRounds, step);
      const double seconds = omp_get_wtime() - start;
      best = seconds < best ? seconds : best;
    }
    rate += static_cast<double>(kRounds * kChains * kLanes) / best;
  }
  return rate;
}

double read_rate(int threads) {
  constexpr std::uint64_t kCount = std::uint64_t{1} << 26;  // 256 MiB: no cache holds it
  const std::unique_ptr<float[]> memory(new float[kCount]);
  const std::uint64_t part = kCount / static_cast<unsigned>(threads);
  double best = 1e9;
  for (int pass = -1; pass < 8; ++pass) {
    const double start = omp_get_wtime();
#pragma omp parallel num_threads(threads)
    {
      float* mine = memory.get() + part * static_cast<unsigned>(omp_get_thread_num());
      if (pass < 0)
        for (std::uint64_t i = 0; i < part; ++i) mine[i] = 1.0f;
      else
        sink = read(mine, part);
    }
    const double seconds = omp_get_wtime() - start;
    if (pass >= 0 && seconds < best) best = seconds;
  }
  return static_cast<double>(part * static_cast<unsigned>(threads) * sizeof(float)) / best;
}

}  // namespace

Limits measure_limits(int threads) {
  const Real factor(0.9999f), term(1e-3f), numerator(2.0f);
  return {chain_rate(threads, [=](Real a) { return math::fma(a, factor, term); }),
          chain_rate(threads, [=](Real a) { return numerator / a; }), read_rate(threads)};
}

std::uint64_t philox_words(std::uint64_t words, int threads, std::uint32_t& fold) {
  const auto blocks = static_cast<std::int64_t>((words + 4 * kLanes - 1) / (4 * kLanes));
  std::uint32_t all = 0;
#pragma omp parallel num_threads(threads) reduction(^ : all)
  {
    Word mine(0u);
#pragma omp for schedule(static)
    for (std::int64_t b = 0; b < blocks; ++b) {
      const auto r = philox4x32(
          Words<Word>{{Word(static_cast<std::uint32_t>(b)), Word(1u), lane_numbers(), Word(2u)}}, 12345);
      mine = mine ^ r.w[0] ^ r.w[1] ^ r.w[2] ^ r.w[3];
    }
    all ^= fold_lanes(mine);
  }
  fold = all;
  return static_cast<std::uint64_t>(blocks) * 4 * kLanes;
}

}  // namespace starling::bench::STARLING_CPU_NAMESPACE
