/// What a test may set and ask of the CUDA stand-in: the machine it pretends to be, the order in which blocks
/// and threads run (options.order, from engine.hpp), and failures. The same for both front ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/engine.hpp"

namespace cuda_on_host {

/// The machine that the runtime finds.
struct Machine {
  int devices = 1;
  std::size_t memory = std::size_t{8} << 30;  ///< bytes of each device; more is cudaErrorMemoryAllocation
  int runtime_version = 13000;
  int driver_version = 13000;  ///< 0: no driver; below runtime_version: cudaErrorInsufficientDriver
  int multiprocessors = 2;
  int major = 7, minor = 5;  ///< compute capability
  bool lazy =
      true;  ///< work on a stream is put off until something waits for it; false: done when it is issued
};
extern Machine machine;

/// A call that fails. `nth` counts from the moment when the failure is planted, the next call is 1.
struct Failure {
  std::string function;  ///< "cudaMalloc", ...; "launch": any kernel launch; "": any call that can fail;
                         ///< "kernel": a kernel dies while it runs, which later calls report for ever after
  long nth = 1;
  int error = 2;  ///< a cudaError_t; 2 is cudaErrorMemoryAllocation, 719 cudaErrorLaunchFailure
};
void plant(const Failure& failure);

/// Calls of `function` since reset(); "" counts all that can fail, so that a test can let each of them fail
/// in turn.
long calls(std::string_view function = "");

/// Everything as in a new process: no pending work, no failures, no errors; machine and options at their
/// defaults. Device memory that is still allocated is freed.
void reset();

/// What the last error was about, in words: the place in a kernel, the function that was made to fail, ...
std::string last_message();
std::size_t allocated_bytes();  ///< on all devices
std::size_t pinned_bytes();     ///< host memory from cudaMallocHost
std::size_t pending_work();     ///< operations that were issued and have not been carried out

}  // namespace cuda_on_host
