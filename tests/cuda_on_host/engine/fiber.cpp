// Fibers: stacks, the switch between them, and what the sanitizers are told.
#include "fiber.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#ifdef CUDA_ON_HOST_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* token);
void __tsan_release(void* token);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif
#ifdef CUDA_ON_HOST_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, std::size_t* size);
void __asan_poison_memory_region(const volatile void* begin, std::size_t size);
void __asan_unpoison_memory_region(const volatile void* begin, std::size_t size);
}
#endif

#ifndef CUDA_ON_HOST_UCONTEXT
// Saves the callee-saved registers on the running stack, keeps its stack pointer, and continues on the other
// stack.
extern "C" void cuda_on_host_switch(void** save, void* load);
asm(R"(
.text
.globl cuda_on_host_switch
.type cuda_on_host_switch,@function
cuda_on_host_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_on_host_switch,.-cuda_on_host_switch
)");
#endif

namespace cuda_on_host {
namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr std::size_t kGuard = 4096;  // at the low end of every stack, so that an overflow stops the program

char* stacks = nullptr;
std::size_t stack_count = 0;

// ThreadSanitizer's fibers by the number of their stack, used again and again: it has few slots for threads,
// and misses races when it runs out of them. Null: in use, or left behind by an aborted launch.
[[maybe_unused]] std::vector<void*> idle_tsan_fibers;

}  // namespace

void reserve_stacks(std::size_t count) {
  if (count <= stack_count) return;
  if (stacks) munmap(stacks, stack_count * kStack);
  stack_count = 0;
  count = std::max<std::size_t>(count, 256);
  void* memory = mmap(nullptr, count * kStack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  stacks = memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
  if (!stacks) throw std::bad_alloc();
  stack_count = count;
  for (std::size_t i = 0; i < count; ++i) mprotect(stacks + i * kStack, kGuard, PROT_NONE);
}

void adopt_host_thread(Fiber& fiber) {
  fiber = {};
#ifdef CUDA_ON_HOST_TSAN
  fiber.tsan_fiber = __tsan_get_current_fiber();
#endif
}

void start_fiber(Fiber& fiber, std::size_t index, void (*entry)()) {
  char* stack = stacks + index * kStack;
  fiber = {};
  fiber.stack_bottom = stack + kGuard;
  fiber.stack_size = kStack - kGuard;
  asan_unpoison(fiber.stack_bottom, fiber.stack_size);
#ifdef CUDA_ON_HOST_UCONTEXT
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack + kGuard;
  fiber.context.uc_stack.ss_size = kStack - kGuard;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, entry, 0);
#else
  void** top = reinterpret_cast<void**>(stack + kStack);
  *--top = nullptr;  // keeps the stack aligned as after a call
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--top = nullptr;  // the six saved registers
  fiber.stack_pointer = top;
#endif
#ifdef CUDA_ON_HOST_TSAN
  if (idle_tsan_fibers.size() <= index) idle_tsan_fibers.resize(index + 1, nullptr);
  fiber.tsan_fiber = std::exchange(idle_tsan_fibers[index], nullptr);
  if (!fiber.tsan_fiber) fiber.tsan_fiber = __tsan_create_fiber(0);
#endif
}

void fiber_entered([[maybe_unused]] Fiber& host) {
#ifdef CUDA_ON_HOST_ASAN
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
  if (!host.stack_bottom) {  // only now is the host thread's stack known
    host.stack_bottom = bottom;
    host.stack_size = size;
  }
#endif
}

void switch_fiber(Fiber& from, Fiber& to) {
#ifdef CUDA_ON_HOST_ASAN
  __sanitizer_start_switch_fiber(&from.asan_fake_stack, to.stack_bottom, to.stack_size);
#endif
#ifdef CUDA_ON_HOST_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber, 1 /* the switch itself orders nothing */);
#endif
#ifdef CUDA_ON_HOST_UCONTEXT
  swapcontext(&from.context, &to.context);
#else
  cuda_on_host_switch(&from.stack_pointer, to.stack_pointer);
#endif
#ifdef CUDA_ON_HOST_ASAN
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(from.asan_fake_stack, &bottom, &size);
#endif
}

void end_fiber([[maybe_unused]] Fiber& fiber, [[maybe_unused]] std::size_t index) {
#ifdef CUDA_ON_HOST_TSAN
  idle_tsan_fibers[index] = fiber.tsan_fiber;
#endif
}

#ifdef CUDA_ON_HOST_TSAN
Unseen::Unseen() {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}
Unseen::~Unseen() {
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
void tsan_release(void* token) {
  __tsan_release(token);
}
void tsan_acquire(void* token) {
  __tsan_acquire(token);
}
#else
Unseen::Unseen() = default;
Unseen::~Unseen() = default;
void tsan_release(void*) {}
void tsan_acquire(void*) {}
#endif

#ifdef CUDA_ON_HOST_ASAN
void asan_poison(const void* begin, std::size_t size) {
  __asan_poison_memory_region(begin, size);
}
void asan_unpoison(const void* begin, std::size_t size) {
  __asan_unpoison_memory_region(begin, size);
}
#else
void asan_poison(const void*, std::size_t) {}
void asan_unpoison(const void*, std::size_t) {}
#endif

}  // namespace cuda_on_host
