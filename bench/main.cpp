// starling-bench: the kernels and whole fits on every backend of this machine, against its measured limits.
#include <fmt/format.h>
#include <omp.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "formulas/layout.hpp"
#include "measurements.hpp"

namespace starling::bench {

std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string key, unit; file >> key;) {
    std::uint64_t kilobytes = 0;
    if (key == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
    std::getline(file, unit);
  }
  return std::uint64_t{4} << 30;  // not Linux: a modest guess
}

double now(const Subject& subject) {
  timespec t{};
  const bool alone = subject.is_cpu() && subject.threads == 1;
  clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

bool fits_in_memory(double bytes, Measurement& m, benchmark::State& state) {
  const auto available = static_cast<double>(available_memory());
  if (bytes < 0.8 * available) return true;
  m.skipped = fmt::format("{} with {} objects needs {:.1f} GB of memory, and {:.1f} GB are available", m.work,
                          m.objects, bytes * 1e-9, available * 1e-9);
  state.SkipWithError(m.skipped.c_str());
  return false;
}

namespace {

int run(int argc, char** argv) {
  Options options;
  options.threads = omp_get_num_procs();
  bool no_kernels = false, no_fits = false;
  CLI::App app{
      "Times Starling's kernels and whole fits on the CPU, for each of its instruction sets, and on every "
      "GPU,\n"
      "beside the machine's own limits, which it measures first. Tables go to standard output, progress to\n"
      "standard error. Options that begin with --benchmark_ go to Google Benchmark; --benchmark_out=FILE "
      "writes\n"
      "JSON, --benchmark_filter=REGEX chooses by names such as 'exact marginal/1000/AVX2'.",
      "starling-bench"};
  app.footer(
      "\nExample: starling-bench --quick\n"
      "         starling-bench --sizes 1000,100000 --no-fits --benchmark_out=bench.json");
  app.add_flag("--quick", options.quick, "Two sizes and short runs: under 20 s");
  app.add_option("--sizes", options.sizes,
                 "Numbers of objects (default 1e3 to 1e7 by factors of 10; with --quick 1e3 and 1e5)")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32));
  app.add_option("--walkers", options.walkers, "Walkers side by side in a kernel (default 128)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--threads", options.threads, "Most CPU threads to measure with (default: all cores)")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--no-kernels", no_kernels, "Leave the kernels out");
  app.add_flag("--no-fits", no_fits, "Leave the fits out");

  std::vector<std::string> ours;
  std::vector<char*> theirs{argv[0]};
  for (int i = argc - 1; i > 0; --i) {
    if (std::string_view(argv[i]).substr(0, 12) == "--benchmark_")
      theirs.push_back(argv[i]);
    else
      ours.emplace_back(argv[i]);  // CLI11 takes them last first
  }
  try {
    app.parse(ours);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  int their_count = static_cast<int>(theirs.size());
  theirs.push_back(nullptr);
  benchmark::Initialize(&their_count, theirs.data());
  if (benchmark::ReportUnrecognizedArguments(their_count, theirs.data())) return 2;
  if (options.sizes.empty())
    options.sizes = options.quick ? std::vector<std::uint64_t>{1000, 100000}
                                  : std::vector<std::uint64_t>{1000, 10000, 100000, 1000000, 10000000};

  std::cerr << "measuring the machine's limits\n";
  const Subjects subjects = find_subjects(options.threads);
  for (const Subject& s : subjects.list) {
    if (s.limits.fma_per_second <= 0) continue;
    benchmark::AddCustomContext(s.name + ": fma_per_second", fmt::format("{:.6g}", s.limits.fma_per_second));
    benchmark::AddCustomContext(s.name + ": divisions_per_second",
                                fmt::format("{:.6g}", s.limits.divisions_per_second));
    benchmark::AddCustomContext(s.name + ": read_bytes_per_second",
                                fmt::format("{:.6g}", s.limits.read_bytes_per_second));
  }
  benchmark::AddCustomContext("gpu", subjects.why_no_gpu.empty() ? "yes" : "no GPU: " + subjects.why_no_gpu);
  Measurements results;
  if (!no_kernels) register_kernels(options, subjects, results);
  if (!no_fits) register_fits(options, subjects, results);
  benchmark::ConsoleReporter progress(benchmark::ConsoleReporter::OO_Tabular);
  progress.SetOutputStream(&std::cerr);
  progress.SetErrorStream(&std::cerr);
  if (benchmark::RunSpecifiedBenchmarks(&progress) == 0) {
    std::cerr << "starling-bench: no benchmark was run\n";
    return 2;
  }
  std::cout << tables(options, subjects, results);
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace starling::bench

int main(int argc, char** argv) {
  try {
    return starling::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "starling-bench: " << error.what() << "\n";
    return 1;
  }
}
