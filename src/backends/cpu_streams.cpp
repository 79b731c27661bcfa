// Random words of many chains at once. Compiled once per instruction set, like the CPU kernels.
#include "backends/cpu_variants.hpp"
#include "starling/random.hpp"
#ifndef STARLING_CPU_SCALAR
#include "backends/simd.hpp"
#endif

namespace starling::cpu::STARLING_CPU_NAMESPACE {
namespace {

#ifdef STARLING_CPU_SCALAR
using Word = std::uint32_t;
constexpr std::uint64_t kLanes = 1;
Word chains_from(std::uint32_t first) {
  return first;
}
void store(Word w, std::uint32_t* out) {
  *out = w;
}
#else
using Word = WordBatch;
constexpr std::uint64_t kLanes = Word::size;
Word chains_from(std::uint32_t first) {
  return numbers_from<Word>(first);
}
void store(Word w, std::uint32_t* out) {
  w.store_unaligned(out);
}
#endif

}  // namespace

void first_words(std::uint64_t seed, std::uint32_t step, std::uint32_t purpose, std::uint32_t first,
                 std::uint64_t count, std::uint32_t* words) {
  for (std::uint64_t i = 0; i < count; i += kLanes) {
    const Word chains = chains_from(first + static_cast<std::uint32_t>(i));
    for (std::uint32_t block = 0; block < kFirstWords / 4; ++block) {
      const auto made = philox4x32(Words<Word>{{Word(block), Word(step), chains, Word(purpose)}}, seed);
      for (std::uint64_t k = 0; k < 4; ++k) {
        std::uint32_t* out = words + (4 * block + k) * count + i;
        if (count - i >= kLanes) {
          store(made.w[k], out);
        } else {
          std::uint32_t last[kLanes];
          store(made.w[k], last);
          for (std::uint64_t lane = 0; lane < count - i; ++lane) out[lane] = last[lane];
        }
      }
    }
  }
}

}  // namespace starling::cpu::STARLING_CPU_NAMESPACE
