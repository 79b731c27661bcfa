// What happens to chain files when things go wrong: killed at any moment, disk full, folder not writable, an
// exception; and that memory does not grow with the length of a run.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <sstream>

#include "chain/chain_file.hpp"
#include "chain/journal.hpp"
#include "chain_support.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"
#include "starling/error.hpp"

namespace {

using namespace chain_test;
using starling::Chain;
using starling::RunError;

constexpr starling::RebuildPolicy at_every_append{std::chrono::milliseconds(0), 0};

/// Runs `body` in a process of its own; what it returns is the exit status.
pid_t in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  int status = 99;
  try {
    status = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  _exit(status);
}

int exit_status(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// A long run; only its first sweeps are ever made.
starling::ChainHeader long_run() {
  starling::ChainHeader h = header("joint");
  h.thin = 1;
  h.steps = 1'000'000;
  return h;
}

void expect_prefix(const Chain& chain, const starling::ChainHeader& h) {
  const std::size_t sweeps = chain.sweep_theta.size() / (h.chains() * h.parameters.size());
  const auto expected = block(h, 0, sweeps);
  EXPECT_TRUE(same_bits(chain.sweep_theta, expected.theta));
  EXPECT_TRUE(same_bits(chain.sweep_theta_centred, expected.theta_centred));
  ASSERT_EQ(chain.draws, sweeps < h.burn_in ? 0 : sweeps - h.burn_in);
  for (std::size_t c = 0; c < h.chains(); ++c) {
    for (std::size_t d = 0; d < chain.draws; ++d) {
      ASSERT_TRUE(same_bits<double>({chain.lp[c * chain.draws + d]}, {number(3, h.burn_in + d, c)}));
    }
  }
}

TEST(AKilledRun, LeavesAFileThatOpensAndHoldsAPrefix) {
  const Folder folder;
  const auto h = long_run();
  std::size_t most = 0;
  for (int trial = 0; trial < 25; ++trial) {
    std::filesystem::remove(folder / "run.nc");
    const pid_t child = in_child([&] {
      const auto sink = starling::chain_file(folder / "run.nc", {}, at_every_append);
      sink->begin(h, catalog());
      for (std::size_t t = 0;; t += 3) sink->append(block(h, t, 3));
      return 0;
    });
    while (!std::filesystem::exists(folder / "run.nc")) usleep(300);
    // Later trials are killed later; where in an append or a rebuild is left to chance.
    const auto journal = folder / "run.nc.journal";
    const auto enough = std::filesystem::file_size(journal) + static_cast<std::size_t>(trial) * 1000;
    while (std::filesystem::file_size(journal) < enough) usleep(300);
    usleep(static_cast<useconds_t>(577 * (trial % 7)));
    kill(child, SIGKILL);
    EXPECT_EQ(exit_status(child), -SIGKILL);

    const Chain chain = starling::read_chain(folder / "run.nc");
    expect_prefix(chain, h);
    EXPECT_FALSE(chain.results.complete);
    // The journal holds at least as much, each whole block right.
    std::size_t sweeps = 0;
    starling::read_journal(folder / "run.nc.journal",
                           {{},
                            [&](const starling::ChainBlock& found) {
                              EXPECT_EQ(found.first_sweep, sweeps);
                              EXPECT_TRUE(same_bits(found.theta, block(h, sweeps, 3).theta));
                              sweeps += found.sweeps;
                            },
                            {}});
    EXPECT_GE(sweeps, chain.sweep_theta.size() / (h.chains() * h.parameters.size()));
    most = std::max(most, sweeps);
  }
  EXPECT_GT(most, 9U);  // the kills did come while the runs were under way
}

TEST(AnException, LeavesTheLastSnapshotAndTheJournal) {
  const Folder folder;
  const auto h = long_run();
  try {
    const auto sink = starling::chain_file(folder / "run.nc");  // rebuilt at begin only: ten seconds are long
    sink->begin(h, catalog());
    sink->append(block(h, 0, 9));
    throw std::runtime_error("the device is lost");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(starling::read_chain(folder / "run.nc").draws, 0U);
  std::size_t sweeps = 0;
  starling::read_journal(folder / "run.nc.journal",
                         {{}, [&](const starling::ChainBlock& found) { sweeps += found.sweeps; }, {}});
  EXPECT_EQ(sweeps, 9U);
}

TEST(TwoRuns, CannotWriteOneFile) {
  const Folder folder;
  const auto first = starling::chain_file(folder / "run.nc");
  first->begin(long_run(), catalog());
  first->append(block(long_run(), 0, 9));
  const auto second = starling::chain_file(folder / "run.nc");
  EXPECT_THROW(second->begin(long_run(), catalog()), RunError);
  first->finish({});
  EXPECT_EQ(starling::read_chain(folder / "run.nc").draws, 4U);
}

TEST(AFolderThatRefuses, IsARunError) {
  const auto sink = starling::chain_file("/proc/run.nc");  // not writable for anybody
  EXPECT_THROW(sink->begin(header("naive"), catalog()), RunError);
}

/// With a limit on the size of files, writes fail as they do when the disk is full.
void limit_files_to(std::size_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

class FullDisk : public testing::TestWithParam<std::size_t> {};

TEST_P(FullDisk, IsARunErrorAndKeepsTheLastGoodFile) {
  const Folder folder;
  const auto h = long_run();
  const std::size_t limit = GetParam();
  const pid_t child = in_child([&] {
    const auto sink = starling::chain_file(folder / "run.nc", {}, at_every_append);
    sink->begin(h, catalog());
    sink->append(block(h, 0, 30));
    limit_files_to(limit);
    try {
      for (std::size_t t = 30; t < 100'000; t += 100) sink->append(block(h, t, 100));
    } catch (const RunError& error) {
      limit_files_to(RLIM_INFINITY);
      std::ofstream(folder / "message") << error.what();
      limit_files_to(limit);
      std::exit(1);  // through the exit handlers of the HDF5 library, which must have nothing left to do
    }
    return 0;
  });
  EXPECT_EQ(exit_status(child), 1);
  const std::string message = bytes_of(folder / "message");
  EXPECT_NE(message.find("run.nc"), std::string::npos) << message;
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(folder / "run.nc.tmp"));
  const Chain chain = starling::read_chain(folder / "run.nc");
  EXPECT_GE(chain.draws, 25U);
  expect_prefix(chain, h);
}

// From limits that the NetCDF file meets first (it holds the catalog and attributes too) to those of the
// journal.
INSTANTIATE_TEST_SUITE_P(Limits, FullDisk,
                         testing::Values(1, 60'000, 130'000, 180'000, 190'000, 250'000, 400'000, 900'000));

/// Highest resident memory of this process so far, in MiB.
double peak_memory() {
  return static_cast<double>(peak_bytes()) / (1 << 20);
}

/// Peak memory of a run of so many blocks of 20 sweeps (180 kB each), rebuilt once in the middle and at the
/// end.
double memory_of_run(std::size_t blocks) {
  const Folder folder;
  starling::ChainHeader h = long_run();
  h.walkers = 100;
  const pid_t child = in_child([&] {
    auto b = block(h, 0, 20);
    const auto sink = starling::chain_file(folder / "run.nc");
    sink->begin(h, catalog());
    for (std::size_t i = 0; i < blocks; ++i) {
      b.first_sweep = 20 * i;
      sink->append(b);
    }
    sink->finish({});
    std::ofstream(folder / "memory") << peak_memory();
    return 0;
  });
  EXPECT_EQ(exit_status(child), 0);
  double memory = 0;
  std::ifstream(folder / "memory") >> memory;
  return memory;
}

TEST(Memory, DoesNotGrowWithTheNumberOfBlocks) {
  if (kAddressSanitizer || kThreadSanitizer) GTEST_SKIP() << "sanitizers keep freed memory";
  const double few = memory_of_run(40), many = memory_of_run(400);  // 8 and 80 MB of draws
  EXPECT_GT(few, 1);
  EXPECT_LT(many - few, 8) << few << " MiB, then " << many << " MiB";
}

TEST(AJournal, EndsAtATornRecord) {
  const Folder folder;
  const auto h = long_run();
  {
    const auto sink = starling::chain_file(folder / "run.nc");
    sink->begin(h, catalog());
    for (std::size_t t = 0; t < 30; t += 10) sink->append(block(h, t, 10));
  }
  const std::string whole = bytes_of(folder / "run.nc.journal");
  const auto sweeps_of = [&](const std::string& bytes) {
    std::ofstream(folder / "copy.journal", std::ios::binary) << bytes;
    std::size_t sweeps = 0;
    starling::read_journal(folder / "copy.journal",
                           {{}, [&](const starling::ChainBlock& found) { sweeps += found.sweeps; }, {}});
    return sweeps;
  };
  EXPECT_EQ(sweeps_of(whole), 30U);
  EXPECT_EQ(sweeps_of(whole.substr(0, whole.size() - 1)), 20U);
  EXPECT_EQ(sweeps_of(whole.substr(0, whole.size() - 3000)), 20U);
  EXPECT_EQ(sweeps_of(whole.substr(0, 20)), 0U);
  std::string damaged = whole;
  damaged[whole.size() - 5000] ^= 1;
  EXPECT_THROW(sweeps_of(damaged), starling::InputError);
  EXPECT_THROW(sweeps_of("chain,draw\n"), starling::InputError);
}

TEST(AJournal, WhoseRecordsDoNotFitTogetherIsDamaged) {
  const Folder folder;
  const auto h = long_run();
  const auto with = [&](const starling::ChainHeader& head, const starling::ChainBlock& added) {
    starling::JournalWriter journal(folder / "run.nc.journal", starling::JournalWriter::Open::create);
    starling::JournalHead first;
    first.header = head;
    journal.begin(first);
    journal.append(block(h, 0, 10));
    journal.append(added);
  };
  const auto sweeps = [&] {
    const auto scan = starling::scan_journal(folder / "run.nc.journal");
    return scan.ends.empty() ? std::size_t{0} : scan.ends.rbegin()->first;
  };
  with(h, block(h, 10, 10));
  EXPECT_EQ(sweeps(), 20U);
  auto wrong = block(h, 10, 10);
  wrong.sweeps = std::size_t{1} << 62;
  with(h, wrong);
  EXPECT_EQ(sweeps(), 10U);
  EXPECT_THROW(starling::read_journal(folder / "run.nc.journal", {}), starling::InputError);
  auto head = h;
  head.thin = 0;
  with(head, block(h, 10, 10));
  EXPECT_THROW(starling::stopped_run(folder / "run.nc"), starling::InputError);
}

}  // namespace
