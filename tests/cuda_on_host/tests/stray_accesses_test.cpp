// AddressSanitizer sees accesses past the end of device memory and of shared memory, and none in sound
// kernels.
#include <gtest/gtest.h>

#include "cuda_on_host/cuda_on_host.hpp"
#include "demo.hpp"

namespace cuda_on_host {
namespace {

TEST(StrayAccesses, SoundKernelsHaveNone) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
    reset();
    options.order = order;
    EXPECT_TRUE(demo::agree(demo::run(0), demo::plain_loop()));
  }
}

TEST(StrayAccesses, KernelsThatDieLeaveTheProcessWhole) {
  for (const int bug : {2, 5, 6, 0}) {
    reset();
    EXPECT_EQ(demo::run(bug).error, bug == 0 ? "" : "cudaErrorLaunchFailure");
  }
}

TEST(StrayAccessesDeathTest, TailOffByOne) {
  reset();
  EXPECT_DEATH(demo::run(3), "heap-buffer-overflow");
}

TEST(StrayAccessesDeathTest, SharedIndexOutOfRange) {
  reset();
  EXPECT_DEATH(demo::run(7), "AddressSanitizer");
}

}  // namespace
}  // namespace cuda_on_host
