// Every measurement and populations with arguments on the command line: simulate, fit, latents, info, graph.
#include <nlohmann/json.hpp>

#include "cli_program.hpp"
#include "starling/chain.hpp"
#include "starling/model.hpp"

namespace {

using cli_test::join;
using nlohmann::json;
using Models = cli_test::Program;

const std::vector<std::string> short_run{"--ensembles", "1",       "--walkers", "16",        "--burn-in",
                                         "10",          "--steps", "20",        "--threads", "1",
                                         "--device",    "cpu",     "--seed",    "1",         "--overwrite"};

struct Story {
  std::string measurement, population, truth;
  std::vector<std::string> columns;  ///< flags of simulate
};

const std::vector<Story> stories{
    {"normal", "gamma", "shape=2,scale=1", {"--sigma", "0.5"}},
    {"normal_unknown_noise",
     "student_t",
     "theta_mu=0,theta_sigma=1,nu=5,noise_scale=1.2",
     {"--sigma", "0.5"}},
    {"normal_extra_scatter", "log_normal", "log_mean=0,log_sd=0.4,extra_scatter=0.2", {"--sigma", "0.2"}},
    {"student_t(nu=5)", "schechter(x_min=9)", "alpha=-1,log10_m_star=10.5", {"--sigma", "0.1"}},
    {"two_sided_normal",
     "normal_mixture(components=2)",
     "theta_mu_1=0,theta_sigma_1=1,theta_mu_2=3,theta_sigma_2=1,weight_1=0.5",
     {"--column", "sigma_minus=0.3", "--column", "sigma_plus=0.5"}},
    {"censored_normal", "power_law", "slope=-1,lower=1,upper=10", {"--sigma", "0.3", "--column", "limit=0"}},
    {"flux", "bb1", "beta=-0.5,lower=0.3,upper=1", {"--sigma", "0.3", "--column", "distance=0.3"}},
    {"log_flux",
     "schechter(x_min=-1)",
     "alpha=-1,log10_m_star=0.5",
     {"--sigma", "0.3", "--column", "distance=1"}},
    {"poisson", "gamma", "shape=2,scale=1", {"--column", "exposure=5"}},
    {"poisson_log", "skew_normal", "xi=0,omega=1,alpha=1", {}},
    {"binomial", "beta", "a=2,b=3", {"--column", "trials=20"}},
    {"binomial_logit", "normal", "theta_mu=0,theta_sigma=1", {"--column", "trials=20"}}};

/// Priors that are not there by default.
std::vector<std::string> priors_of(const Story& story) {
  std::vector<std::string> flags;
  for (const auto& p : starling::parameters_of(story.population, story.measurement))
    if (p.prior.empty())
      flags = join(flags, {"--prior", p.name + (p.lower == 0 ? "=half_normal(5)" : "=normal(0,10)")});
  return flags;
}

TEST_F(Models, EveryMeasurementIsSimulatedFittedAndItsLatentsFound) {
  for (const auto& story : stories) {
    SCOPED_TRACE(story.measurement);
    must(join({"simulate", "--population", story.population, "--measurement", story.measurement, "--truth",
               story.truth, "--objects", "40", "--seed", "2", "-o", "cat.csv"},
              story.columns));
    const auto model = join({"--population", story.population, "--measurement", story.measurement},
                            join(priors_of(story), short_run));
    for (const std::string method : {"naive", "marginal", "joint"}) {
      SCOPED_TRACE(method);
      const auto outcome = run(join({"fit", "cat.csv", "--method", method, "-o", "run.nc"}, model));
      if (method == "naive" && outcome.err.find("a naive fit is not possible") != std::string::npos) continue;
      ASSERT_EQ(outcome.status, 0) << outcome.err;
      EXPECT_EQ(outcome.err.find("latents are") != std::string::npos, method != "naive") << outcome.err;
      if (method == "naive") continue;
      // the catalog is in the chain file, with all its columns
      std::filesystem::rename(folder_ / "cat.csv", folder_ / "away.csv");
      const auto latent = json::parse(must({"latents", "run.nc", "--object", "7", "--json"}));
      EXPECT_GT(latent.at("sd"), 0);
      std::filesystem::rename(folder_ / "away.csv", folder_ / "cat.csv");
      if (method == "joint") {
        const auto chain = starling::read_chain(folder_ / "run.nc");
        EXPECT_NEAR(chain.results.latents.mean[7], latent.at("mean").get<double>(),
                    1e-4 * (1 + std::abs(latent.at("mean").get<double>())));
      }
    }
    const auto text = must(join({"fit", "cat.csv", "--dry-run"}, model));
    write("run.toml", text);
    EXPECT_EQ(must({"fit", "--config", "run.toml", "--dry-run"}), text);
    EXPECT_NE(must(join({"graph"}, {"--config", "run.toml"})).find("digraph"), std::string::npos);
  }
}

TEST_F(Models, ColumnsHaveRolesOfTheMeasurement) {
  write("cat.csv", "x,n,days,trials\n3,10,2,11\n4,12,3,12\n1,9,2,13\n");
  const auto refused = [&](const std::vector<std::string>& flags, const std::string& why) {
    const auto outcome = run(join({"fit", "cat.csv", "--dry-run"}, flags));
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  };
  const std::vector<std::string> counts{"--population", "beta", "--measurement", "binomial"};
  must(join({"fit", "cat.csv", "--dry-run"}, counts));  // trials is read by its name
  must(join({"fit", "cat.csv", "--dry-run", "--column", "trials=n"}, counts));
  must(join({"fit", "cat.csv", "--dry-run", "--column", "trials=20"}, counts));
  refused(join({"--column", "trial=n"}, counts), "has no column 'trial' (did you mean 'trials'?)");
  refused(join({"--column", "exposure=n"}, counts), "beside x and sigma it reads trials");
  refused(join({"--column", "trials=3"}, counts), "row 1: expected x of at most trials");
  refused({"--sigma", "1", "--column", "n=n", "--prior", "theta_mu=normal(0,1)", "--prior",
           "theta_sigma=half_normal(1)"},
          "beside x and sigma it reads none");
  refused({"--population", "log_normal", "--measurement", "two_sided_normal"}, "sigma_minus");
  refused({"--population", "log_normal", "--measurement", "censored_normal"}, "--sigma");
}

TEST_F(Models, DefaultPriorsAreUsedAndSaid) {
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n3,0.5\n");
  const auto outcome =
      run({"fit", "cat.csv", "--dry-run", "--population", "gamma", "--prior", "scale=half_normal(3)"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("priors that were not given: shape=log_uniform(0.01, 10000)\n"),
            std::string::npos)
      << outcome.err;
  const auto missing = run({"fit", "cat.csv", "--dry-run"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("no prior for theta_mu and theta_sigma"), std::string::npos) << missing.err;
}

TEST_F(Models, PairsWithoutSenseAreRefusedWithAdvice) {
  write("cat.csv", "x,sigma,distance,trials\n1,0.5,1,4\n2,0.5,1,4\n3,0.5,1,4\n");
  const auto refused = [&](const std::string& population, const std::string& measurement,
                           const std::string& advice) {
    const auto outcome =
        run({"fit", "cat.csv", "--dry-run", "--population", population, "--measurement", measurement});
    EXPECT_EQ(outcome.status, 2) << population << ' ' << measurement;
    EXPECT_NE(outcome.err.find(advice), std::string::npos) << outcome.err;
  };
  refused("normal", "poisson",
          "reaches below 0, where mu of measurement 'poisson' cannot be a rate: use poisson_log");
  refused("normal_mixture_2", "binomial", "use binomial_logit");
  refused("gamma", "binomial", "reaches above 1, where mu of measurement 'binomial' cannot be a probability");
  refused("schechter(x_min=9)", "flux", "use log_flux");
  refused("double_schechter(x_min=9)", "poisson_log", "log10");
}

TEST_F(Models, InfoSaysWhatModelsTake) {
  const auto info = json::parse(must({"info", "--json"}));
  const auto named = [&](const char* list, const std::string& name) {
    for (const auto& item : info.at(list))
      if (item.at("name") == name) return item;
    return json();
  };
  const auto schechter = named("populations", "schechter");
  EXPECT_EQ(schechter.at("arguments")[0].at("name"), "x_min");
  EXPECT_TRUE(schechter.at("arguments")[0].at("required").get<bool>());
  EXPECT_EQ(schechter.at("parameters")[0].at("prior"), "uniform(-4, 3)");
  const auto binomial = named("measurements", "binomial");
  EXPECT_EQ(binomial.at("columns")[1].at("role"), "trials");
  EXPECT_EQ(binomial.at("columns")[1].at("values"), "whole numbers >= 0");
  EXPECT_TRUE(named("populations", "normal").at("parameters")[0].at("prior").is_null());
  const auto text = must({"info"});
  for (const char* word : {"column trials", "x_min=", "must be given", "default prior uniform(-4, 3)"})
    EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST_F(Models, GraphShowsWhatTheMeasurementReads) {
  const auto text = must({"graph", "--population", "beta", "--measurement", "binomial"});
  EXPECT_NE(text.find("\"column trials\" -> datum"), std::string::npos) << text;
  EXPECT_EQ(text.find("noise"), std::string::npos) << text;
  EXPECT_NE(text.find("log_uniform(0.01, 10000)"), std::string::npos) << text;
  const auto scatter = must({"graph", "--population", "student_t", "--measurement", "normal_extra_scatter"});
  EXPECT_NE(scatter.find("\"extra_scatter\" -> datum"), std::string::npos) << scatter;
  EXPECT_NE(must({"graph", "--measurement", "student_t(nu=3)"}).find("noise -> datum"), std::string::npos);
}

TEST_F(Models, SimulateAsksForWhatTheMeasurementReads) {
  const auto refused = [&](const std::vector<std::string>& flags, const std::string& why) {
    const auto outcome = run(join({"simulate", "-o", "cat.csv"}, flags));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  };
  const std::vector<std::string> beta{"--population", "beta", "--truth", "a=1,b=2"};
  refused(join(beta, {"--measurement", "binomial"}), "trials");
  refused(join(beta, {"--measurement", "binomial", "--column", "trial=3"}), "did you mean 'trials'");
  refused(join(beta, {"--measurement", "binomial", "--sigma", "1", "--column", "trials=3"}), "--sigma");
  refused(join(beta, {}), "--sigma");
  refused(join(beta, {"--measurement", "samples"}), "--samples");
  refused(join(beta, {"--measurement", "censored_normal", "--sigma", "1", "--column", "limit=1"}), "limit");
}

TEST_F(Models, TheTableOfPairsIsInTheDocumentation) {
  const auto table = must({"info", "--pairs"});
  const auto page = cli_test::contents(std::filesystem::path(STARLING_TEST_DATA) / "../docs/models.md");
  EXPECT_NE(page.find(table), std::string::npos)
      << "docs/models.md: put the output of starling info --pairs in\n"
      << table;
}

TEST_F(Models, SeveralLatentsPerObject) {
  const std::vector<std::string> line{"--population", "linear"};
  must(join({"simulate", "--truth", "alpha=1,beta=2,scatter=0.5,xi_mean=3,xi_sd=1", "--sigma", "0.3",
             "--column", "sigma_2=0.4", "--column", "rho_12=0.2", "--objects", "60", "-o", "line.csv"},
            line));
  const std::vector<std::string> priors{
      "--prior", "alpha=normal(0, 9)",     "--prior", "beta=normal(0, 9)",
      "--prior", "scatter=half_normal(3)", "--prior", "xi_mean=normal(0, 9)",
      "--prior", "xi_sd=half_normal(3)"};
  const auto model = join(line, join(priors, short_run));
  must(join({"fit", "line.csv", "-o", "line.nc"}, model));
  const auto latents = json::parse(must({"latents", "line.nc", "--object", "7", "--json"}));
  EXPECT_GT(latents.at("xi").at("sd"), 0);
  EXPECT_GT(latents.at("eta").at("sd"), 0);
  EXPECT_EQ(must({"latents", "line.nc", "--object", "7", "--draws"}).substr(0, 18), "chain,draw,xi,eta\n");
  const auto chain = starling::read_chain(folder_ / "line.nc");
  EXPECT_EQ(chain.results.latents.names, (std::vector<std::string>{"xi", "eta"}));
  EXPECT_NEAR(chain.results.latents.mean[14], latents.at("xi").at("mean").get<double>(), 1e-4);
  // posterior samples of all, which are a catalog
  must({"latents", "line.nc", "--samples", "20", "-o", "samples.h5"});
  must(join({"fit", "samples.h5", "--samples", "samples:0,samples:1", "-o", "samples.nc"}, model));
  // columns of other names, as lists
  must(join({"fit", "line.csv", "--x", "x,x_2", "--sigma", "sigma,sigma_2", "--dry-run"}, model));
  const auto refused = [&](const std::vector<std::string>& flags, const std::string& why) {
    const auto outcome = run(join({"fit"}, join(flags, model)));
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  };
  refused({"line.csv", "--x", "x,x_2,true_xi", "--dry-run"}, "expected 2 names with commas");
  refused({"line.csv", "--sigma", "0.3,", "--dry-run"}, "expected 2 names with commas");
  refused({"samples.h5", "--samples", "samples:0", "--dry-run"}, "expected 2 names with commas");
  refused({"line.csv", "--measurement", "poisson", "--dry-run"},
          "it goes with measurement normal or samples");
  refused({"line.csv", "--selection", "threshold(3)", "-o", "x.nc"}, "is known by injections");
  const auto check = json::parse(must({"check", "line.nc", "--replicates", "100", "--json"}));
  for (const char* name : {"xi, mean", "eta, sd", "correlation of xi and eta"}) {
    EXPECT_GT(check.at("quantities").at(name).at("p"), 0.005) << name;
    EXPECT_LT(check.at("quantities").at(name).at("p"), 0.995) << name;
  }
}

}  // namespace
