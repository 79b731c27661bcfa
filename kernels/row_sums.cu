// Sums over the rows of a matrix by CUB: here alone, as its headers take long to compile.
#include <cub/device/device_segmented_reduce.cuh>
#include <iterator>

#include "kernels/row_sums.hpp"

namespace starling::cuda {
namespace {

/// 0, stride, 2 stride, ...: where the rows begin.
struct Multiples {
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::int64_t;
  using difference_type = std::ptrdiff_t;
  using pointer = const std::int64_t*;
  using reference = std::int64_t;
  std::int64_t stride, offset;
  __host__ __device__ std::int64_t operator[](std::ptrdiff_t i) const { return (i + offset) * stride; }
  __host__ __device__ Multiples operator+(std::ptrdiff_t n) const { return {stride, offset + n}; }
};

struct Add {
  __host__ __device__ FixedSum operator()(const FixedSum& a, const FixedSum& b) const { return a + b; }
};

}  // namespace

cudaError_t row_sums(void* temporary, std::size_t bytes, const FixedSum* matrix, std::uint64_t rows,
                     std::uint64_t columns, FixedSum* out, cudaStream_t stream) {
  const auto stride = static_cast<std::int64_t>(columns);
  return cub::DeviceSegmentedReduce::Reduce(temporary, bytes, matrix, out, static_cast<std::int64_t>(rows),
                                            Multiples{stride, 0}, Multiples{stride, 1}, Add{}, FixedSum{},
                                            stream);
}

cudaError_t row_sums_memory(std::uint64_t rows, std::size_t& bytes) {
  const FixedSum* matrix = nullptr;
  FixedSum* out = nullptr;
  return cub::DeviceSegmentedReduce::Reduce(nullptr, bytes, matrix, out, static_cast<std::int64_t>(rows),
                                            Multiples{1, 0}, Multiples{1, 1}, Add{}, FixedSum{});
}

}  // namespace starling::cuda
