// Run files say the same as flags, flags win, and a run can be repeated from what its chain file holds.
#include <nlohmann/json.hpp>

#include "cli_program.hpp"
#include "starling/chain.hpp"

namespace {

using cli_test::join;
using cli_test::quick;
using RunFile = cli_test::Program;

TEST_F(RunFile, SaysTheSameAsFlags) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "0.5", "--objects", "50", "-o",
        "cat.csv"});
  const std::vector<std::string> flags{"fit",
                                       "cat.csv",
                                       "--method",
                                       "joint",
                                       "--sigma",
                                       "0.4",
                                       "--prior",
                                       "theta_mu=normal(0,3)",
                                       "--prior",
                                       "theta_sigma=half_normal(2)",
                                       "--ensembles",
                                       "2",
                                       "--walkers",
                                       "12",
                                       "--burn-in",
                                       "30",
                                       "--steps",
                                       "60",
                                       "--thin",
                                       "3",
                                       "--moves",
                                       "de=0.5,stretch=0.5",
                                       "--moves-per-step",
                                       "2",
                                       "--no-interweaving",
                                       "--latents",
                                       "metropolis",
                                       "--latent-updates",
                                       "2",
                                       "--start",
                                       "theta_mu=0.1:0.2",
                                       "--start",
                                       "theta_sigma=1:0.1",
                                       "--seed",
                                       "7"};
  must(join(flags, {"-o", "flags.nc"}));
  write("run.toml", R"toml(
[catalog]
path = "cat.csv"
sigma = 0.4
[prior]
theta_mu = "normal(0, 3)"
theta_sigma = "half_normal(2)"
[fit]
method = "joint"
ensembles = 2
walkers = 12
burn_in = 30
steps = 60
thin = 3
moves = "de=0.5,stretch=0.5"
moves_per_step = 2
interweaving = false
latents = "metropolis"
latent_updates = 2
start = { theta_mu = "0.1:0.2", theta_sigma = "1:0.1" }
seed = 7
[output]
path = "file.nc"
)toml");
  must({"fit", "--config", "run.toml"});
  const auto by_flags = starling::read_chain(folder_ / "flags.nc");
  const auto by_file = starling::read_chain(folder_ / "file.nc");
  ASSERT_EQ(by_flags.draws, 20u);
  EXPECT_EQ(by_flags.header.walkers, 12u);
  EXPECT_FALSE(by_flags.header.interweaving);
  EXPECT_EQ(by_flags.header.latent_update, "metropolis");
  EXPECT_EQ(by_flags.theta, by_file.theta);
  EXPECT_EQ(by_flags.lp, by_file.lp);
}

TEST_F(RunFile, FlagsWinOverIt) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  write("run.toml",
        "[catalog]\npath = \"gone.csv\"\n[prior]\ntheta_mu = \"normal(0, 1)\"\ntheta_sigma = "
        "\"half_normal(1)\"\n"
        "[fit]\nsteps = 1000000\nseed = 5\nwalkers = 10\nburn_in = 10\nensembles = 1\n");
  must({"fit", "cat.csv", "--config", "run.toml", "--steps", "20", "--prior", "theta_mu=normal(0,9)", "-o",
        "run.nc"});
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_EQ(chain.header.steps, 20u);
  EXPECT_EQ(chain.header.seed, 5u);
  EXPECT_EQ(chain.header.priors, (std::vector<std::string>{"normal(0, 9)", "half_normal(1)"}));
}

TEST_F(RunFile, OfADryRunIsARunFileThatSaysTheSame) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const auto text = must(join(join({"fit", "cat.csv", "--dry-run", "-o", "run.nc"}, quick), {"--seed", "3"}));
  EXPECT_EQ(files(), (std::set<std::string>{"cat.csv"}));
  write("run.toml", text);
  EXPECT_EQ(must({"fit", "--config", "run.toml", "--dry-run"}), text);
  EXPECT_NE(text.find("seed = 3"), std::string::npos);
  EXPECT_NE(text.find("threads = 1"), std::string::npos);
}

TEST_F(RunFile, InAChainFileRepeatsTheRun) {
  write("cat.csv", "value,err\n1,0.5\n2,0.5\n3,0.5\n");
  must(join(join({"fit", "cat.csv", "--x", "value", "--sigma", "err", "-o", "run.nc"}, quick),
            {"--seed", "3"}));
  must({"fit", "--config", "run.nc", "-o", "again.nc"});
  must({"fit", "--config", "run.nc", "--seed", "4", "-o", "other.nc"});
  const auto first = starling::read_chain(folder_ / "run.nc");
  EXPECT_EQ(first.theta, starling::read_chain(folder_ / "again.nc").theta);
  EXPECT_NE(first.theta, starling::read_chain(folder_ / "other.nc").theta);
  EXPECT_NE(first.header.attributes.at("run_file").find("err"), std::string::npos);
}

TEST_F(RunFile, LeavesWhatHasNoEffectOnTheDrawsOutOfTheRecord) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  must(join({"fit", "cat.csv", "-o", "one.nc"}, quick));
  write("threads.toml", "[fit]\nthreads = 2\n");
  must(join({"fit", "cat.csv", "-o", "two.nc", "--config", "threads.toml"},
            std::vector<std::string>(quick.begin(), quick.end() - 2)));
  const auto one = starling::read_chain(folder_ / "one.nc"), two = starling::read_chain(folder_ / "two.nc");
  EXPECT_EQ(one.header.attributes.at("run_file"), two.header.attributes.at("run_file"));
}

TEST_F(RunFile, ServesOtherCommandsToo) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  write("run.toml",
        "[catalog]\npath = \"cat.csv\"\n[prior]\ntheta_mu = \"normal(0, 1)\"\ntheta_sigma = "
        "\"half_normal(1)\"\n");
  EXPECT_NE(must({"graph", "--config", "run.toml"}).find("half_normal(1)"), std::string::npos);
  const auto json = nlohmann::json::parse(
      must({"log-prob", "--config", "run.toml", "--at", "theta_mu=1,theta_sigma=1", "--json"}));
  EXPECT_TRUE(json.at("log_prob").is_number());
}

}  // namespace
