/// The state of the running block; shared by the files of the engine only.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "engine.hpp"
#include "fiber.hpp"

namespace cuda_on_host {

constexpr unsigned kWarp = 32;
constexpr unsigned kMaxWarps = 32;

enum class State { ready, at_barrier, in_warp_op, done };

struct Thread {
  Fiber fiber;
  Index index;      // threadIdx
  unsigned linear;  // its number in the block
  unsigned lane, warp;
  State state;
  Site site;         // where it last met others
  unsigned barrier;  // which barrier it waits at

  // the warp collective that it takes part in
  WarpOp op;
  unsigned mask;
  int source;
  std::size_t size;
  alignas(16) unsigned char in[16], out[16];
  unsigned sync_count = 0;   // of __syncwarp calls
  unsigned sync_parity = 0;  // bit l: parity of lane l's sync_count when they met
  char sync_token[2];        // happens-before of __syncwarp, used in turn
};

struct Block {
  std::vector<Thread> threads;
  unsigned warps = 0;
  std::array<unsigned, kMaxWarps> ready{};      // per warp: lanes that can run
  std::array<unsigned, kMaxWarps> warp_rank{};  // which warp gets the next turn
  std::size_t live = 0;                         // threads that have not exited
  std::size_t waiting = 0;                      // threads at the barrier
  int votes = 0, vote_result = 0;
  unsigned generation = 0;  // of barriers
  char barrier_token[2];    // happens-before of the barrier, used in turn
  char start_token;         // happens-before of the launch and its end

  std::vector<unsigned char> shared_store;
  unsigned char* shared = nullptr;
  std::size_t shared_size = 0;

  void (*body)(void*) = nullptr;
  void* argument = nullptr;
  std::string error;
  std::mt19937_64 random;
  bool running = false;
};

extern Block block;
extern Thread host_thread;  // stands for the host; runs run_grid
extern Thread* current;

std::string name(const Thread& thread);
std::string text(const Site& site);
std::string hex(unsigned mask);

void make_ready(Thread& thread);
/// Gives the turn to the next thread that can run, or to the host.
void reschedule();
void switch_to(Thread& next);
/// Completes warp collectives whose missing lanes have exited.
void complete_after_exits();

}  // namespace cuda_on_host
