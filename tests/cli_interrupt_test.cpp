// Ctrl-C and SIGTERM: the file opens, says that it isn't complete, and holds the draws so far. Progress goes
// to stderr: lines where it is no terminal, a bar where it is one.
#include <pty.h>

#include "cli_program.hpp"
#include "starling/chain.hpp"

namespace {

using cli_test::join;
using Interrupted = cli_test::Program;
using namespace std::chrono_literals;

/// More steps than anyone would wait for.
const std::vector<std::string> endless =
    join({"fit", "cat.csv", "--method", "marginal", "-o", "run.nc", "--ensembles", "1", "--walkers", "10",
          "--burn-in", "10", "--steps", "100000000", "--threads", "1"},
         cli_test::priors);

class Signals : public Interrupted, public ::testing::WithParamInterface<int> {};

TEST_P(Signals, LeaveAFileThatOpens) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const pid_t child = start(endless);
  for (int i = 0; i < 600 && !files().contains("run.nc"); ++i) std::this_thread::sleep_for(50ms);
  std::this_thread::sleep_for(500ms);
  kill(child, GetParam());
  const auto outcome = wait(child);
  EXPECT_EQ(outcome.status, 128 + GetParam()) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("interrupted after step"), std::string::npos) << outcome.err;
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_FALSE(chain.results.complete);
  EXPECT_GT(chain.draws, 0u);
  EXPECT_EQ(chain.theta.size(), 2 * chain.header.chains() * chain.draws);
  EXPECT_NE(outcome.err.find("starling resume run.nc"), std::string::npos) << outcome.err;
  EXPECT_TRUE(files().contains("run.nc.journal"));
  EXPECT_TRUE(files().contains("run.nc.checkpoint"));
  // Readers take it, too.
  EXPECT_EQ(run({"summary", "run.nc"}).status, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, Signals, ::testing::Values(SIGINT, SIGTERM));

TEST_F(Interrupted, RunInItsBurnInLeavesAFileThatOpensWithNoDraws) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const pid_t child =
      start(join({"fit", "cat.csv", "--method", "marginal", "-o", "burn.nc", "--ensembles", "1", "--walkers",
                  "10", "--burn-in", "100000000", "--steps", "10", "--threads", "1"},
                 cli_test::priors));
  for (int i = 0; i < 600 && !files().contains("burn.nc"); ++i) std::this_thread::sleep_for(50ms);
  std::this_thread::sleep_for(300ms);
  kill(child, SIGINT);
  EXPECT_EQ(wait(child).status, 130);
  const auto chain = starling::read_chain(folder_ / "burn.nc");
  EXPECT_FALSE(chain.results.complete);
  EXPECT_EQ(chain.draws, 0u);
  const auto outcome = run({"summary", "burn.nc"});
  EXPECT_TRUE(outcome.status == 0 || outcome.status == 2) << outcome.err;
}

TEST_F(Interrupted, ProgressIsLinesWithoutATerminal) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const auto outcome = run(join({"fit", "cat.csv", "-o", "run.nc"}, cli_test::quick));
  EXPECT_NE(outcome.err.find("step 60 of 60, acceptance 0."), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
}

TEST_F(Interrupted, ProgressIsABarOnATerminal) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (chdir(folder_.c_str()) != 0) _exit(99);
    auto arguments = join({STARLING_PROGRAM, "fit", "cat.csv", "-o", "run.nc"}, cli_test::quick);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(99);
  }
  std::string seen;
  char buffer[4096];
  for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;)
    seen.append(buffer, static_cast<std::size_t>(n));
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << seen;
  EXPECT_NE(seen.find("\r\x1b[Kjoint fit ["), std::string::npos) << seen;
  EXPECT_NE(seen.find("step 60 of 60"), std::string::npos) << seen;
}

}  // namespace
