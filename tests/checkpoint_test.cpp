// Runs that were left behind, with made-up states: which checkpoint they go on from when the newest one is
// damaged, and what their journal and chain file hold then.
#include <gtest/gtest.h>

#include <functional>

#include "chain/journal.hpp"
#include "chain_support.hpp"
#include "starling/error.hpp"

namespace {

using namespace chain_test;
using starling::Chain;
using starling::InputError;

/// 200 bytes that tell a state from others.
std::string state_bytes(std::size_t sweeps) {
  std::string bytes;
  for (std::size_t i = 0; i < 200; ++i) bytes += static_cast<char>(mixed(1000 * sweeps + i));
  return bytes;
}

starling::ChainHeader made_header() {
  auto h = header("joint");
  h.attributes["arithmetic"] = "float";
  h.attributes["starling_version"] = "1";
  return h;
}

/// Appends sweeps [first, last), with a checkpoint after each of `marks`, given in order.
void append(starling::ChainSink& sink, std::size_t first, std::size_t last,
            const std::vector<std::size_t>& marks) {
  const auto h = made_header();
  for (std::size_t t = first; t < last;) {
    std::size_t end = std::min(last, t + 4);
    for (const std::size_t mark : marks)
      if (mark > t && mark < end) end = mark;
    sink.append(block(h, t, end - t));
    t = end;
    if (std::find(marks.begin(), marks.end(), t) != marks.end())
      sink.checkpoint([&](const starling::SaveBytes& save) {
        const auto bytes = state_bytes(t);  // in two pieces
        save(bytes.data(), 50);
        save(bytes.data() + 50, 150);
      });
  }
}

/// A run that died after 23 sweeps of 45, with checkpoints after 9 and 18.
class ARunLeftBehind : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto sink = starling::chain_file(path);
    sink->begin(made_header(), catalog());
    append(*sink, 0, 23, {9, 18});
  }
  void write(const std::string& ending, const std::string& bytes) const {
    std::ofstream(path.string() + ending, std::ios::binary) << bytes;
  }
  [[nodiscard]] std::string read(const std::string& ending) const { return bytes_of(path.string() + ending); }
  [[nodiscard]] bool exists(const std::string& ending) const {
    return std::filesystem::exists(path.string() + ending);
  }

  /// Goes on and expects the state of `sweeps`; the finished file is that of the whole run.
  void finish_from(std::size_t sweeps) const {
    {
      const auto run = starling::stopped_run(path);
      ASSERT_EQ(run->sweeps(), sweeps);
      EXPECT_FALSE(run->complete());
      if (sweeps > 0) {
        std::string found(200, '\0');
        run->state()(found.data(), 120);
        EXPECT_EQ(found.substr(0, 120), state_bytes(sweeps).substr(0, 120));
      } else {
        EXPECT_FALSE(run->state());
      }
      auto& sink = run->sink();
      sink.begin(made_header(), catalog());
      append(sink, sweeps, 45, {27});
      sink.finish(results("joint", catalog()));
    }
    const Chain chain = starling::read_chain(path);
    EXPECT_TRUE(chain.results.complete);
    EXPECT_TRUE(same_bits(chain.sweep_theta, block(made_header(), 0, 45).theta));
    EXPECT_EQ(chain.draws, 13U);
    EXPECT_EQ(chain.header.steps, 40U);
    for (const char* left : {".journal", ".checkpoint", ".checkpoint.old", ".checkpoint.tmp"})
      EXPECT_FALSE(exists(left)) << left;
  }

  const Folder folder;
  const std::filesystem::path path = folder / "run.nc";
};

TEST_F(ARunLeftBehind, GoesOnFromItsNewestCheckpoint) {
  EXPECT_TRUE(exists(".checkpoint.old"));
  finish_from(18);
}

TEST_F(ARunLeftBehind, GoesOnFromTheOlderOneWhereAnyByteOfTheNewestIsWrong) {
  const std::string whole = read(".checkpoint");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    write(".checkpoint", damaged);
    const auto run = starling::stopped_run(path);
    ASSERT_EQ(run->sweeps(), 9U) << "byte " << i;
    ASSERT_EQ(run->notes().size(), 1U);
    EXPECT_NE(run->notes()[0].find("run.nc.checkpoint: cannot be used"), std::string::npos);
    EXPECT_FALSE(exists(".checkpoint"));
  }
  finish_from(9);
}

TEST_F(ARunLeftBehind, GoesOnFromTheOlderOneWhereTheNewestIsCutShort) {
  const std::string whole = read(".checkpoint");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(".checkpoint", whole.substr(0, size));
    ASSERT_EQ(starling::stopped_run(path)->sweeps(), 9U) << size << " bytes";
  }
  write(".checkpoint", whole + "x");
  EXPECT_EQ(starling::stopped_run(path)->sweeps(), 9U);
  finish_from(9);
}

TEST_F(ARunLeftBehind, BeginsAnewWhereBothAreDamaged) {
  write(".checkpoint", "StarlC02");
  write(".checkpoint.old", "");
  finish_from(0);
}

TEST_F(ARunLeftBehind, GoesOnFromTheOlderOneWhereTheJournalEndsBeforeTheNewest) {
  const std::string journal = read(".journal");
  const auto ends = starling::scan_journal(path.string() + ".journal").ends;
  std::string damaged = journal;
  damaged[ends.at(9) + 300] ^= 1;  // a block between
  write(".journal", damaged);
  finish_from(9);
}

TEST_F(ARunLeftBehind, IgnoresACheckpointThatWasBeingWritten) {
  write(".checkpoint.tmp", read(".checkpoint.old"));
  finish_from(18);
}

TEST_F(ARunLeftBehind, IgnoresCheckpointsOfAnotherRun) {
  const std::string newest = read(".checkpoint"), old = read(".checkpoint.old");
  {
    auto h = made_header();
    h.seed = 7;
    const auto sink = starling::chain_file(path);
    sink->begin(h, catalog());
  }
  EXPECT_FALSE(exists(".checkpoint"));  // a new run removes those of the one that it replaces
  EXPECT_FALSE(exists(".checkpoint.old"));
  write(".checkpoint", newest);
  write(".checkpoint.old", old);
  EXPECT_EQ(starling::stopped_run(path)->sweeps(), 0U);
}

TEST_F(ARunLeftBehind, IsLockedWhileItGoesOn) {
  const auto run = starling::stopped_run(path);
  EXPECT_THROW(starling::stopped_run(path), starling::RunError);
  const auto other = starling::chain_file(path);
  EXPECT_THROW(other->begin(made_header(), catalog()), starling::RunError);
}

TEST_F(ARunLeftBehind, IsLeftAsItIsWhereItCannotGoOn) {
  const std::string journal = read(".journal"), checkpoint = read(".checkpoint");
  const auto refused = [&](const starling::ChainHeader& h, const starling::Catalog& c,
                           const std::string& why) {
    try {
      starling::stopped_run(path)->sink().begin(h, c);
      FAIL() << why;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    }
    EXPECT_EQ(read(".journal"), journal);
    EXPECT_EQ(read(".checkpoint"), checkpoint);
  };
  auto other = catalog();
  other.hash = std::string(64, 'b');
  refused(made_header(), other, "has changed");
  auto h = made_header();
  h.attributes["arithmetic"] = "double";
  refused(h, catalog(), "reference");
  h = made_header();
  h.attributes["starling_version"] = "2";
  refused(h, catalog(), "begun by Starling 1");
  h = made_header();
  h.walkers = 8;
  refused(h, catalog(), "options");
}

TEST_F(ARunLeftBehind, SaysWhereElseItWentOn) {
  auto h = made_header();
  h.device = "cuda:0";
  const auto run = starling::stopped_run(path);
  run->sink().begin(h, catalog());
  append(run->sink(), 18, 45, {});
  run->sink().finish(results("joint", catalog()));
  const Chain chain = starling::read_chain(path);
  EXPECT_EQ(chain.header.device, made_header().device);
  EXPECT_EQ(chain.header.attributes.at("resumed_on"), "cuda:0");
}

TEST(ARunThatIsKept, IsExtended) {
  const Folder folder;
  const auto path = folder / "run.nc";
  const auto left = [&] { return std::filesystem::exists(folder / "run.nc.checkpoint"); };
  {
    const auto sink = starling::chain_file(path, {.keep_checkpoint = true});
    sink->begin(made_header(), catalog());
    EXPECT_TRUE(sink->keeps_last_checkpoint());
    append(*sink, 0, 45, {45});
    sink->finish(results("joint", catalog()));
  }
  EXPECT_TRUE(left());
  {
    const auto run = starling::stopped_run(path);
    EXPECT_TRUE(run->complete());
    run->close();  // nothing to do
  }
  auto h = made_header();
  h.steps = 52;
  {
    const auto run = starling::stopped_run(path);
    EXPECT_EQ(run->sweeps(), 45U);
    run->extend(52, {{"run_file", "longer"}});
    run->sink().begin(h, catalog());
    append(run->sink(), 45, 49, {49});  // and is killed
  }
  {
    const auto run = starling::stopped_run(path);
    EXPECT_FALSE(run->complete());
    EXPECT_EQ(run->sweeps(), 49U);
    EXPECT_EQ(run->header().steps, 52U);
    EXPECT_EQ(run->header().attributes.at("run_file"), "longer");
    run->sink().begin(h, catalog());
    append(run->sink(), 49, 57, {57});
    run->sink().finish(results("joint", catalog()));
  }
  const Chain chain = starling::read_chain(path);
  EXPECT_TRUE(chain.results.complete);
  EXPECT_EQ(chain.header.steps, 52U);
  EXPECT_EQ(chain.header.attributes.at("run_file"), "longer");
  EXPECT_EQ(chain.draws, 17U);
  EXPECT_TRUE(same_bits(chain.sweep_theta, block(h, 0, 57).theta));
  EXPECT_TRUE(left());
}

TEST(AFileWithoutARun, CannotGoOn) {
  const Folder folder;
  EXPECT_THROW(starling::stopped_run(folder / "run.nc"), InputError);
  run(*starling::chain_file(folder / "run.nc"), made_header(), catalog(), results("joint", catalog()));
  try {
    starling::stopped_run(folder / "run.nc");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("is finished"), std::string::npos) << error.what();
  }
  std::ofstream(folder / "run.nc.journal") << "StarlJ03";
  EXPECT_THROW(starling::stopped_run(folder / "run.nc"), InputError);
}

}  // namespace
