// starling plot: figures of any chain files, and clear words where there can be none.
#include "cli_program.hpp"
#include "story_python.hpp"

namespace {

namespace fs = std::filesystem;
using cli_test::contents;
using cli_test::join;
using cli_test::quick;
using Plot = cli_test::Program;

TEST_F(Plot, DrawsACornerAndATraceOfEachFileAndAnOverlayOfSeveral) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  story_test::set_environment(python);
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "50", "-o",
        "toy.csv"});
  must(join({"fit", "toy.csv", "--method", "naive", "-o", "naive.nc"}, quick));
  must(join({"fit", "toy.csv", "--method", "joint", "-o", "joint.nc"}, quick));

  must({"plot", "joint.nc", "--out", "one"});
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "one"), {}), 4);
  const auto said = must({"plot", "naive.nc", "joint.nc", "--out", "deep/two"});
  for (const char* name : {"corner_naive", "trace_naive", "corner_joint", "trace_joint", "overlay"}) {
    EXPECT_NE(said.find(std::string(name) + ".png"), std::string::npos);
    EXPECT_TRUE(contents(folder_ / "deep/two" / (std::string(name) + ".png")).starts_with("\x89PNG")) << name;
    EXPECT_TRUE(contents(folder_ / "deep/two" / (std::string(name) + ".pdf")).starts_with("%PDF")) << name;
  }
  EXPECT_EQ(story_test::blank_pictures(python, folder_ / "deep/two"), "");
  // Two files of one name do not overwrite each other's figures.
  fs::create_directory(folder_ / "other");
  fs::copy_file(folder_ / "joint.nc", folder_ / "other/joint.nc");
  must({"plot", "joint.nc", "other/joint.nc", "--out", "three"});
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "three"), {}), 10);
}

TEST_F(Plot, RefusesWhatIsNoChainFile) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  story_test::set_environment(python);
  write("text.nc", "not a chain\n");
  for (const auto& [file, said] : std::vector<std::pair<std::string, std::string>>{
           {"missing.nc", "missing.nc: there is no such chain file"},
           {"text.nc", "text.nc: not a chain file"}}) {
    const auto outcome = run({"plot", file, "--out", "figures"});
    EXPECT_EQ(outcome.status, 2) << file;
    EXPECT_NE(outcome.err.find("starling: error: " + said), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "figures"));
  }
}

TEST_F(Plot, SaysWhatToInstallWhereNoPythonCanDraw) {
  write("run.nc", "");
  write("python", "#!/bin/sh\nexit 1\n");
  fs::permissions(folder_ / "python", fs::perms::owner_all);
  const char* before = std::getenv("STARLING_PYTHON");
  const std::string kept = before != nullptr ? before : "";
  for (const std::string& python : {(folder_ / "python").string(), std::string("/nowhere/python")}) {
    setenv("STARLING_PYTHON", python.c_str(), 1);
    const auto outcome = run({"plot", "run.nc", "--out", "figures"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find("STARLING_PYTHON=" + python), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("pip install -r "), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "figures"));
  }
  if (before != nullptr)
    setenv("STARLING_PYTHON", kept.c_str(), 1);
  else
    unsetenv("STARLING_PYTHON");
}

}  // namespace
