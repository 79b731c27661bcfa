// kill -9 at any moment, again and again: starling resume then finishes the file of a run that was never
// interrupted, bit for bit. STARLING_KILLS sets the number of kills (default 210).
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "chain/journal.hpp"
#include "resume_support.hpp"
#include "starling/error.hpp"

namespace {

using cli_test::join;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::size_t wanted_kills() {
  const char* text = std::getenv("STARLING_KILLS");
  return text != nullptr ? std::strtoul(text, nullptr, 10) : 210;
}

struct Kind {
  std::string name;
  std::vector<std::string> flags;
};

const std::vector<Kind> kinds{
    {"metropolis",
     {"--latents", "metropolis", "--burn-in", "300", "--steps", "500", "--thin", "2", "--keep-warmup"}},
    {"exact", {"--burn-in", "150", "--steps", "600"}},
    {"marginal", {"--method", "marginal", "--burn-in", "400", "--steps", "2000", "--until", "ess=4000"}},
};

class Killed : public cli_test::Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("cat.csv", resume_test::made_catalog(100));
  }

  Arguments fit(const Kind& kind, const std::string& output) const {
    return join(join({"fit", "cat.csv", "--ensembles", "2", "--walkers", "10", "--threads", "1", "--seed",
                      "3", "--checkpoint-every", "0.003", "-o", output},
                     cli_test::priors),
                kind.flags);
  }

  /// Where the run was when it was killed, as its files tell.
  std::string stage(std::size_t burn_in) const {
    if (!files().contains("run.nc.journal")) return "before or after";
    std::string where = "start";
    try {
      const auto scan = starling::scan_journal(folder_ / "run.nc.journal");
      if (scan.head) where = scan.ends.rbegin()->first < burn_in ? "burn-in" : "sampling";
      if (scan.complete) where = "end";
    } catch (const starling::InputError&) {  // not even its first bytes
    }
    if (files().contains("run.nc.checkpoint.tmp")) where += ", in a checkpoint";
    if (files().contains("run.nc.tmp")) where += ", writing the chain file";
    return where;
  }

  /// Starts the program and kills it: after a random time, or shortly after a file of that name appears.
  /// Whether it was still running.
  bool killed(const Arguments& arguments, Clock::duration length) {
    const pid_t child = start(arguments);
    const auto begin = Clock::now();
    const char* const names[] = {"", "", "run.nc.checkpoint.tmp", "run.nc.tmp", "run.nc.journal"};
    const std::string name = names[random_() % std::size(names)];
    const auto earliest = begin + std::chrono::duration_cast<Clock::duration>(
                                      std::uniform_real_distribution<>(0, 1.05)(random_) * length);
    while (Clock::now() < earliest && is_running(child)) std::this_thread::sleep_for(200us);
    if (!name.empty())
      while (is_running(child) && !std::filesystem::exists(folder_ / name)) std::this_thread::yield();
    const bool running = is_running(child);
    kill(child, SIGKILL);
    last_ = wait(child);
    return running && last_.status == 128 + SIGKILL;
  }
  static bool is_running(pid_t child) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }

  std::mt19937 random_{20};
  cli_test::Outcome last_;
};

TEST_F(Killed, RunGoesOnToTheSameFile) {
  std::vector<Clock::duration> length;
  for (const auto& kind : kinds) {
    const auto begin = Clock::now();
    must(fit(kind, kind.name + ".nc"));
    length.push_back(Clock::now() - begin);
  }
  const Arguments resume{"resume", "run.nc", "--threads", "1", "--checkpoint-every", "0.003"};
  std::map<std::string, int> stages;
  std::size_t kills = 0, runs = 0;
  for (; kills < wanted_kills(); ++runs) {
    const std::size_t k = runs % kinds.size();
    const std::size_t burn_in = k == 0 ? 300 : k == 1 ? 150 : 400;
    for (const auto& name : files())
      if (name.starts_with("run.nc")) std::filesystem::remove(folder_ / name);
    Arguments next = fit(kinds[k], "run.nc");
    bool done = false;
    for (int attempt = 0; attempt < 6 && !done; ++attempt) {
      if (!killed(next, length[k])) {
        done = last_.status == 0;
        if (done) break;
        ASSERT_EQ(last_.status, 2) << last_.err;  // killed before it began
        next = join(fit(kinds[k], "run.nc"), {"--overwrite"});
        continue;
      }
      ++kills;
      ++stages[stage(burn_in)];
      next = resume;
    }
    while (!done) {  // now it may finish
      last_ = run(next);
      done = last_.status == 0;
      if (done) break;
      ASSERT_EQ(last_.status, 2) << last_.err;
      ASSERT_NE(next[0], "fit") << last_.err;
      next = join(fit(kinds[k], "run.nc"), {"--overwrite"});
    }
    resume_test::expect_same_file(folder_ / "run.nc", folder_ / (kinds[k].name + ".nc"));
    for (const auto& name : files()) EXPECT_FALSE(name.starts_with("run.nc.")) << name;
    if (HasFailure()) FAIL() << kinds[k].name << " after " << kills << " kills; " << last_.err;
  }
  std::cout << kills << " kills in " << runs << " runs\n";
  for (const auto& [name, count] : stages) std::cout << count << "\t" << name << "\n";
  EXPECT_GE(stages.size(), 4U);
}

}  // namespace
