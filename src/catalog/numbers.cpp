// Memory that lies on disk.
#include "starling/numbers.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace starling {
namespace {

/// A new file of that size that has no name; -1 where there can be none.
int nameless_file(std::size_t bytes) {
  const char* named = std::getenv("TMPDIR");
  const std::string folder = named != nullptr && *named != '\0' ? named : "/var/tmp";
  std::string path = folder + "/starling-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return -1;
  unlink(path.c_str());
  // room that is taken now can't be missing when pages are written
  if (fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0) return file;
  close(file);
  return -1;
}

std::uintptr_t page_size() {
  static const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

void* pages_on_disk(std::size_t bytes) {
  const int file = nameless_file(bytes);
  // shared memory keeps its contents when pages are let go, as a file does
  const int flags = file < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  if (file >= 0) close(file);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return pages;
}

void free_pages(void* pages, std::size_t bytes) noexcept {
  munmap(pages, bytes);
}

void let_pages_go(const void* begin, const void* end) noexcept {
  const std::uintptr_t size = page_size(), first = reinterpret_cast<std::uintptr_t>(begin) / size * size,
                       last = reinterpret_cast<std::uintptr_t>(end) / size * size;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace starling
