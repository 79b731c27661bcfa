/// The CUDA execution model on one CPU thread: the blocks of a grid run one after the other, the threads of a
/// block are fibers, and barriers, warp collectives and deadlocks are real. It knows nothing of CUDA's
/// spelling: both front ends (kernel source compiled by a host compiler, and nvcc's PTX translated to C++)
/// sit on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace cuda_on_host {

/// What a launch throws when the kernel breaks a rule of the execution model; says where.
struct KernelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A place in the kernel's source.
struct Site {
  const char* file = "";
  unsigned line = 0;
};

/// Which of the blocks, and of the threads of a block that can run, comes first.
enum class Order { forward, reverse, shuffled };

struct Options {
  Order order = Order::forward;
  std::uint64_t seed = 1;               ///< of Order::shuffled
  bool check_divergence = true;         ///< threads that meet must meet at the same line
  std::size_t max_shared = 227 * 1024;  ///< bytes of shared memory per block, static and dynamic
};
extern Options options;

struct Index {
  unsigned x, y, z;
};
/// The built-in variables of the running thread.
extern Index thread_index, block_index, block_size, grid_size;

/// Runs body(argument) once for every thread of the grid. Throws KernelError.
void run_grid(Index grid, Index block, std::size_t shared_bytes, void (*body)(void*), void* argument);

/// Shared memory of the running block: 1024-byte aligned, filled with 0xff (NaN) before the block starts.
unsigned char* shared_memory();
std::size_t shared_memory_size();

unsigned lane();           ///< of the running thread, 0..31
unsigned linear_thread();  ///< index of the running thread in its block

/// Ends the launch from inside a kernel: run_grid throws KernelError(what). Nothing of the calling thread is
/// destroyed, so hand over a named string: fail(std::move(what)).
[[noreturn]] void fail(std::string what);

/// Block barrier; returns how many threads came with a true predicate.
int sync_block(bool predicate, unsigned barrier, Site site);

enum class WarpOp {
  sync,
  shuffle,
  ballot,
  match_any,
  match_all,
  add,
  min_s,
  max_s,
  min_u,
  max_u,
  and_,
  or_,
  xor_
};

/// Meets the other lanes of `mask`, hands in `size` bytes (at most 16) and gets the result (shuffle: `size`
/// bytes, else 4). A shuffle from a lane that has exited or is not in the mask reads all-ones (a NaN).
void warp_op(WarpOp op, unsigned mask, const void* in, void* out, std::size_t size, int source_lane,
             Site site);

/// Only the calling lane: CUDA promises no more convergence than that.
unsigned active_mask();

}  // namespace cuda_on_host
