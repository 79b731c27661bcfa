/// A stand-in for CUB's DeviceSegmentedReduce: the same signatures, one serial loop when the stream gets
/// there. With Order::reverse every segment is reduced from its end, so that a sum that depends on its order
/// shows.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <type_traits>

namespace cub {

struct DeviceSegmentedReduce {
  /// out[s] = initial_value op in[begin[s]] op ... op in[end[s] - 1]. `op` must be associative and
  /// commutative. With temp_storage null, only temp_storage_bytes is set.
  template <class InputIterator, class OutputIterator, class BeginIterator, class EndIterator, class Operator,
            class T>
  static cudaError_t Reduce(void* temp_storage, std::size_t& temp_storage_bytes, InputIterator in,
                            OutputIterator out, std::int64_t segments, BeginIterator begin, EndIterator end,
                            Operator op, T initial_value, cudaStream_t stream = nullptr) {
    constexpr std::size_t kStorage = 1;
    if (!temp_storage) {
      temp_storage_bytes = kStorage;
      return cudaSuccess;
    }
    if (temp_storage_bytes < kStorage) return cudaErrorInvalidValue;
    return cuda_on_host::launch_on_host(
        [=] {
          for (std::int64_t s = 0; s < segments; ++s)
            out[s] = reduce(in, begin[s], end[s], op, initial_value);
        },
        stream);
  }

  template <class InputIterator, class OutputIterator, class BeginIterator, class EndIterator>
  static cudaError_t Sum(void* temp_storage, std::size_t& temp_storage_bytes, InputIterator in,
                         OutputIterator out, std::int64_t segments, BeginIterator begin, EndIterator end,
                         cudaStream_t stream = nullptr) {
    using T = typename std::iterator_traits<InputIterator>::value_type;
    return Reduce(temp_storage, temp_storage_bytes, in, out, segments, begin, end, std::plus<>{}, T{},
                  stream);
  }

 private:
  template <class InputIterator, class Offset, class Operator, class T>
  static auto reduce(InputIterator in, Offset begin, Offset end, Operator op, T initial_value) {
    std::decay_t<decltype(op(initial_value, in[begin]))> sum = initial_value;
    const bool backwards = cuda_on_host::options.order == cuda_on_host::Order::reverse;
    for (Offset k = begin; k < end; ++k) sum = op(sum, in[backwards ? end - 1 - (k - begin) : k]);
    return sum;
  }
};

}  // namespace cub
