// The disk refuses or memory ends at one moment of a run: an error that says so, and a run that goes on to
// the same file.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>

#include "resume_support.hpp"
#include "sanitizers.hpp"

namespace {

using cli_test::join;

class FaultyRun : public cli_test::Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("cat.csv", resume_test::made_catalog(40));
  }
  Arguments fit(const std::string& output, const std::string& threads = "1") const {
    return join(
        {"fit", "cat.csv", "-o", output, "--latents", "metropolis", "--ensembles", "2", "--walkers", "10",
         "--burn-in", "200", "--steps", "300", "--threads", threads, "--checkpoint-every", "0.001"},
        cli_test::priors);
  }
  /// A run with a fault ends well, or with status 1 and these words, and what it left goes on to the whole
  /// file or is begun again. Returns whether it failed.
  bool expect_nothing_lost(const std::string& fault, const std::string& words,
                           const std::string& threads = "1") const {
    SCOPED_TRACE(fault);
    const auto outcome = run_with(fault, threads);
    if (outcome.status != 0) {
      EXPECT_EQ(outcome.status, 1) << outcome.err;
      EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
      const auto next = run({"resume", "run.nc", "--checkpoint-every", "0.001"});
      if (next.status != 0) must(join(fit("run.nc"), {"--overwrite"}));  // it had not begun
    }
    expect_whole();
    return outcome.status != 0;
  }
  void expect_whole() const {
    resume_test::expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
    for (const auto& name : files())
      if (name.starts_with("run.nc")) std::filesystem::remove(folder_ / name);
  }
  cli_test::Outcome run_with(const std::string& fault, const std::string& threads = "1") const {
    setenv("STARLING_FAULT", fault.c_str(), 1);
    setenv("LD_PRELOAD", STARLING_FAULTS, 1);
    if (kAddressSanitizer) {  // it wants to be loaded first, but does not need it
      static const std::string options =
          std::string(std::getenv("ASAN_OPTIONS") ? std::getenv("ASAN_OPTIONS") : "") +
          ":verify_asan_link_order=0:alloc_dealloc_mismatch=0";
      setenv("ASAN_OPTIONS", options.c_str(), 1);
    }
    const pid_t child = start(fit("run.nc", threads));
    unsetenv("LD_PRELOAD");
    unsetenv("STARLING_FAULT");
    return wait(child);
  }
};

struct Fault {
  std::string call;
  int last;  ///< of the calls that are made to fail, one run each
};
std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.call;
}

class Faults : public FaultyRun, public ::testing::WithParamInterface<Fault> {};

TEST_P(Faults, AreSaidAndLoseNothing) {
  must(fit("whole.nc"));
  int failed = 0;
  for (int n = 1; n <= GetParam().last; n += n < 5 ? 1 : 4)
    failed +=
        expect_nothing_lost(GetParam().call + ":" + std::to_string(n), "starling: error: run.nc") ? 1 : 0;
  EXPECT_EQ(failed > 0, GetParam().call != "short");
}

INSTANTIATE_TEST_SUITE_P(Calls, Faults,
                         ::testing::Values(Fault{"write", 21}, Fault{"fsync", 13}, Fault{"fdatasync", 5},
                                           Fault{"rename", 9}, Fault{"short", 1}),
                         [](const auto& which) { return which.param.call; });

TEST_F(FaultyRun, OutOfMemoryIsSaidAndLosesNothing) {
  if (kThreadSanitizer) GTEST_SKIP() << "the thread sanitizer has an operator new of its own";
  must(fit("whole.nc"));
  const auto counted = folder_ / "count";
  setenv("STARLING_FAULT_COUNT", counted.c_str(), 1);
  EXPECT_EQ(run_with("new:2000000000").status, 0);
  unsetenv("STARLING_FAULT_COUNT");
  expect_whole();
  int calls = 0;
  std::ifstream(counted) >> calls;
  ASSERT_GT(calls, 5000);
  // some moments of each order of magnitude
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(0, std::log(calls));
  for (int k = 0; k < 40; ++k) {
    const auto n = static_cast<int>(std::exp(exponent(random)));
    // where it ends well, what asked for memory can do without
    expect_nothing_lost("new:" + std::to_string(n), "memory", k % 2 == 0 ? "1" : "2");
  }
}

}  // namespace
