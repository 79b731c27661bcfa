// ThreadSanitizer sees the races in shared memory, in whatever order the threads run, and none in sound
// kernels. Each launch has a process of its own, since some versions report an address once only.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cuda_on_host/cuda_on_host.hpp"
#include "demo.hpp"

namespace cuda_on_host {
namespace {

constexpr int kRaceFound = 66;  // ThreadSanitizer's exit status

[[noreturn]] void run_and_exit(int bug, Order order) {
  reset();
  options.order = order;
  demo::run(bug);
  std::exit(0);
}

class RacesDeathTest : public testing::TestWithParam<Order> {};

TEST_P(RacesDeathTest, SoundKernelsHaveNone) {
  EXPECT_EXIT(run_and_exit(0, GetParam()), testing::ExitedWithCode(0), "");
}

TEST_P(RacesDeathTest, MissingBarrierIsSeen) {
  EXPECT_EXIT(run_and_exit(1, GetParam()), testing::ExitedWithCode(kRaceFound), "data race");
}

TEST_P(RacesDeathTest, SharedMemoryUsedAgainTooEarlyIsSeen) {
  EXPECT_EXIT(run_and_exit(4, GetParam()), testing::ExitedWithCode(kRaceFound), "data race");
}

INSTANTIATE_TEST_SUITE_P(Orders, RacesDeathTest,
                         testing::Values(Order::forward, Order::reverse, Order::shuffled));

}  // namespace
}  // namespace cuda_on_host
