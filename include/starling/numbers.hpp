/// The numbers of a catalog: a vector of double that lies on disk where it is large.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace starling {

/// Vectors of so many bytes lie on disk.
inline constexpr std::size_t kOnDiskFrom = std::size_t{1} << 28;

/// Memory whose pages are those of a file without a name in TMPDIR (or /var/tmp), which goes with it: pages
/// that were let go are read again when they are needed. Where there is no room for the file, it is memory
/// like any other. Throws std::bad_alloc.
void* pages_on_disk(std::size_t bytes);
void free_pages(void* pages, std::size_t bytes) noexcept;
/// The pages that lie in [begin, end) leave memory. They keep what is in them.
void let_pages_go(const void* begin, const void* end) noexcept;

/// The allocator of Numbers.
template <class T>
struct DiskAllocator {
  using value_type = T;

  DiskAllocator() = default;
  template <class U>
  DiskAllocator(const DiskAllocator<U>&) {}

  /// Whether so many values lie on disk.
  [[nodiscard]] static bool on_disk(std::size_t n) { return n * sizeof(T) >= kOnDiskFrom; }
  [[nodiscard]] T* allocate(std::size_t n) {
    return static_cast<T*>(on_disk(n) ? pages_on_disk(n * sizeof(T)) : ::operator new(n * sizeof(T)));
  }
  void deallocate(T* values, std::size_t n) noexcept {
    on_disk(n) ? free_pages(values, n * sizeof(T)) : ::operator delete(values);
  }
  friend bool operator==(const DiskAllocator&, const DiskAllocator&) { return true; }
};

/// A vector like any other, but for where it lies.
class Numbers : public std::vector<double, DiskAllocator<double>> {
  using Base = std::vector<double, DiskAllocator<double>>;

 public:
  using Base::Base;
  using Base::operator=;
  Numbers() = default;
  Numbers(const std::vector<double>& values) : Base(values.begin(), values.end()) {}

  /// Numbers [begin, end) are not needed for now: if they lie on disk, they leave memory until they are read.
  void let_go(std::size_t begin, std::size_t end) const {
    if (on_disk(capacity())) let_pages_go(data() + begin, data() + end);
  }
  /// Whether a vector with room for so many lies on disk.
  [[nodiscard]] static bool on_disk(std::size_t count) { return allocator_type::on_disk(count); }
  friend bool operator==(const Numbers& a, const Numbers& b) {
    return static_cast<const Base&>(a) == static_cast<const Base&>(b);
  }
};

}  // namespace starling
