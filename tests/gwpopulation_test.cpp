// The likelihood of posterior samples behind a selection, against gwpopulation on the same samples,
// injections and model, where a Python with it is there (STARLING_PYTHON, or the .venv of the source folder).
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli_program.hpp"
#include "story_python.hpp"

namespace cli_test {
namespace {

class Gwpopulation : public Program {};

TEST_F(Gwpopulation, HasTheSameHyperLikelihood) {
  const std::string python = story_test::python_with_figures();
  if (python.empty() || !story_test::can_import(python, "gwpopulation"))
    GTEST_SKIP() << "no Python with gwpopulation";
  const auto script = story_test::source_folder() / "tests" / "gwpopulation_reference.py";
  const auto [text, status] =
      story_test::shell("'" + python + "' '" + script.string() + "' '" + folder_.string() + "' 2>&1");
  ASSERT_EQ(status, 0) << text;
  const auto expected = nlohmann::json::parse(contents(folder_ / "expected.json"));
  ASSERT_EQ(expected.size(), 4u);
  for (const auto& one : expected) {
    std::string at;
    for (const auto& [name, value] : one["parameters"].items())
      at += (at.empty() ? "" : ",") + name + "=" + value.dump();
    for (const char* device : {"cpu", "reference"}) {
      const auto found = nlohmann::json::parse(must({"log-prob",
                                                     "events.h5",
                                                     "--samples",
                                                     "mass",
                                                     "--offsets",
                                                     "first",
                                                     "--interim-prior",
                                                     "prior",
                                                     "--population",
                                                     "power_law_peak",
                                                     "--prior",
                                                     "lam=uniform(0,1)",
                                                     "--prior",
                                                     "mmin=uniform(1,20)",
                                                     "--prior",
                                                     "mmax=uniform(20,200)",
                                                     "--selection",
                                                     "injections(injections.csv, 200000)",
                                                     "--at",
                                                     at,
                                                     "--device",
                                                     device,
                                                     "--json"}));
      const double l = one["log_likelihood"], v = one["variance"];
      EXPECT_NEAR(found["log_likelihood"], l, 1e-5 * std::abs(l)) << at << " on " << device;
      EXPECT_NEAR(found["variance"], v, 1e-4 * v) << at << " on " << device;
    }
  }
}

}  // namespace
}  // namespace cli_test
