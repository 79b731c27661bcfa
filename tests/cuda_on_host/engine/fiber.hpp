/// Fibers: stacks, the switch between them, and what the sanitizers must be told about them.
/// The engine itself is never instrumented by a sanitizer; compiled with CUDA_ON_HOST_TSAN or
/// CUDA_ON_HOST_ASAN it announces its fibers to ThreadSanitizer or AddressSanitizer instead.
#pragma once

#include <cstddef>

#if !defined(__x86_64__) && !defined(CUDA_ON_HOST_UCONTEXT)
#define CUDA_ON_HOST_UCONTEXT  // the switch in assembly is written for x86-64; elsewhere the (slow) C
                               // library's
#endif
#ifdef CUDA_ON_HOST_UCONTEXT
#include <ucontext.h>
#endif

namespace cuda_on_host {

struct Fiber {
  void* stack_pointer = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_size = 0;
  void* tsan_fiber = nullptr;
  void* asan_fake_stack = nullptr;
#ifdef CUDA_ON_HOST_UCONTEXT
  ucontext_t context;
#endif
};

/// Makes `fiber` the host thread's own fiber, from which the others are started.
void adopt_host_thread(Fiber& fiber);
/// Gives `fiber` the stack number `index`; when it is first switched to, it calls entry(), which must not
/// return.
void start_fiber(Fiber& fiber, std::size_t index, void (*entry)());
/// The first thing an entry does; `host` is the fiber that started it.
void fiber_entered(Fiber& host);
void switch_fiber(Fiber& from, Fiber& to);
/// The fiber with this stack has done its work and will not be resumed.
void end_fiber(Fiber& fiber, std::size_t index);
/// Makes room for `count` stacks; none of them may be in use.
void reserve_stacks(std::size_t count);

/// While one exists, ThreadSanitizer does not look at what its fiber reads and writes (the engine's own
/// affairs).
class Unseen {
 public:
  Unseen();
  ~Unseen();
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
};
/// Edges of happens-before through a token, for ThreadSanitizer; nothing without it.
void tsan_release(void* token);
void tsan_acquire(void* token);

/// For AddressSanitizer; nothing without it.
void asan_poison(const void* begin, std::size_t size);
void asan_unpoison(const void* begin, std::size_t size);

}  // namespace cuda_on_host
