// starling resume: after Ctrl-C, after a full disk, on other threads, with a checkpoint that is damaged; what
// it refuses; and --extend.
#include <fstream>

#include "resume_support.hpp"

namespace {

using cli_test::join;
using resume_test::expect_same_file;
using namespace std::chrono_literals;

class Resume : public cli_test::Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("cat.csv", resume_test::made_catalog(40));
  }
  /// A joint fit that adapts, long enough to be interrupted.
  Arguments fit(const std::string& output, const std::string& every = "0.02",
                const std::string& steps = "2000") const {
    return join({"fit", "cat.csv", "-o", output, "--latents", "metropolis", "--ensembles", "2", "--walkers",
                 "10", "--burn-in", "2000", "--steps", steps, "--threads", "1", "--checkpoint-every", every},
                cli_test::priors);
  }
  /// Starts it and sends a signal once there is a file of this name.
  cli_test::Outcome interrupted(const Arguments& arguments, int signal, const std::string& name) const {
    const pid_t child = start(arguments);
    for (int i = 0; i < 6000 && !files().contains(name); ++i) std::this_thread::sleep_for(2ms);
    kill(child, signal);
    return wait(child);
  }
  void expect_error(const cli_test::Outcome& outcome, int status, const std::string& text) const {
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err;
  }
};

TEST_F(Resume, GoesOnAfterASignal) {
  must(fit("whole.nc"));
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto first = interrupted(fit("run.nc", "0"), signal, "run.nc");
    ASSERT_EQ(first.status, 128 + signal) << first.err;
    EXPECT_NE(first.err.find("starling resume run.nc"), std::string::npos) << first.err;
    EXPECT_TRUE(files().contains("run.nc.checkpoint"));
    EXPECT_FALSE(starling::read_chain(folder_ / "run.nc").results.complete);
    const auto second = interrupted({"resume", "run.nc", "--threads", "2"}, signal, "run.nc.checkpoint");
    EXPECT_TRUE(second.status == 0 || second.status == 128 + signal) << second.err;
    if (second.status != 0) must({"resume", "run.nc"});
    expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
    for (const auto& name : files()) EXPECT_FALSE(name.starts_with("run.nc.")) << name;
    expect_error(run({"resume", "run.nc"}), 2, "is finished");
    std::filesystem::remove(folder_ / "run.nc");
  }
}

TEST_F(Resume, TakesTheOlderCheckpointWhereTheNewestIsDamaged) {
  must(fit("whole.nc"));
  ASSERT_EQ(interrupted(fit("run.nc"), SIGKILL, "run.nc.checkpoint.old").status, 128 + SIGKILL);
  const auto newest = folder_ / "run.nc.checkpoint";
  if (files().contains("run.nc.checkpoint")) {
    std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('\x55').put('\xaa').put('\x55');
  }
  const auto outcome = run({"resume", "run.nc"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("run.nc.checkpoint: cannot be used: its checksum is wrong"), std::string::npos)
      << outcome.err;
  expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
}

TEST_F(Resume, BeginsAnewWithoutACheckpoint) {
  must(fit("whole.nc"));
  ASSERT_EQ(interrupted(fit("run.nc", "0"), SIGKILL, "run.nc").status, 128 + SIGKILL);
  EXPECT_FALSE(files().contains("run.nc.checkpoint"));
  must({"resume", "run.nc"});
  expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
}

TEST_F(Resume, RefusesWhatWouldNotBeTheSameRun) {
  ASSERT_EQ(interrupted(fit("run.nc"), SIGINT, "run.nc.checkpoint").status, 130);
  expect_error(run({"resume", "run.nc", "--device", "reference"}), 2, "rounds otherwise");
  expect_error(run({"resume", "run.nc", "--extend", "10"}), 2, "isn't finished");
  expect_error(run({"resume", "other.nc"}), 2, "no such run");
  expect_error(run({"resume", "cat.csv"}), 2, "is not a chain file");
  expect_error(run(fit("run.nc")), 2, "starling resume run.nc");
  std::filesystem::rename(folder_ / "cat.csv", folder_ / "moved.csv");
  expect_error(run({"resume", "run.nc"}), 2, "--catalog");
  write("cat.csv", resume_test::made_catalog(40) + "0,1\n");
  expect_error(run({"resume", "run.nc"}), 2, "this is not the catalog that was fitted");
  must({"resume", "run.nc", "--catalog", "moved.csv"});
  EXPECT_TRUE(starling::read_chain(folder_ / "run.nc").results.complete);
}

TEST_F(Resume, LeavesARunAloneThatAnotherProcessWrites) {
  const pid_t child = start(fit("run.nc", "0.02", "100000000"));
  for (int i = 0; i < 6000 && !files().contains("run.nc.checkpoint"); ++i) std::this_thread::sleep_for(2ms);
  const std::filesystem::path logs = logs_;
  logs_ = logs_.string() + ".other";
  std::filesystem::create_directory(logs_);
  expect_error(run({"resume", "run.nc"}), 1, "another process is writing this run");
  expect_error(run(join(fit("run.nc"), {"--overwrite"})), 1, "another process is writing this run");
  std::filesystem::remove_all(logs_);
  logs_ = logs;
  kill(child, SIGINT);
  EXPECT_EQ(wait(child).status, 130);
}

TEST_F(Resume, GoesOnAfterAFullDisk) {
  must(fit("whole.nc"));
  file_size_ = 700'000;  // the thread sanitizer has a file of 512 kB
  const auto outcome = run(fit("run.nc"));
  file_size_ = RLIM_INFINITY;
  expect_error(outcome, 1, "starling resume run.nc goes on from the last checkpoint");
  must({"resume", "run.nc"});
  expect_same_file(folder_ / "run.nc", folder_ / "whole.nc");
}

TEST_F(Resume, IsNotForgottenByANewFit) {
  ASSERT_EQ(interrupted(fit("run.nc"), SIGINT, "run.nc.checkpoint").status, 130);
  std::filesystem::remove(folder_ / "run.nc");
  expect_error(run(fit("run.nc")), 2, "starling resume run.nc");
  must({"resume", "run.nc"});
}

TEST_F(Resume, RerunComparesEveryDraw) {
  must(fit("run.nc", "0", "100"));
  const auto same = run({"rerun", "run.nc", "--threads", "2"});
  EXPECT_EQ(same.status, 0) << same.err;
  EXPECT_NE(same.out.find("all 2000 draws are the same"), std::string::npos) << same.out;
  const auto other = run({"rerun", "run.nc", "--device", "reference", "--json"});
  EXPECT_EQ(other.status, 1) << other.err;
  EXPECT_NE(other.out.find("{\"same\":false,\"draws\":2000,\"difference\":\""), std::string::npos)
      << other.out;
  write("cat.csv", resume_test::made_catalog(41));
  expect_error(run({"rerun", "run.nc"}), 2, "this is not the catalog that was fitted");
}

TEST_F(Resume, ExtendsARunThatKeptItsState) {
  must(join(fit("run.nc", "0", "500"), {"--keep-checkpoint"}));
  must(fit("longer.nc", "0", "800"));
  must({"resume", "run.nc"});  // nothing to do
  must({"resume", "run.nc", "--extend", "200"});
  must({"resume", "run.nc", "--extend", "100"});
  expect_same_file(folder_ / "run.nc", folder_ / "longer.nc");
  must(fit("short.nc", "0", "500"));
  expect_error(run({"resume", "short.nc", "--extend", "200"}), 2, "--keep-checkpoint");
}

}  // namespace
