// The disk refuses or memory ends at one moment of a run: an error that says so, and a run that goes on to
// the same file.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>

#include "resume_support.hpp"

namespace {

using cli_test::join;

struct Fault {
  std::string call;
  int last;  ///< of the calls that are made to fail, one run each
};

class Faults : public cli_test::Program, public ::testing::WithParamInterface<Fault> {
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
  /// Goes on with what a failed run left, or begins again, and compares.
  void expect_nothing_lost() const {
    const auto next = run({"resume", "run.nc", "--checkpoint-every", "0.001"});
    if (next.status != 0) must(join(fit("run.nc"), {"--overwrite"}));  // it had not begun
    expect_whole();
  }
  void expect_whole() const {
    resume_test::expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
    for (const auto& name : files())
      if (name.starts_with("run.nc")) std::filesystem::remove(folder_ / name);
  }
  cli_test::Outcome run_with(const std::string& fault, const std::string& threads = "1") const {
    setenv("STARLING_FAULT", fault.c_str(), 1);
    setenv("LD_PRELOAD", STARLING_FAULTS, 1);
    const pid_t child = start(fit("run.nc", threads));
    unsetenv("LD_PRELOAD");
    unsetenv("STARLING_FAULT");
    return wait(child);
  }
};

TEST_P(Faults, AreSaidAndLoseNothing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers must be loaded first";
#endif
  must(fit("whole.nc"));
  int failed = 0;
  for (int n = 1; n <= GetParam().last; n += n < 5 ? 1 : 4) {
    const std::string fault = GetParam().call + ":" + std::to_string(n);
    SCOPED_TRACE(fault);
    const auto outcome = run_with(fault);
    if (outcome.status != 0) {
      ++failed;
      EXPECT_EQ(outcome.status, 1) << outcome.err;
      EXPECT_NE(outcome.err.find("starling: error: run.nc"), std::string::npos) << outcome.err;
      expect_nothing_lost();
    } else {
      expect_whole();
    }
  }
  EXPECT_EQ(failed > 0, GetParam().call != "short");
}

INSTANTIATE_TEST_SUITE_P(Calls, Faults,
                         ::testing::Values(Fault{"write", 21}, Fault{"fsync", 13}, Fault{"fdatasync", 5},
                                           Fault{"rename", 9}, Fault{"short", 1}),
                         [](const auto& which) { return which.param.call; });

class Memory : public Faults {};

TEST_P(Memory, IsSaidAndLosesNothing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers must be loaded first";
#endif
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
    const std::string fault = "new:" + std::to_string(static_cast<int>(std::exp(exponent(random))));
    SCOPED_TRACE(fault);
    const auto outcome = run_with(fault, k % 2 == 0 ? "1" : "2");
    if (outcome.status == 0) {  // what asked for it can do without
      expect_whole();
      continue;
    }
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_NE(outcome.err.find("memory"), std::string::npos) << outcome.err;
    expect_nothing_lost();
  }
}
INSTANTIATE_TEST_SUITE_P(Ends, Memory, ::testing::Values(Fault{"new", 0}));

}  // namespace
