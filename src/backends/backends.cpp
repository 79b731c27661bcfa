// Chooses a backend.
#include <fmt/format.h>
#include <omp.h>

#include "backends/cpu_variants.hpp"
#include "backends/cuda_kernels.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

using cpu::Variant;

Variant cpu_variant() {
#if defined(STARLING_CPU_X86)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Variant::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Variant::avx2;
#endif
  return Variant::generic;
}

const char* name_of(Variant v) {
  return v == Variant::avx512 ? "AVX-512" : v == Variant::avx2 ? "AVX2" : "no SIMD";
}

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) * 1e-9);
}

}  // namespace

// STARLING_CPU=generic|avx2|avx512 asks for less than the machine has, to compare.
cpu::Variant cpu::chosen_variant() {
  static const Variant variant = [] {
    const Variant best = cpu_variant();
    const char* wish = std::getenv("STARLING_CPU");
    if (wish == nullptr) return best;
    const std::string w = wish;
    const Variant asked = w == "generic" ? Variant::generic : w == "avx2" ? Variant::avx2 : Variant::avx512;
    return std::min(best, asked);
  }();
  return variant;
}

std::vector<DeviceInfo> devices() {
  std::vector<DeviceInfo> list{
      {"cpu", fmt::format("{} threads, {}", omp_get_num_procs(), name_of(cpu::chosen_variant()))}};
  std::string why;
  int k = 0;
  for (const auto& d : cuda::device_list(why))
    list.push_back({fmt::format("cuda:{}", k++), fmt::format("{} (compute capability {}.{}, {})", d.name,
                                                             d.major, d.minor, gigabytes(d.memory))});
  return list;
}

std::string why_no_cuda() {
  std::string why;
  return cuda::device_list(why).empty() ? why : "";
}

Backend choose_backend(const std::string& device, int threads, std::uint64_t bytes,
                       const std::function<void(const std::string&)>& note) {
  if (threads < 0)
    throw InputError(fmt::format("threads is {}, expected 1 or more, or 0 for all cores", threads));
  if (threads == 0) threads = omp_get_num_procs();
  if (device == "reference")
    return {BackendKind::reference, 0, 1, "reference (one thread, double precision)"};
  const auto use_cpu = [threads] {
    return Backend{BackendKind::cpu, 0, threads, fmt::format("cpu ({})", name_of(cpu::chosen_variant()))};
  };
  if (device == "cpu") return use_cpu();

  int wanted = 0;
  if (device.rfind("cuda:", 0) == 0) {
    const std::string number = device.substr(5);
    if (number.empty() || number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos)
      throw InputError(fmt::format("device '{}': expected a device number after 'cuda:'", device));
    wanted = std::stoi(number);
  } else if (device != "auto" && device != "cuda") {
    throw InputError(fmt::format("unknown device '{}'{}; expected auto, cpu, cuda, cuda:K or reference",
                                 device, did_you_mean(device, {"auto", "cpu", "cuda", "reference"})));
  }
  std::string why;
  const auto list = cuda::device_list(why);
  if (why.empty() && static_cast<std::size_t>(wanted) >= list.size())
    why = fmt::format("there is no CUDA device {} (there are {})", wanted, list.size());
  if (why.empty() && device == "auto" && bytes > list[static_cast<std::size_t>(wanted)].free_memory)
    why = fmt::format("{} has {} free and the run needs {}", list[0].name, gigabytes(list[0].free_memory),
                      gigabytes(bytes));
  if (!why.empty()) {
    if (device != "auto") throw RunError(fmt::format("cannot use {}: {}", device, why));
    if (note) note(fmt::format("running on the CPU: {}", why));
    return use_cpu();
  }
  const auto& d = list[static_cast<std::size_t>(wanted)];
  return {BackendKind::cuda, wanted, threads, fmt::format("cuda:{} ({})", wanted, d.name)};
}

void cuda::throw_no_cuda() {
  throw RunError("this model was compiled without CUDA");
}

}  // namespace starling
