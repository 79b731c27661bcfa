#include "backends/lags.hpp"

#include "backends/cpu_variants.hpp"

namespace starling::cpu {

void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums) {
#if defined(STARLING_CPU_X86)
  if (chosen_variant() == Variant::avx512) return avx512::add_lag_products(row, first, count, sums);
  if (chosen_variant() == Variant::avx2) return avx2::add_lag_products(row, first, count, sums);
#endif
  return generic::add_lag_products(row, first, count, sums);
}

}  // namespace starling::cpu
