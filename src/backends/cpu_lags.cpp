// Compiled once per instruction set, like the CPU kernels.
#include <xsimd/xsimd.hpp>

#include "backends/lags.hpp"

namespace starling::cpu::STARLING_CPU_NAMESPACE {

void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums) {
  using Batch = xsimd::batch<double>;
  constexpr std::size_t batches = kLagsAtOnce / Batch::size;
  // those of even and of odd i apart: an addition need not wait for the one before it
  Batch even[batches], odd[batches];
  for (std::size_t b = 0; b < batches; ++b) even[b] = odd[b] = Batch(0.0);
  const auto add = [&](Batch(&to)[batches], std::size_t i) {
    for (std::size_t b = 0; b < batches; ++b)
      to[b] = to[b] + Batch(row[i]) * Batch::load_unaligned(row + i + first + b * Batch::size);
  };
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    add(even, i);
    add(odd, i + 1);
  }
  if (i < count) add(even, i);
  for (std::size_t b = 0; b < batches; ++b) {
    double* to = sums + b * Batch::size;
    (Batch::load_unaligned(to) + even[b] + odd[b]).store_unaligned(to);
  }
}

}  // namespace starling::cpu::STARLING_CPU_NAMESPACE
