#include "backends/large_array.hpp"

#include <sys/mman.h>

#include <limits>
#include <new>

namespace starling {

LargeArray large_array(std::size_t size) {
  constexpr std::size_t large_page = 2u << 20, line = 64;
  if (size > (std::numeric_limits<std::size_t>::max() - large_page) / sizeof(float)) throw std::bad_alloc();
  const std::size_t bytes = size * sizeof(float), page = bytes < 2 * large_page ? line : large_page;
  const std::size_t whole = (bytes + page - 1) / page * page;
  auto* const memory = static_cast<float*>(std::aligned_alloc(page, whole > 0 ? whole : page));
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (page == large_page) (void)madvise(memory, whole, MADV_HUGEPAGE);  // a wish: small ones do, too
#endif
  return LargeArray(memory);
}

}  // namespace starling
