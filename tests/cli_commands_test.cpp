// Every command's happy path, through the real program.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>

#include "cli_program.hpp"
#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/summary.hpp"

namespace {

using cli_test::join;
using cli_test::priors;
using cli_test::quick;
using nlohmann::json;
using Commands = cli_test::Program;

const std::vector<std::string> commands{"demo",     "simulate", "fit",  "summary",   "compare", "latents",
                                        "log-prob", "graph",    "plot", "calibrate", "info"};

TEST_F(Commands, EachHasHelpWithAnExample) {
  const auto main_help = must({"--help"});
  for (const auto& command : commands) {
    EXPECT_NE(main_help.find("\n  " + command + " "), std::string::npos) << command;
    const auto help = must({command, "--help"});
    EXPECT_NE(help.find("Example"), std::string::npos) << command;
    EXPECT_NE(help.find("  starling " + command), std::string::npos) << command;
  }
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(Commands, VersionIsOneLine) {
  const auto version = must({"--version"});
  EXPECT_EQ(std::count(version.begin(), version.end(), '\n'), 1) << version;
  EXPECT_NE(must({"info"}).find(version.substr(0, version.size() - 1)), std::string::npos);
}

TEST_F(Commands, SimulateWritesTheCatalogThatItsSeedGives) {
  const std::vector<std::string> toy{"simulate",  "--truth", "theta_mu=3,theta_sigma=0.5", "--sigma", "0.2",
                                     "--objects", "2000"};
  must(join(toy, {"--seed", "1", "-o", "a.csv"}));
  must(join(toy, {"--seed", "1", "-o", "b.csv"}));
  must(join(toy, {"--seed", "2", "-o", "c.csv"}));
  EXPECT_EQ(cli_test::contents(folder_ / "a.csv"), cli_test::contents(folder_ / "b.csv"));
  EXPECT_NE(cli_test::contents(folder_ / "a.csv"), cli_test::contents(folder_ / "c.csv"));
  const auto catalog = starling::read_csv(folder_ / "a.csv");
  ASSERT_EQ(catalog.size(), 2000u);
  double mean = 0, square = 0;
  for (const double x : catalog.x) mean += x / 2000;
  for (const double x : catalog.x) square += (x - mean) * (x - mean) / 2000;
  const double width = std::sqrt(0.5 * 0.5 + 0.2 * 0.2);
  // 6 standard errors each: a false alarm in 2e-9
  EXPECT_NEAR(mean, 3, 6 * width / std::sqrt(2000.0));
  EXPECT_NEAR(std::sqrt(square), width, 6 * width / std::sqrt(4000.0));
  EXPECT_DOUBLE_EQ(catalog.sigma_of(7), 0.2);
}

TEST_F(Commands, SimulateWritesSamplesThatFitReads) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "0.3", "--objects", "60", "--samples",
        "40", "-o", "cat.h5"});
  const auto out = must(join({"fit", "cat.h5", "--samples", "samples", "-o", "run.nc"}, quick));
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_EQ(chain.header.measurement, "samples");
  EXPECT_EQ(chain.header.method, "marginal");
  EXPECT_EQ(chain.header.integral, "samples");
  EXPECT_GT(chain.results.monte_carlo.variance, 0);
  EXPECT_NE(out.find("theta_sigma"), std::string::npos);
}

TEST_F(Commands, FitPrintsTheSummaryOfTheFileItWrote) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "100", "-o",
        "cat.csv"});
  for (const std::string method : {"naive", "marginal", "joint"}) {
    const auto table = must(join({"fit", "cat.csv", "--method", method, "-o", method + ".nc"}, quick));
    EXPECT_NE(table.find(must({"summary", method + ".nc"})), std::string::npos) << table;
    EXPECT_NE(table.find(method + ".nc\n"), std::string::npos) << table;
    const auto printed =
        must(join({"fit", "cat.csv", "--method", method, "--json", "-o", method + "2.nc"}, quick));
    EXPECT_EQ(printed, must({"summary", "--json", method + ".nc"}));
    const auto summary = json::parse(printed);
    EXPECT_EQ(summary.at("method"), method);
    const auto chain = starling::read_chain(folder_ / (method + ".nc"));
    EXPECT_EQ(chain.header.method, method);
    EXPECT_TRUE(chain.results.complete);
    double mean = 0;
    const auto count = chain.header.chains() * chain.draws;
    for (std::size_t i = 0; i < count; ++i) mean += chain.theta[i] / static_cast<double>(count);
    EXPECT_NEAR(summary.at("parameters").at("theta_mu").at("mean").get<double>(), mean, 1e-12);
    EXPECT_FALSE(files().contains(method + ".nc.journal"));
  }
}

TEST_F(Commands, FitReadsStandardInput) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const auto outcome = run(join({"fit", "-", "-o", "run.nc"}, quick), "cat.csv");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  must(join({"fit", "cat.csv", "-o", "again.nc"}, quick));
  EXPECT_EQ(starling::read_chain(folder_ / "run.nc").theta, starling::read_chain(folder_ / "again.nc").theta);
}

TEST_F(Commands, FitDropsBadRowsWhenAskedAndSaysWhich) {
  write("cat.csv", "x,sigma\n1,0.5\nnan,0.5\n3,0.5\n4,0\n");
  const auto outcome = run(join({"fit", "cat.csv", "--drop-bad-rows", "-o", "run.nc"}, quick));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("2"), std::string::npos) << outcome.err;
  EXPECT_EQ(starling::read_chain(folder_ / "run.nc").observed.size(), 2u);
}

TEST_F(Commands, FitTakesUnknownNoiseAndFixedParameters) {
  write("cat.csv", "x\n1\n2\n3\n4\n");
  must({"fit",
        "cat.csv",
        "--measurement",
        "normal_unknown_noise",
        "--prior",
        "theta_mu=fixed(2)",
        "--prior",
        "theta_sigma=uniform(0,2)",
        "--prior",
        "noise_scale=uniform(0.5,1.5)",
        "--start",
        "theta_sigma=1",
        "--start",
        "noise_scale=1:0.1",
        "--walkers",
        "10",
        "--burn-in",
        "10",
        "--steps",
        "10",
        "-o",
        "run.nc"});
  const auto chain = starling::read_chain(folder_ / "run.nc");
  EXPECT_EQ(chain.header.parameters, (std::vector<std::string>{"theta_mu", "theta_sigma", "noise_scale"}));
  EXPECT_DOUBLE_EQ(*chain.values(0), 2);
}

TEST_F(Commands, NaiveFitNeedsNoNoise) {
  write("cat.csv", "x\n1\n2\n3\n4\n");
  must(join({"fit", "cat.csv", "--method", "naive", "-o", "run.nc"}, quick));
  EXPECT_GT(starling::read_chain(folder_ / "run.nc").draws, 0u);
}

TEST_F(Commands, FitOverwritesOnlyWhenAsked) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  must(join({"fit", "cat.csv", "-o", "run.nc"}, quick));
  const auto before = cli_test::contents(folder_ / "run.nc");
  EXPECT_EQ(run(join(join({"fit", "cat.csv", "-o", "run.nc"}, quick), {"--seed", "2"})).status, 2);
  EXPECT_EQ(cli_test::contents(folder_ / "run.nc"), before);
  must(join(join({"fit", "cat.csv", "-o", "run.nc", "--overwrite"}, quick), {"--seed", "2"}));
  EXPECT_EQ(starling::read_chain(folder_ / "run.nc").header.seed, 2u);
}

TEST_F(Commands, ThreadsChangeNothing) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "700", "-o",
        "cat.csv"});
  for (const std::string method : {"naive", "marginal", "joint"}) {
    std::vector<std::vector<double>> theta;
    for (const std::string threads : {"1", "2", "3"}) {
      const auto name = method + threads + ".nc";
      must(join({"fit", "cat.csv", "--method", method, "-o", name, "--ensembles", "2", "--walkers", "10",
                 "--burn-in", "10", "--steps", "20", "--threads", threads},
                priors));
      theta.push_back(starling::read_chain(folder_ / name).theta);
    }
    EXPECT_EQ(theta[0], theta[1]) << method;
    EXPECT_EQ(theta[0], theta[2]) << method;
    must(join({"fit", "cat.csv", "--method", method, "-o", method + "seed.nc", "--seed", "2", "--ensembles",
               "2", "--walkers", "10", "--burn-in", "10", "--steps", "20"},
              priors));
    EXPECT_NE(theta[0], starling::read_chain(folder_ / (method + "seed.nc")).theta) << method;
  }
}

TEST_F(Commands, CompareTakesTwoChainFilesOrRunsBothFits) {
  must({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "300", "-o",
        "cat.csv"});
  must(join({"fit", "cat.csv", "--method", "naive", "-o", "naive.nc"}, quick));
  must(join({"fit", "cat.csv", "--method", "marginal", "-o", "marginal.nc"}, quick));
  const std::vector<std::string> truth{"--truth", "theta_mu=0,theta_sigma=1", "--json"};
  const auto files_text = must(join({"compare", "naive.nc", "marginal.nc"}, truth));
  EXPECT_EQ(files_text, must(join({"compare", "marginal.nc", "naive.nc"}, truth)));
  EXPECT_EQ(files_text, must(join(join({"compare", "cat.csv", "--method", "marginal"}, quick), truth)));
  const auto sigma = json::parse(files_text).at("parameters").at("theta_sigma");
  const auto naive = json::parse(must({"summary", "--json", "naive.nc"})).at("parameters").at("theta_sigma");
  EXPECT_DOUBLE_EQ(sigma.at("naive").at("mean"), naive.at("mean"));
  EXPECT_EQ(sigma.at("truth"), 1.0);
  EXPECT_GT(sigma.at("bias_in_sd").get<double>(), 2);  // sqrt(2) instead of 1
  EXPECT_NE(must({"compare", "naive.nc", "marginal.nc"}).find("theta_sigma"), std::string::npos);
}

TEST_F(Commands, LatentsGivesTheDrawsOfOneObject) {
  write("cat.csv", "x,sigma,id\n1,0.5,a\n2,0.5,b\n3,0.5,c\n");
  for (const std::string method : {"joint", "marginal"}) {
    must(join({"fit", "cat.csv", "--method", method, "-o", method + ".nc"}, quick));
    const auto got = json::parse(must({"latents", method + ".nc", "--object", "b", "--draws", "--json"}));
    EXPECT_EQ(got.at("object"), "b");
    const auto draws = got.at("draws").get<std::vector<double>>();
    ASSERT_EQ(draws.size(), 2u * 10 * 40);
    double mean = 0;
    for (const double draw : draws) mean += draw / static_cast<double>(draws.size());
    EXPECT_NEAR(got.at("mean").get<double>(), mean, 1e-12);
    EXPECT_LT(got.at("q5").get<double>(), got.at("q50").get<double>());
    EXPECT_LT(got.at("q50").get<double>(), got.at("q95").get<double>());
    EXPECT_FALSE(json::parse(must({"latents", method + ".nc", "--object", "b", "--json"})).contains("draws"));
    std::istringstream rows(must({"latents", method + ".nc", "--object", "b", "--draws"}));
    std::string line;
    ASSERT_TRUE(std::getline(rows, line));
    EXPECT_EQ(line, "chain,draw,mu");
    for (const double draw : draws) {
      ASSERT_TRUE(std::getline(rows, line));
      EXPECT_EQ(std::strtod(line.c_str() + line.rfind(',') + 1, nullptr), draw);
    }
  }
  EXPECT_EQ(run({"latents", "joint.nc", "--object", "z"}).status, 2);
  must(join({"fit", "cat.csv", "--method", "naive", "-o", "naive.nc"}, quick));
  EXPECT_EQ(run({"latents", "naive.nc", "--object", "a"}).status, 2);
}

TEST_F(Commands, LatentsReadsASamplesCatalogAgainAndKnowsItByItsHash) {
  const std::vector<std::string> simulate{"simulate", "--truth",   "theta_mu=0,theta_sigma=1",
                                          "--sigma",  "0.3",       "--objects",
                                          "20",       "--samples", "30"};
  must(join(simulate, {"-o", "cat.h5"}));
  must(join({"fit", "cat.h5", "--samples", "samples", "-o", "run.nc"}, quick));
  const auto first = must({"latents", "run.nc", "--object", "3", "--json"});
  cli_test::fs::rename(folder_ / "cat.h5", folder_ / "moved.h5");
  const auto gone = run({"latents", "run.nc", "--object", "3", "--json"});
  if (gone.status == 0) {
    EXPECT_EQ(gone.out, first);  // the chain file holds the samples
  } else {
    EXPECT_EQ(gone.status, 2);
    EXPECT_NE(gone.err.find("--catalog"), std::string::npos) << gone.err;
  }
  EXPECT_EQ(must({"latents", "run.nc", "--object", "3", "--json", "--catalog", "moved.h5"}), first);
  must(join(simulate, {"--seed", "9", "-o", "other.h5"}));
  const auto other = run({"latents", "run.nc", "--object", "3", "--catalog", "other.h5"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("not the catalog"), std::string::npos) << other.err;
}

TEST_F(Commands, LogProbIsTheClosedForm) {
  write("cat.csv", "x,sigma\n1,0.5\n2,1.5\n-3,0.1\n");
  const double mu = 0.1, sigma = 0.9;
  const double x[] = {1, 2, -3}, noise[] = {0.5, 1.5, 0.1};
  double naive = 0, marginal = 0;
  const auto log_normal = [](double value, double variance) {
    return -0.5 * (value * value / variance + std::log(2 * std::numbers::pi * variance));
  };
  for (int i = 0; i < 3; ++i) {
    naive += log_normal(x[i] - mu, sigma * sigma);
    marginal += log_normal(x[i] - mu, sigma * sigma + noise[i] * noise[i]);
  }
  const double prior = -std::log(10.0) - std::log(2.0);
  for (const std::string method : {"naive", "marginal", "joint"}) {
    for (const std::string device : {"cpu", "reference"}) {
      const auto got = json::parse(must(join({"log-prob", "cat.csv", "--method", method, "--device", device,
                                              "--json", "--at", "theta_mu=0.1,theta_sigma=0.9"},
                                             priors)));
      const double expected = method == "naive" ? naive : marginal;
      EXPECT_NEAR(got.at("log_likelihood"), expected, 1e-6 * std::abs(expected)) << method << ' ' << device;
      EXPECT_NEAR(got.at("log_prior"), prior, 1e-12);
      EXPECT_NEAR(got.at("log_prob"), expected + prior, 1e-6 * std::abs(expected));
      EXPECT_EQ(got.at("variance"), 0.0);
    }
  }
  const auto outside =
      json::parse(must(join({"log-prob", "cat.csv", "--at", "theta_mu=0,theta_sigma=3", "--json"}, priors)));
  EXPECT_TRUE(outside.at("log_prior").is_null());
  EXPECT_NE(must(join({"log-prob", "cat.csv", "--at", "theta_mu=0,theta_sigma=1"}, priors)).find("log_prob"),
            std::string::npos);
}

TEST_F(Commands, GraphIsAPlateDiagramThatDotDraws) {
  const auto known = must(join({"graph"}, priors));
  for (const auto* word :
       {"digraph", "theta_mu", "theta_sigma", "uniform(-5, 5)", "i = 1", "cluster_objects"})
    EXPECT_NE(known.find(word), std::string::npos) << word;
  EXPECT_EQ(known.find("cluster_samples"), std::string::npos);
  const auto unknown = must({"graph", "--measurement", "normal_unknown_noise"});
  EXPECT_NE(unknown.find("\"noise_scale\" -> datum"), std::string::npos) << unknown;
  const auto samples = must({"graph", "--measurement", "samples"});
  EXPECT_NE(samples.find("cluster_samples"), std::string::npos);
  if (std::system("dot -V > /dev/null 2>&1") != 0) GTEST_SKIP() << "Graphviz is not installed";
  for (const auto& text : {known, unknown, samples}) {
    write("model.dot", text);
    EXPECT_EQ(std::system(("dot -Tsvg -o /dev/null " + (folder_ / "model.dot").string()).c_str()), 0) << text;
  }
}

TEST_F(Commands, InfoNamesWhatThereIs) {
  const auto info = json::parse(must({"info", "--json"}));
  const auto names = [](const json& list) {
    std::set<std::string> result;
    for (const auto& item : list) result.insert(item.at("name"));
    return result;
  };
  EXPECT_TRUE(names(info.at("devices")).contains("cpu"));
  EXPECT_TRUE(names(info.at("populations")).contains("normal"));
  for (const auto* name : {"normal", "normal_unknown_noise", "samples"})
    EXPECT_TRUE(names(info.at("measurements")).contains(name)) << name;
  EXPECT_TRUE(info.at("why_no_cuda").is_null() || info.at("why_no_cuda").get<std::string>().size() > 5);
  const auto text = must({"info"});
  for (const auto* word : {"cpu", "normal_unknown_noise", "half_cauchy", "theta_sigma"})
    EXPECT_NE(text.find(word), std::string::npos) << word;
}

}  // namespace
