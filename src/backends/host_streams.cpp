#include "backends/host_streams.hpp"

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
  std::vector<std::uint32_t> words(8 * count);
  first_words(seed, step, purpose, first, count, words.data());
  std::vector<HostStream> streams;
  streams.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = [&](std::size_t k) { return words[k * count + i]; };
    streams.emplace_back(seed, step, first + static_cast<std::uint32_t>(i), purpose,
                         Words<std::uint32_t>{{word(0), word(1), word(2), word(3)}},
                         Words<std::uint32_t>{{word(4), word(5), word(6), word(7)}});
  }
  return streams;
}

}  // namespace starling
