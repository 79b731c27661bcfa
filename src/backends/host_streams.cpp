#include "backends/host_streams.hpp"

#include <algorithm>

#include "backends/cpu_variants.hpp"

namespace starling {
namespace {

void first_words(std::uint64_t seed, std::uint32_t step, std::uint32_t purpose, std::uint32_t first,
                 std::size_t count, std::uint32_t* words) {
#if defined(STARLING_CPU_X86)
  if (cpu::chosen_variant() == cpu::Variant::avx512)
    return cpu::avx512::first_words(seed, step, purpose, first, count, words);
  if (cpu::chosen_variant() == cpu::Variant::avx2)
    return cpu::avx2::first_words(seed, step, purpose, first, count, words);
#endif
  return cpu::generic::first_words(seed, step, purpose, first, count, words);
}

}  // namespace

std::vector<HostStream> host_streams(std::uint64_t seed, std::uint32_t step, std::uint32_t purpose,
                                     std::uint32_t first, std::size_t count) {
  std::vector<HostStream> streams;
  streams.reserve(count);
  static_assert(cpu::kFirstWords == 2 * HostStream::Pairs{}.size());
  constexpr std::size_t most = 64;  // chains at once
  std::uint32_t words[cpu::kFirstWords * most];
  for (const std::uint32_t end = first + static_cast<std::uint32_t>(count); first < end;) {
    const std::uint32_t n = std::min<std::uint32_t>(end - first, most);
    first_words(seed, step, purpose, first, n, words);
    for (std::uint32_t i = 0; i < n; ++i, ++first) {
      HostStream::Pairs pairs;
      for (std::uint32_t k = 0; k < pairs.size(); ++k)
        pairs[k] = HostStream::pair(words[2 * k * n + i], words[(2 * k + 1) * n + i]);
      streams.emplace_back(seed, step, first, purpose, pairs);
    }
  }
  return streams;
}

}  // namespace starling
