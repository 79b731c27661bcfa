/// What the tests of kernels share: one launch with an array of results.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cuda_on_host/cuda_on_host.hpp"
#include "kernels/cuda_compat.hpp"

namespace cuda_on_host {

inline constexpr Order kOrders[] = {Order::forward, Order::reverse, Order::shuffled};

/// Begins and ends with a runtime as new.
class CudaTest : public testing::Test {
 protected:
  CudaTest() { reset(); }
  ~CudaTest() override { reset(); }
};

/// Runs kernel(T* results, arguments...) and returns its `count` results, which start as all-ones. `*error`
/// gets what the runtime said; without it, an error fails the test.
template <class T, class... P, class... A>
std::vector<T> run_kernel(void (*kernel)(T*, P...), std::size_t count, dim3 grid, dim3 block,
                          cudaError_t* error, A... arguments) {
  T* results = nullptr;
  EXPECT_EQ(cudaMalloc(&results, count * sizeof(T)), cudaSuccess);
  cudaError_t status = starling::cuda::launch(kernel, grid, block, 0, nullptr, results, arguments...);
  std::vector<T> host(count);
  if (status == cudaSuccess)
    status = cudaMemcpy(host.data(), results, count * sizeof(T), cudaMemcpyDeviceToHost);
  if (error) {
    *error = status;
  } else {
    EXPECT_EQ(status, cudaSuccess) << last_message();
  }
  cudaFree(results);
  return host;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace cuda_on_host
