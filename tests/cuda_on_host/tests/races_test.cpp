// ThreadSanitizer sees the races in shared memory, in whatever order the threads ran, and none in sound
// kernels.
#include <gtest/gtest.h>

#include "cuda_on_host/cuda_on_host.hpp"
#include "demo.hpp"

extern "C" const char* __tsan_default_options() {
  return "exitcode=0:suppress_equal_stacks=0:suppress_equal_addresses=0:log_path=/dev/null";
}

namespace cuda_on_host {
namespace {

long races(int bug, Order order) {
  reset();
  options.order = order;
  const long before = race_reports();
  demo::run(bug);
  return race_reports() - before;
}

TEST(Races, SoundKernelsHaveNone) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) EXPECT_EQ(races(0, order), 0);
}

TEST(Races, MissingBarrierIsSeenInEveryOrder) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) EXPECT_GT(races(1, order), 0);
}

TEST(Races, SharedMemoryUsedAgainTooEarlyIsSeenInEveryOrder) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) EXPECT_GT(races(4, order), 0);
}

}  // namespace
}  // namespace cuda_on_host
