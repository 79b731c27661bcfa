#include "subjects.hpp"

#include <fmt/format.h>

namespace starling::bench {
namespace {

Limits measure(const Subject& s) {
  switch (s.kind) {
#ifdef STARLING_CPU_X86
    case Subject::Kind::avx2:
      return avx2::measure_limits(s.threads);
    case Subject::Kind::avx512:
      return avx512::measure_limits(s.threads);
#endif
    case Subject::Kind::cuda:
      return cuda::measure_limits(s.cuda_device);
    default:
      return generic::measure_limits(s.threads);
  }
}

}  // namespace

Subjects find_subjects(int threads) {
  Subjects found;
  // what the library itself would choose, so that STARLING_CPU is obeyed here too
  const std::string best = choose_backend("cpu", 1, 0, {}).description;
  std::vector<Subject> cpu{{"reference", Subject::Kind::reference}, {"no SIMD", Subject::Kind::generic}};
  const bool avx512 = best.find("AVX-512") != std::string::npos;
  if (avx512 || best.find("AVX2") != std::string::npos) cpu.push_back({"AVX2", Subject::Kind::avx2});
  if (avx512) cpu.push_back({"AVX-512", Subject::Kind::avx512});
  for (Subject& s : cpu) s.slow = true;
  if (avx512) cpu[cpu.size() - 2].slow = false;  // AVX2 is what many machines have
  cpu.back().slow = false;
  cpu.back().runs_fits = true;
  if (threads > 1) {
    Subject all = cpu.back();
    all.name += fmt::format(" x{}", threads);
    all.threads = threads;
    cpu.push_back(all);
  }
  found.list = cpu;
  int k = 0;
  for (const auto& d : starling::cuda::device_list(found.why_no_gpu)) {
    Subject gpu{fmt::format("cuda:{} {}", k, d.name), Subject::Kind::cuda};
    gpu.cuda_device = k++;
    gpu.runs_fits = true;
    found.list.push_back(gpu);
  }
  for (Subject& s : found.list)
    if (!s.slow) s.limits = measure(s);
  return found;
}

std::uint64_t philox_words(const Subject& s, std::uint64_t words, std::uint32_t& fold) {
  switch (s.kind) {
#ifdef STARLING_CPU_X86
    case Subject::Kind::avx2:
      return avx2::philox_words(words, s.threads, fold);
    case Subject::Kind::avx512:
      return avx512::philox_words(words, s.threads, fold);
#endif
    case Subject::Kind::cuda:
      return cuda::philox_words(words, s.cuda_device, fold);
    default:
      return generic::philox_words(words, s.threads, fold);
  }
}

}  // namespace starling::bench
