// Wrong usage and bad input: exit status 2, one sentence on stderr that names what is wrong, nothing on
// stdout, nothing left on disk.
#include <algorithm>

#include "cli_program.hpp"
#include "sanitizers.hpp"

namespace {

using cli_test::join;
using cli_test::quick;

struct Case {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::string> said;  ///< all of these are in the sentence
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class Errors : public cli_test::Program, public ::testing::WithParamInterface<Case> {};

TEST_P(Errors, OneSentenceStatusTwoNothingLeft) {
  write("cat.csv", "x,sigma,id\n1,0.5,a\n2,0.5,b\n3,0.5,c\n");
  write("text.csv", "x,sigma\n1,0.5\nabc,0.5\n");
  write("nan.csv", "x,sigma\n1,0.5\nnan,0.5\n");
  write("zero.csv", "x,sigma\n1,0.5\n2,0\n");
  write("nosigma.csv", "x\n1\n2\n3\n");
  write("ragged.csv", "x,sigma\n1,0.5\n2\n");
  write("empty.csv", "");
  write("header.csv", "x,sigma\n");
  write("not.nc", "this is no chain file\n");
  write("exists.nc", "precious\n");
  write("syntax.toml", "[fit\nsteps = 3\n");
  write("table.toml", "[fits]\nsteps = 3\n");
  write("key.toml", "[fit]\nsteps = 3\nwalkrs = 10\n");
  write("kind.toml", "[fit]\nsteps = \"many\"\n");
  write("fraction.toml", "[fit]\nsteps = 2.5\n");
  write("flag.toml", "[fit]\ninterweaving = 1\n");
  write("text.toml", "[catalog]\nx = 1\n");
  write("prior.toml", "[prior]\ntheta_mu = 1\n");
  write("flat.toml", "fit = 3\n");
  write("unknown_prior.toml", "[catalog]\npath = \"cat.csv\"\n[prior]\ntheta_sgma = \"uniform(0, 1)\"\n");
  const auto before = files();

  const auto outcome = run(GetParam().arguments);

  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  // The last line is the error; before it there may be notes, but no usage text.
  const auto begin = outcome.err.rfind("starling: error: ");
  ASSERT_NE(begin, std::string::npos) << outcome.err;
  const auto sentence = outcome.err.substr(begin);
  EXPECT_EQ(std::count(sentence.begin(), sentence.end(), '\n'), 1) << outcome.err;
  for (const auto& word : GetParam().said) EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
  EXPECT_EQ(files(), before);
  EXPECT_EQ(cli_test::contents(folder_ / "exists.nc"), "precious\n");
}

/// A quick fit of cat.csv with more arguments.
std::vector<std::string> fit(const std::vector<std::string>& more) {
  return join(join({"fit", "cat.csv", "-o", "run.nc"}, quick), more);
}
std::vector<std::string> fit_of(const std::string& catalog) {
  return join({"fit", catalog, "-o", "run.nc"}, quick);
}

INSTANTIATE_TEST_SUITE_P(
    Usage, Errors,
    ::testing::Values(
        Case{"UnknownCommand", {"fitt"}, {"fitt", "did you mean 'fit'"}},
        Case{"UnknownFlag", {"fit", "cat.csv", "--walker", "10"}, {"--walker", "did you mean '--walkers'"}},
        Case{"UnknownMainFlag", {"--verison"}, {"--verison", "did you mean '--version'"}},
        Case{"NoOutput", {"fit", "cat.csv"}, {"no output file", "-o run.nc"}},
        Case{"NoCatalog", join({"fit", "-o", "run.nc"}, quick), {"no catalog"}},
        Case{"TwoCatalogs", {"fit", "cat.csv", "nan.csv"}, {"unexpected argument 'nan.csv'"}},
        Case{"MissingValue", {"fit", "cat.csv", "--steps"}, {"--steps needs a value"}},
        Case{"EmptyValue", {"fit", "cat.csv", "-o", "run.nc", "--x="}, {"--x"}},
        Case{"TwiceGiven", {"fit", "cat.csv", "--seed", "1", "--seed", "2"}, {"--seed", "more than once"}},
        Case{
            "OutputExists", join({"fit", "cat.csv", "-o", "exists.nc"}, quick), {"exists.nc", "--overwrite"}},
        Case{"OutputIsFolder", join({"fit", "cat.csv", "-o", "."}, quick), {"folder"}},
        Case{"OutputFolderMissing", join({"fit", "cat.csv", "-o", "no/run.nc"}, quick), {"no/run.nc"}},
        Case{"SummaryWithoutFile", {"summary"}, {"RUN.NC"}},
        Case{"SummaryOfMissing", {"summary", "gone.nc"}, {"gone.nc"}},
        Case{"SummaryOfText", {"summary", "not.nc"}, {"not.nc"}},
        Case{"SummaryOfFolder", {"summary", "."}, {}},
        Case{"CompareOne", {"compare", "not.nc"}, {"not.nc", "give two"}},
        Case{"CompareText", {"compare", "not.nc", "not.nc"}, {"not.nc"}},
        Case{"CompareFitFlags", {"compare", "not.nc", "not.nc", "--steps", "3"}, {"--steps", "no effect"}},
        Case{
            "CompareNaiveWithItself", join({"compare", "cat.csv", "--method", "naive"}, quick), {"--method"}},
        Case{"CompareUnknownTruth",
             join({"compare", "cat.csv", "--truth", "theta_nu=1"}, quick),
             {"theta_mu"}},
        Case{"LatentsWithoutObject", {"latents", "not.nc"}, {"--object"}},
        Case{"LatentsOfText", {"latents", "not.nc", "--object", "a"}, {"not.nc"}},
        Case{"PlotOfMissing", {"plot", "gone.nc", "--out", "figures"}, {"gone.nc"}}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Options, Errors,
    ::testing::Values(
        Case{"WordForNumber", fit({"--thin", "abc"}), {"--thin", "whole number", "abc"}},
        Case{"NegativeNumber", fit({"--thin", "-5"}), {"--thin", "-5"}},
        Case{"FractionForWhole", fit({"--thin", "2.5"}), {"--thin", "2.5"}},
        Case{"HugeNumber", fit({"--seed", "99999999999999999999999"}), {"--seed", "at most"}},
        Case{"Method", fit({"--method", "jiont"}), {"jiont", "joint"}},
        Case{"Population", fit({"--population", "nromal"}), {"nromal", "did you mean 'normal'"}},
        Case{"Measurement", fit({"--measurement", "normall"}), {"normall", "did you mean 'normal'"}},
        Case{"Moves", fit({"--moves", "strech"}), {"strech", "stretch"}},
        Case{"MovesShare", fit({"--moves", "de=-1"}), {"de"}},
        Case{"Integral", fit({"--method", "marginal", "--integral", "exactly"}), {"exactly"}},
        Case{"IntegralSamplesWithoutSamples",
             fit({"--method", "marginal", "--integral", "samples"}),
             {"samples"}},
        Case{"Latents", fit({"--latents", "gibbs"}), {"gibbs"}},
        Case{"Device", fit({"--device", "gpu"}), {"gpu"}},
        Case{"StretchScale", fit({"--stretch-scale", "1"}), {"1"}},
        Case{"Thin", fit({"--thin", "0"}), {"thin"}},
        Case{"ThinBeyondSteps", fit({"--thin", "41"}), {"thin", "41"}},
        Case{"MissingPriors",
             {"fit", "cat.csv", "-o", "run.nc"},
             {"theta_mu and theta_sigma", "--prior theta_mu='", "--prior theta_sigma='"}},
        Case{"MissingOnePrior",
             {"fit", "cat.csv", "-o", "run.nc", "--prior", "theta_mu=normal(0,1)"},
             {"no prior for theta_sigma"}},
        Case{"UnknownPriorParameter", fit({"--prior", "theta_nu=normal(0,1)"}), {"theta_nu", "did you mean"}},
        Case{"UnknownPriorFamily",
             {"fit", "cat.csv", "-o", "run.nc", "--prior", "theta_mu=nromal(0,1)"},
             {"nromal", "did you mean 'normal'"}},
        Case{"PriorArguments",
             {"fit", "cat.csv", "-o", "run.nc", "--prior", "theta_mu=uniform(2,1)"},
             {"theta_mu"}},
        Case{"PriorWithoutName",
             {"fit", "cat.csv", "-o", "run.nc", "--prior", "uniform(0,1)"},
             {"name=value"}},
        Case{"PriorTwice", fit({"--prior", "theta_mu=normal(0,1)"}), {"theta_mu", "twice"}},
        Case{"PriorBeyondRange",
             {"fit", "cat.csv", "-o", "run.nc", "--prior", "theta_mu=normal(0,1)", "--prior",
              "theta_sigma=uniform(-1,1)"},
             {"theta_sigma"}},
        Case{"StartOfOne", fit({"--start", "theta_mu=0"}), {"theta_sigma"}},
        Case{"StartOutsidePrior",
             fit({"--start", "theta_mu=7", "--start", "theta_sigma=1"}),
             {"theta_mu", "7"}},
        Case{"StartUnknown", fit({"--start", "theta_nu=1"}), {"theta_nu", "did you mean"}},
        Case{"StartText", fit({"--start", "theta_mu=zero"}), {"theta_mu", "zero"}},
        Case{"StartSpread", fit({"--start", "theta_mu=0:-1"}), {"theta_mu", "-1"}},
        Case{"SamplesWithoutSamples", fit({"--measurement", "samples"}), {"--samples"}}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    FitSizes, Errors,
    ::testing::Values(Case{"OddWalkers",
                           join({"fit", "cat.csv", "-o", "run.nc", "--walkers", "11"}, cli_test::priors),
                           {"walkers", "11"}},
                      Case{"FewWalkers",
                           join({"fit", "cat.csv", "-o", "run.nc", "--walkers", "2"}, cli_test::priors),
                           {"walkers", "2"}},
                      Case{"NoEnsembles",
                           join({"fit", "cat.csv", "-o", "run.nc", "--ensembles", "0"}, cli_test::priors),
                           {"ensembles"}},
                      Case{"NoSteps",
                           join({"fit", "cat.csv", "-o", "run.nc", "--steps", "0"}, cli_test::priors),
                           {"steps"}}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Catalogs, Errors,
    ::testing::Values(
        Case{"Missing", fit_of("gone.csv"), {"gone.csv"}}, Case{"Folder", fit_of("."), {}},
        Case{"Ending", fit_of("syntax.toml"), {"syntax.toml"}},
        Case{"WordForNumber", fit_of("text.csv"), {"text.csv", "abc", "x"}},
        Case{"NotFinite", fit_of("nan.csv"), {"nan.csv", "nan", "x"}},
        Case{"ZeroSigma", fit_of("zero.csv"), {"zero.csv", "sigma"}},
        Case{"NoSigma", fit_of("nosigma.csv"), {"nosigma.csv", "--sigma"}},
        Case{"Ragged", fit_of("ragged.csv"), {"ragged.csv"}},
        Case{"Empty", fit_of("empty.csv"), {"empty.csv"}},
        Case{"OnlyHeader", fit_of("header.csv"), {"header.csv"}},
        Case{"UnknownColumn", fit({"--x", "xx"}), {"cat.csv", "xx", "x, sigma, id"}},
        Case{"UnknownSigma", fit({"--sigma", "sgma"}), {"cat.csv", "sgma", "did you mean 'sigma'"}},
        Case{"NegativeSigma", fit({"--sigma", "-1"}), {"--sigma", "-1"}},
        Case{"UnknownWeight", fit({"--weight", "w"}), {"w"}},
        Case{"SamplesOfCsv", fit({"--samples", "mu"}), {"cat.csv"}}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    RunFiles, Errors,
    ::testing::Values(
        Case{"Missing", {"fit", "--config", "gone.toml", "-o", "run.nc"}, {"gone.toml"}},
        Case{"Folder", {"fit", "--config", ".", "-o", "run.nc"}, {"folder"}},
        Case{"Syntax", {"fit", "--config", "syntax.toml", "-o", "run.nc"}, {"syntax.toml", "line 1"}},
        Case{"Table", {"fit", "--config", "table.toml", "-o", "run.nc"}, {"fits", "did you mean 'fit'"}},
        Case{"Key", {"fit", "--config", "key.toml", "-o", "run.nc"}, {"walkrs", "did you mean 'walkers'"}},
        Case{"TextForNumber", {"fit", "--config", "kind.toml", "-o", "run.nc"}, {"kind.toml", "fit.steps"}},
        Case{"FractionForWhole", {"fit", "--config", "fraction.toml", "-o", "run.nc"}, {"fit.steps", "2.5"}},
        Case{"NumberForFlag",
             {"fit", "--config", "flag.toml", "-o", "run.nc"},
             {"fit.interweaving", "true or false"}},
        Case{"NumberForText", {"fit", "--config", "text.toml", "-o", "run.nc"}, {"catalog.x"}},
        Case{"NumberForPrior", {"fit", "--config", "prior.toml", "-o", "run.nc"}, {"prior.theta_mu"}},
        Case{"ValueForTable", {"fit", "--config", "flat.toml", "-o", "run.nc"}, {"[fit]"}},
        Case{"UnknownParameter",
             {"fit", "--config", "unknown_prior.toml", "-o", "run.nc"},
             {"theta_sgma", "did you mean 'theta_sigma'"}},
        Case{"NoChainFile", {"fit", "--config", "not.nc", "-o", "run.nc"}, {"not.nc"}}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OtherCommands, Errors,
    ::testing::Values(
        Case{"SimulateNothing", {"simulate"}, {"--truth"}},
        Case{"SimulatePopulation",
             {"simulate", "--population", "norml", "--truth", "a=1", "--sigma", "1", "-o", "a.csv"},
             {"did you mean 'normal'"}},
        Case{"SimulateHalfTruth",
             {"simulate", "--truth", "theta_mu=0", "--sigma", "1", "-o", "a.csv"},
             {"theta_sigma"}},
        Case{"SimulateTruthTwice",
             {"simulate", "--truth", "theta_mu=0,theta_mu=1", "--sigma", "1", "-o", "a.csv"},
             {"twice"}},
        Case{"SimulateNegativeWidth",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=-1", "--sigma", "1", "-o", "a.csv"},
             {"theta_sigma", "-1"}},
        Case{"SimulateNoNoise",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "0", "-o", "a.csv"},
             {"--sigma"}},
        Case{"SimulateNoObjects",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects", "0", "-o",
              "a.csv"},
             {"--objects"}},
        Case{"SimulateEnding",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "-o", "a.txt"},
             {"a.txt"}},
        Case{"SimulateSamplesToCsv",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--samples", "5", "-o",
              "a.csv"},
             {"a.csv", ".h5"}},
        Case{"SimulateNoFolder",
             {"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "-o", "no/a.csv"},
             {"no/a.csv"}},
        Case{"LogProbNoTheta", join({"log-prob", "cat.csv"}, cli_test::priors), {"--at"}},
        Case{"LogProbHalfTheta",
             join({"log-prob", "cat.csv", "--at", "theta_mu=0"}, cli_test::priors),
             {"theta_sigma"}},
        Case{"LogProbUnknown",
             join({"log-prob", "cat.csv", "--at", "theta_mu=0,theta_sgma=1"}, cli_test::priors),
             {"theta_sgma", "did you mean 'theta_sigma'"}},
        Case{"LogProbText",
             join({"log-prob", "cat.csv", "--at", "theta_mu=a"}, cli_test::priors),
             {"theta_mu", "'a'"}},
        Case{"GraphPopulation", {"graph", "--population", "norml"}, {"did you mean 'normal'"}},
        Case{"GraphPrior", {"graph", "--prior", "theta_mu=unform(0,1)"}, {"did you mean 'uniform'"}},
        Case{"DemoObjects", {"demo", "--objects", "none"}, {"--objects"}},
        Case{"InfoArgument", {"info", "more"}, {"more"}}),
    [](const auto& one) { return one.param.name; });

using Failures = cli_test::Program;

TEST_F(Failures, NothingAtAllShowsTheHelpAndStatusTwo) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("Subcommands:"), std::string::npos);
}

TEST_F(Failures, FullStandardOutputIsStatusOne) {
  const auto outcome = run({"info"}, "/dev/null", "/dev/full");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("standard output"), std::string::npos) << outcome.err;
}

TEST_F(Failures, MoreMemoryThanThereIsIsStatusOneInOneSentence) {
  if (kAddressSanitizer || kThreadSanitizer) GTEST_SKIP() << "sanitizers need all the address space";
  address_space_ = 250'000'000;
  const auto outcome = run({"simulate", "--truth", "theta_mu=0,theta_sigma=1", "--sigma", "1", "--objects",
                            "300000000", "-o", "cat.csv"});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("memory"), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(Failures, CudaWithoutADeviceIsStatusOneWithTheReason) {
  const auto reason = run({"info"}).out;
  if (reason.find("no cuda") == std::string::npos) GTEST_SKIP() << "there is a CUDA device";
  write("cat.csv", "x,sigma\n1,0.5\n2,0.5\n");
  const auto outcome = run(join(join({"fit", "cat.csv", "-o", "run.nc"}, quick), {"--device", "cuda"}));
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("cuda"), std::string::npos) << outcome.err;
  EXPECT_FALSE(files().contains("run.nc"));
}

}  // namespace
