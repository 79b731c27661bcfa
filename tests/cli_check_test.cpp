// starling check, and --log-likelihood-every, through the real program.
#include <nlohmann/json.hpp>

#include "cli_program.hpp"
#include "starling/chain.hpp"
#include "story_python.hpp"

namespace {

using cli_test::join;
using cli_test::quick;

class Check : public cli_test::Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "100", "--samples",
          "50", "-o", "toy.h5"});
  }
  void fit(const std::string& output, const Arguments& more = {}) {
    must(join(join({"fit", "toy.h5", "-o", output}, quick), more));
  }
};

TEST_F(Check, ComparesTheCatalogWithReplicatedOnes) {
  for (const std::string method : {"naive", "marginal", "joint"}) {
    fit(method + ".nc", {"--method", method, "--measurement", "normal"});
    const auto text = must({"check", method + ".nc", "--replicates", "100"});
    EXPECT_NE(text.find("skewness"), std::string::npos) << text;
    EXPECT_EQ(text, must({"check", method + ".nc", "--replicates", "100", "--threads", "1"})) << method;
    const auto json = nlohmann::json::parse(must({"check", method + ".nc", "--replicates", "100", "--json"}));
    EXPECT_EQ(json.at("method"), method);
    EXPECT_FALSE(json.at("quantities").at("sd").at("extreme").get<bool>()) << method;
  }
}

TEST_F(Check, OfPosteriorSamplesReadsTheCatalogAgain) {
  fit("samples.nc", {"--samples", "samples", "--method", "marginal"});
  const auto json = nlohmann::json::parse(must({"check", "samples.nc", "--replicates", "50", "--json"}));
  EXPECT_EQ(json.at("of"), "latents");
  std::filesystem::rename(folder_ / "toy.h5", folder_ / "moved.h5");
  EXPECT_EQ(run({"check", "samples.nc", "--replicates", "50"}).status, 2);
  must({"check", "samples.nc", "--replicates", "50", "--catalog", "moved.h5"});
}

TEST_F(Check, TakesTheSelectionOfTheRun) {
  std::string positive = "x,sigma\n";
  const auto toy = starling::read_catalog(folder_ / "toy.h5");
  for (const double x : toy.x)
    if (x > 0) positive += std::to_string(x) + ",1\n";
  write("cut.csv", positive);
  must(
      join({"fit", "cut.csv", "-o", "cut.nc", "--method", "marginal", "--selection", "threshold(0)"}, quick));
  const auto json = nlohmann::json::parse(must({"check", "cut.nc", "--replicates", "50", "--json"}));
  EXPECT_GT(json.at("quantities").at("smallest").at("lower").get<double>(), 0);
  EXPECT_FALSE(json.at("quantities").at("mean").at("extreme").get<bool>());
  must(join({"fit", "cut.csv", "-o", "uncut.nc", "--method", "marginal"}, quick));
  const auto without = nlohmann::json::parse(must({"check", "uncut.nc", "--replicates", "50", "--json"}));
  EXPECT_LT(without.at("quantities").at("smallest").at("upper").get<double>(), 0);
  EXPECT_TRUE(without.at("quantities").at("smallest").at("extreme").get<bool>());
  write("injections.csv", "mu,p_draw\n0,1\n1,1\n");
  fit("injected.nc",
      {"--measurement", "normal", "--method", "marginal", "--selection", "injections(injections.csv, 10)"});
  const auto refused = run({"check", "injected.nc"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("injections"), std::string::npos) << refused.err;
}

TEST_F(Check, DrawsAPicture) {
  const auto python = story_test::python_with_figures();
  if (python.empty()) GTEST_SKIP() << "no Python with the packages of figures: set STARLING_PYTHON";
  story_test::set_environment(python);
  fit("run.nc", {"--measurement", "normal"});
  must({"check", "run.nc", "--replicates", "100", "--plot", "check.png"});
  EXPECT_TRUE(cli_test::contents(folder_ / "check.png").starts_with("\x89PNG"));
  EXPECT_EQ(story_test::blank_pictures(python, folder_), "");
}

TEST_F(Check, RefusesWhatItCannotDo) {
  fit("run.nc", {"--measurement", "normal"});
  EXPECT_EQ(run({"check", "run.nc", "--replicates", "5"}).status, 2);
  EXPECT_EQ(run({"check", "run.nc", "--replicates", "many"}).status, 2);
  EXPECT_EQ(run({"check", "toy.h5"}).status, 2);
  EXPECT_EQ(run({"check", "nothing.nc"}).status, 2);
  EXPECT_EQ(run({"check", "run.nc", "--plot", "check.txt"}).status, 2);
}

TEST_F(Check, LogLikelihoodsAreWrittenOnRequest) {
  fit("run.nc", {"--measurement", "normal", "--log-likelihood-every", "8"});
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_EQ(chain.log_likelihood.size(), 20u * 5 * 100);  // 40 draws, of which every 8th
  fit("plain.nc", {"--measurement", "normal"});
  const auto plain = starling::read_chain(folder_ / "plain.nc");
  EXPECT_EQ(plain.theta, chain.theta);  // the draws are the same
  must({"rerun", "run.nc"});
  const auto too_many = run(join(
      {"fit", "toy.h5", "--measurement", "normal", "-o", "no.nc", "--log-likelihood-every", "41"}, quick));
  EXPECT_EQ(too_many.status, 2);
  EXPECT_NE(too_many.err.find("at most the 40"), std::string::npos) << too_many.err;
}

}  // namespace
