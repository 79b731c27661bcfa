// starling calibrate through the real program: text, JSON, picture, and what it refuses.
#include <nlohmann/json.hpp>

#include "cli_program.hpp"
#include "story_python.hpp"

namespace {

using cli_test::join;
using Calibrate = cli_test::Program;

const std::vector<std::string> small{"calibrate",
                                     "--prior",
                                     "theta_mu=uniform(-2,2)",
                                     "--prior",
                                     "theta_sigma=uniform(0.3,2)",
                                     "--objects",
                                     "20",
                                     "--replicates",
                                     "40",
                                     "--threads",
                                     "1",
                                     "--steps",
                                     "150",
                                     "--false-alarm",
                                     "1e-6"};

TEST_F(Calibrate, PrintsAndWritesTheSameResult) {
  const auto text = must(join(small, {"--method", "marginal", "-o", "ranks.json"}));
  EXPECT_NE(text.find("theta_sigma"), std::string::npos) << text;
  EXPECT_NE(text.find("\ncalibrated"), std::string::npos) << text;
  const auto printed = must(join(small, {"--method", "marginal", "--json"}));
  EXPECT_EQ(printed, cli_test::contents(folder_ / "ranks.json"));
  const auto json = nlohmann::json::parse(printed);
  EXPECT_TRUE(json.at("passed").get<bool>());
  EXPECT_EQ(json.at("quantities").at("latent 0").at("ranks").size(), 40u);
}

TEST_F(Calibrate, FailsWhereNoiseIsIgnored) {
  const auto outcome = run(join(small, {"--method", "naive", "--sigma", "1.5"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("NOT CALIBRATED"), std::string::npos) << outcome.out;
}

TEST_F(Calibrate, DrawsAPicture) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  story_test::set_environment(python);
  must(join(small, {"--method", "marginal", "--plot", "ranks.png"}));
  EXPECT_TRUE(cli_test::contents(folder_ / "ranks.png").starts_with("\x89PNG"));
  EXPECT_EQ(story_test::blank_pictures(python, folder_), "");
}

TEST_F(Calibrate, RefusesWhatItCannotDo) {
  for (const auto& wrong : std::vector<std::vector<std::string>>{{"--sigma", "0", "--method", "marginal"},
                                                                 {"--replicates", "2"},
                                                                 {"--start", "theta_mu=0"},
                                                                 {"--plot", "ranks.txt"},
                                                                 {"--measurement", "nothing"}})
    EXPECT_EQ(run(join(small, wrong)).status, 2) << wrong[0];
  EXPECT_EQ(run({"calibrate", "--prior", "theta_mu=uniform(-2,2)"}).status, 2);
}

}  // namespace
