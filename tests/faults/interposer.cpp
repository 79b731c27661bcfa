// Preloaded into the program under test: makes one call fail that the system would have carried out.
//   STARLING_FAULT=write:3    the third write to a file of the run fails as on a full disk
//   STARLING_FAULT=fsync:2    the second fsync fails, as with a broken disk; also fdatasync, rename
//   STARLING_FAULT=short:1    from the first on, every write takes half of its bytes
//   STARLING_FAULT=new:1000   the thousandth allocation of C++ since main() began fails as without memory
// Only files whose name holds "run.nc" are meant. STARLING_FAULT_COUNT: a file that gets the number of calls.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace {

std::atomic<int> calls{0};

/// Writes down how many calls there were, at the end.
struct Count {
  ~Count() {
    const char* name = std::getenv("STARLING_FAULT_COUNT");
    if (name == nullptr) return;
    if (std::FILE* file = std::fopen(name, "w"); file != nullptr) {
      std::fprintf(file, "%d\n", calls.load());
      std::fclose(file);
    }
  }
} count;

bool is_of_the_run(int file) {
  char name[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t size = readlink(link.c_str(), name, sizeof name - 1);
  if (size < 0) return false;
  name[size] = '\0';
  return std::strstr(name, "run.nc") != nullptr;
}

/// Counts the calls of this kind; 0 if another kind is asked for, else how many there were, less those
/// wanted.
int past(const char* kind) {
  const char* fault = std::getenv("STARLING_FAULT");
  const std::size_t length = std::strlen(kind);
  if (fault == nullptr || std::strncmp(fault, kind, length) != 0 || fault[length] != ':') return 0;
  return ++calls - std::atoi(fault + length + 1) + 1;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int fail(int error) {
  errno = error;
  return -1;
}

using Main = int (*)(int, char**, char**);
Main real_main = nullptr;
std::atomic<bool> main_began{false};

int counted_main(int argc, char** argv, char** environment) {
  main_began = true;
  return real_main(argc, argv, environment);
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (main_began && past("new") == 1) throw std::bad_alloc();
  void* memory = alignment == 0
                     ? std::malloc(size == 0 ? 1 : size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The other forms of new call these.
void* operator new(std::size_t size) {
  return allocate(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

extern "C" {

int __libc_start_main(Main main, int argc, char** argv, void (*begin)(), void (*end)(), void (*linker_end)(),
                      void* stack) {
  real_main = main;
  using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);
  return next<Start>("__libc_start_main")(counted_main, argc, argv, begin, end, linker_end, stack);
}

ssize_t write(int file, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (is_of_the_run(file)) {
    if (past("write") == 1) return fail(ENOSPC);
    if (past("short") >= 1 && size > 1) size /= 2;
  }
  return real(file, bytes, size);
}

int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return is_of_the_run(file) && past("fsync") == 1 ? fail(EIO) : real(file);
}

int fdatasync(int file) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return is_of_the_run(file) && past("fdatasync") == 1 ? fail(EIO) : real(file);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return std::strstr(from, "run.nc") != nullptr && past("rename") == 1 ? fail(EIO) : real(from, to);
}
}
