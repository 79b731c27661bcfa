/// Memory for very many numbers.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace starling {

struct FreeMemory {
  void operator()(float* memory) const { std::free(memory); }
};
using LargeArray = std::unique_ptr<float[], FreeMemory>;

/// `size` floats, not initialised, in large pages where the system has them: with pages of 4 KB every few
/// rows of latents would need another entry of the processor's small table of pages. Throws std::bad_alloc.
LargeArray large_array(std::size_t size);

}  // namespace starling
