// The demo kernels through either front end: sound ones agree with a plain loop, and each planted error is
// caught.
#include <gtest/gtest.h>

#include "cuda_on_host/cuda_on_host.hpp"
#include "demo.hpp"

namespace cuda_on_host {
namespace {

constexpr Order kOrders[] = {Order::forward, Order::reverse, Order::shuffled};

demo::Result run(int bug, Order order) {
  reset();
  options.order = order;
  return demo::run(bug);
}

/// Whether the bug showed: a kernel that died, or results that are wrong.
bool caught(int bug, Order order) {
  const demo::Result r = run(bug, order);
  return !r.error.empty() || !demo::agree(r, demo::plain_loop());
}

bool died_of(int bug, Order order, const std::string& what) {
  const demo::Result r = run(bug, order);
  return r.error == "cudaErrorLaunchFailure" && last_message().find(what) != std::string::npos;
}

TEST(PlantedErrors, SoundKernelsAgreeWithAPlainLoop) {
  for (const Order order : kOrders) {
    const demo::Result r = run(0, order);
    EXPECT_EQ(r.error, "") << last_message();
    EXPECT_TRUE(demo::agree(r, demo::plain_loop()));
  }
}

TEST(PlantedErrors, MissingBarrier) {
  EXPECT_TRUE(caught(1, Order::forward));
  EXPECT_TRUE(caught(1, Order::shuffled));
}

TEST(PlantedErrors, WrongWarpMask) {
  for (const Order order : kOrders) EXPECT_TRUE(died_of(2, order, "is not in its own mask 0000ffff"));
}

TEST(PlantedErrors, SharedMemoryUsedAgainTooEarly) {
  EXPECT_TRUE(caught(4, Order::reverse));
  EXPECT_TRUE(caught(4, Order::shuffled));
}

TEST(PlantedErrors, ReturnBeforeABarrier) {
  for (const Order order : kOrders) EXPECT_TRUE(died_of(5, order, "120 have exited"));
}

TEST(PlantedErrors, BarrierInAnUnevenLoop) {
  for (const Order order : kOrders) EXPECT_TRUE(died_of(6, order, "104 threads wait at the barrier"));
}

TEST(PlantedErrors, SharedIndexOutOfRange) {
  for (const Order order : kOrders) EXPECT_TRUE(caught(7, order));
}

}  // namespace
}  // namespace cuda_on_host
