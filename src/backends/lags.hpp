/// A series times itself, at many lags at once.
#pragma once

#include <cstddef>

namespace starling::cpu {

inline constexpr std::size_t kLagsAtOnce = 16;

/// Adds sum_i row[i] row[i + lag], i < count, for lag = first, ..., first + kLagsAtOnce - 1, by the best
/// instructions that this machine has.
void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums);

namespace generic {
void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums);
}
namespace avx2 {
void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums);
}
namespace avx512 {
void add_lag_products(const double* row, std::size_t first, std::size_t count, double* sums);
}

}  // namespace starling::cpu
