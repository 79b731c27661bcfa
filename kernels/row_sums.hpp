/// Sums over the rows of a matrix on the device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda_compat.hpp"
#include "starling/sum.hpp"

namespace starling::cuda {

/// How many bytes of device memory row_sums needs beside its matrix.
[[nodiscard]] cudaError_t row_sums_memory(std::uint64_t rows, std::size_t& bytes);

/// Starts out[r] = matrix[r * columns] + ... + matrix[(r + 1) * columns - 1]. All pointers: device memory.
/// The sums are exact, so the order in which they are made does not matter.
[[nodiscard]] cudaError_t row_sums(void* temporary, std::size_t bytes, const FixedSum* matrix,
                                   std::uint64_t rows, std::uint64_t columns, FixedSum* out,
                                   cudaStream_t stream);

}  // namespace starling::cuda
