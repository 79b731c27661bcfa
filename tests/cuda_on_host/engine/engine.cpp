// Grids, blocks, the block barrier, and who runs next.
#include "engine.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

#include "block.hpp"

// Bounds of the section that front end A puts __shared__ variables into; absent where there are none.
extern "C" {
extern unsigned char __start_cuda_shared[] __attribute__((weak));
extern unsigned char __stop_cuda_shared[] __attribute__((weak));
}

namespace cuda_on_host {

Options options;
Index thread_index, block_index, block_size{1, 1, 1}, grid_size{1, 1, 1};
Block block;
Thread host_thread;
Thread* current = &host_thread;

namespace {

// memset, out of the sanitizers' sight: the section holds their redzones too.
void fill_with_ones([[maybe_unused]] unsigned char* begin, [[maybe_unused]] std::size_t size) {
#ifdef __x86_64__
  asm volatile("rep stosb" : "+D"(begin), "+c"(size) : "a"(0xff) : "memory");
#else
  for (volatile unsigned char* p = begin; size > 0; --size) *p++ = 0xff;
#endif
}

std::string text(const Index& i) {
  return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
}

unsigned lowest_lane(unsigned lanes, unsigned rank) {  // the rank-th set bit
  for (; rank > 0; --rank) lanes &= lanes - 1;
  return static_cast<unsigned>(std::countr_zero(lanes));
}

unsigned pick_lane(unsigned lanes) {
  switch (options.order) {
    case Order::forward:
      return static_cast<unsigned>(std::countr_zero(lanes));
    case Order::reverse:
      return 31 - static_cast<unsigned>(std::countl_zero(lanes));
    case Order::shuffled:
      break;
  }
  return lowest_lane(lanes,
                     static_cast<unsigned>(block.random() % static_cast<unsigned>(std::popcount(lanes))));
}

// One warp goes as far as it can before another gets a turn, since that is what brings out a missing barrier.
Thread* pick() {
  for (unsigned rank = 0; rank < block.warps; ++rank) {
    const unsigned warp = block.warp_rank[rank];
    unsigned& ready = block.ready[warp];
    if (ready == 0) continue;
    const unsigned lane = pick_lane(ready);
    ready &= ~(1u << lane);
    return &block.threads[warp * kWarp + lane];
  }
  return nullptr;
}

void rank_warps() {
  const auto begin = block.warp_rank.begin(), end = begin + block.warps;
  std::iota(begin, end, 0u);
  if (options.order == Order::reverse) std::reverse(begin, end);
  if (options.order == Order::shuffled) std::shuffle(begin, end, block.random);
}

// A fiber lives as long as the launch and runs one thread of every block.
void thread_main() {
  fiber_entered(host_thread.fiber);
  for (;;) {
    tsan_acquire(&block.start_token);
    block.body(block.argument);
    tsan_release(&block.start_token);
    Thread* next;
    {
      const Unseen unseen;
      current->state = State::done;
      --block.live;
      next = pick();
    }
    switch_to(next ? *next : host_thread);
  }
}

void check_configuration(Index grid, Index size, std::size_t shared_bytes) {
  const std::size_t threads = std::size_t{size.x} * size.y * size.z;
  if (threads == 0 || threads > 1024 || size.z > 64) {
    throw KernelError("invalid configuration: block " + text(size));
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535 || grid.x > 0x7fffffffu) {
    throw KernelError("invalid configuration: grid " + text(grid));
  }
  if (shared_bytes > options.max_shared) {
    throw KernelError("invalid configuration: " + std::to_string(shared_bytes) +
                      " bytes of shared memory per block");
  }
}

void make_shared_memory(std::size_t bytes) {
  constexpr std::size_t kAlign = 1024;
  asan_unpoison(block.shared_store.data(), block.shared_store.size());
  block.shared_store.assign(bytes + 2 * kAlign, 0xff);
  unsigned char* begin = block.shared_store.data();
  unsigned char* end = begin + block.shared_store.size();
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  block.shared = begin + ((address + kAlign - 1) / kAlign * kAlign - address);
  block.shared_size = bytes;
  unsigned char* used_end = block.shared + (bytes + 7) / 8 * 8;  // AddressSanitizer's grain
  asan_poison(begin, static_cast<std::size_t>(block.shared - begin));
  asan_poison(used_end, static_cast<std::size_t>(end - used_end));
}

void make_threads(Index size) {
  const unsigned n = size.x * size.y * size.z;
  reserve_stacks(n);
  block.threads.resize(n);
  block.warps = (n + kWarp - 1) / kWarp;
  for (unsigned i = 0; i < n; ++i) {
    Thread& t = block.threads[i];
    t.index = {i % size.x, i / size.x % size.y, i / size.x / size.y};
    t.linear = i;
    t.lane = i % kWarp;
    t.warp = i / kWarp;
    start_fiber(t.fiber, i, thread_main);
  }
}

void start_block() {
  if (__start_cuda_shared) {
    fill_with_ones(__start_cuda_shared, static_cast<std::size_t>(__stop_cuda_shared - __start_cuda_shared));
  }
  std::memset(block.shared, 0xff, block.shared_size);
  block.ready.fill(0);
  block.live = block.threads.size();
  block.waiting = 0;
  block.votes = 0;
  for (Thread& t : block.threads) {
    t.sync_count = 0;
    make_ready(t);
  }
  rank_warps();
}

// Nobody can go on: says who waits for what.
std::string describe_deadlock() {
  std::size_t at_barrier = 0, in_warp_op = 0;
  const Thread *first_at_barrier = nullptr, *first_in_warp_op = nullptr, *first_exited = nullptr;
  for (const Thread& t : block.threads) {
    if (t.state == State::at_barrier && at_barrier++ == 0) first_at_barrier = &t;
    if (t.state == State::in_warp_op && in_warp_op++ == 0) first_in_warp_op = &t;
    if (t.state == State::done && !first_exited) first_exited = &t;
  }
  std::string what = "deadlock in block " + text(block_index) + ": ";
  if (first_at_barrier) {
    what +=
        std::to_string(at_barrier) + " threads wait at the barrier at " + text(first_at_barrier->site) + "; ";
  }
  if (first_in_warp_op) {
    what += std::to_string(in_warp_op) + " wait in a warp collective, the first is " +
            name(*first_in_warp_op) + " at " + text(first_in_warp_op->site) + " with mask " +
            hex(first_in_warp_op->mask) + "; ";
  }
  what += std::to_string(block.threads.size() - block.live) + " have exited";
  if (first_exited) what += ", the first is " + name(*first_exited);
  return what;
}

void run_block() {
  start_block();
  for (;;) {
    reschedule();  // returns when no thread can run
    if (!block.error.empty() || block.live == 0) return;
    try {
      complete_after_exits();
    } catch (const KernelError&) {
      return;  // block.error is set
    }
    if (std::all_of(block.ready.begin(), block.ready.end(), [](unsigned lanes) { return lanes == 0; })) {
      block.error = describe_deadlock();
      return;
    }
  }
}

std::vector<std::size_t> block_order(std::size_t blocks) {
  std::vector<std::size_t> order(blocks);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options.order == Order::reverse) std::reverse(order.begin(), order.end());
  if (options.order == Order::shuffled) std::shuffle(order.begin(), order.end(), block.random);
  return order;
}

}  // namespace

std::string name(const Thread& thread) {
  return "thread " + text(thread.index) + " of block " + text(block_index);
}

std::string text(const Site& site) {
  const char* slash = std::strrchr(site.file, '/');
  return std::string(slash ? slash + 1 : site.file) + ":" + std::to_string(site.line);
}

std::string hex(unsigned mask) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", mask);
  return digits;
}

void make_ready(Thread& thread) {
  thread.state = State::ready;
  block.ready[thread.warp] |= 1u << thread.lane;
}

void switch_to(Thread& next) {
  Thread& me = *current;
  current = &next;
  if (&next != &host_thread) thread_index = next.index;
  switch_fiber(me.fiber, next.fiber);
}

void reschedule() {
  Thread* next = pick();
  if (!next) next = &host_thread;
  if (next != current) switch_to(*next);
}

unsigned char* shared_memory() {
  return block.shared;
}
std::size_t shared_memory_size() {
  return block.shared_size;
}
unsigned lane() {
  return current->lane;
}
unsigned linear_thread() {
  return current->linear;
}

void fail(std::string what) {
  if (block.error.empty()) block.error = std::move(what);
  what.clear();
  what.shrink_to_fit();  // it may have got block.error's old memory
  if (current == &host_thread) throw KernelError(block.error);
  switch_to(host_thread);  // never resumed
  __builtin_unreachable();
}

int sync_block(bool predicate, unsigned barrier, Site site) {
  const Unseen unseen;
  Thread& me = *current;
  me.site = site;
  me.barrier = barrier;
  block.votes += predicate;
  ++block.waiting;
  const unsigned parity = block.generation & 1;
  tsan_release(&block.barrier_token[parity]);
  if (block.waiting < block.threads.size()) {
    me.state = State::at_barrier;
    reschedule();
  } else {  // the last one
    for (Thread& t : block.threads) {
      if (options.check_divergence && (t.site.line != site.line || t.barrier != barrier)) {
        std::string what = "barrier at " + text(site) + " reached by " + name(me) + " while " + name(t) +
                           " waits at another one, " + text(t.site);
        fail(std::move(what));
      }
    }
    block.waiting = 0;
    block.vote_result = block.votes;
    block.votes = 0;
    ++block.generation;
    rank_warps();
    for (Thread& t : block.threads) make_ready(t);
    reschedule();
  }
  tsan_acquire(&block.barrier_token[parity]);
  return block.vote_result;
}

void run_grid(Index grid, Index size, std::size_t shared_bytes, void (*body)(void*), void* argument) {
  const Unseen unseen;
  if (block.running) throw KernelError("a kernel was launched from inside a kernel");
  check_configuration(grid, size, shared_bytes);
  block.body = body;
  block.argument = argument;
  block.error.clear();
  block.random.seed(options.seed);
  block.generation = 0;
  grid_size = grid;
  block_size = size;
  adopt_host_thread(host_thread.fiber);
  make_shared_memory(shared_bytes);
  make_threads(size);
  block.running = true;
  tsan_release(&block.start_token);
  for (const std::size_t k : block_order(std::size_t{grid.x} * grid.y * grid.z)) {
    block_index = {static_cast<unsigned>(k % grid.x), static_cast<unsigned>(k / grid.x % grid.y),
                   static_cast<unsigned>(k / grid.x / grid.y)};
    run_block();
    if (!block.error.empty()) break;
  }
  tsan_acquire(&block.start_token);
  block.running = false;
  current = &host_thread;
  if (!block.error.empty())
    throw KernelError(block.error);  // the fibers of an aborted launch are left behind
  for (Thread& t : block.threads) end_fiber(t.fiber, t.linear);
}

}  // namespace cuda_on_host
