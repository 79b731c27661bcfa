// Chain files open in ArviZ as they are, hold the same numbers there, and give its summary without a
// complaint. Needs a Python with arviz: $STARLING_PYTHON, else the one of the source tree's .venv.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "chain_support.hpp"

namespace {

using namespace chain_test;

std::string python() {
  const char* asked = std::getenv("STARLING_PYTHON");
  if (asked != nullptr) return asked;
  return (std::filesystem::path(STARLING_TEST_DATA).parent_path() / ".venv/bin/python").string();
}

/// Runs a Python script with the path of a chain file as its argument; what it prints, and its exit status.
std::pair<std::string, int> run_python(const Folder& folder, const std::string& script) {
  std::ofstream(folder / "script.py") << script;
  const std::string command =
      python() + " " + (folder / "script.py").string() + " " + (folder / "run.nc").string() + " 2>&1";
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  const int status = pclose(pipe);
  return {output, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

// From here on every warning is an error. Importing ArviZ 0.x warns of ArviZ 1.0.
constexpr const char* preamble = R"(
import json, sys, warnings
warnings.simplefilter("ignore")
import arviz, numpy, xarray
warnings.simplefilter("error")
path = sys.argv[1]
)";

class ArviZ : public testing::Test {
 protected:
  void SetUp() override {
    if (run_python(folder_, "import arviz, h5netcdf").second != 0) {
      GTEST_SKIP() << python() << " has no arviz and h5netcdf";
    }
  }

  /// A finished run of smooth numbers: arviz.summary says nothing useful of infinities.
  void write(const std::string& method) {
    starling::ChainHeader h = header(method);
    h.steps = 300;
    h.thin = 1;
    const auto sink = starling::chain_file(folder_ / "run.nc", {.keep_warmup = true});
    sink->begin(h, catalog());
    auto b = block(h, 0, h.burn_in + h.steps);
    for (auto* values : {&b.theta, &b.theta_centred, &b.lp}) {
      for (double& value : *values) value = std::isfinite(value) ? value : 0.5;
    }
    for (float& value : b.acceptance) value = std::isfinite(value) ? value : 0.5F;
    sink->append(b);
    sink->finish(results(method, catalog()));
  }

  Folder folder_;
};

TEST_F(ArviZ, OpensTheFileAndSummarisesItWithoutAWarning) {
  write("joint");
  const auto [output, status] = run_python(folder_, std::string(preamble) + R"(
data = arviz.from_netcdf(path)
table = arviz.summary(data)
print(json.dumps({"groups": sorted(data.groups()), "rows": sorted(table.index), "columns": list(table.columns),
                  "dims": dict(data.posterior.sizes), "coords": sorted(data.posterior.coords),
                  "finite": bool(numpy.isfinite(table.loc["theta_mu"]).all())}))
)");
  ASSERT_EQ(status, 0) << output;
  const auto found = nlohmann::json::parse(output);
  EXPECT_EQ(found["groups"], (std::vector<std::string>{"latent_moments", "observed_data", "posterior",
                                                       "replay", "sample_stats", "warmup_posterior"}));
  EXPECT_EQ(found["rows"], (std::vector<std::string>{"noise_scale", "theta_mu", "theta_sigma"}));
  EXPECT_EQ(found["dims"], (nlohmann::json{{"chain", 12}, {"draw", 300}}));
  EXPECT_EQ(found["coords"], (std::vector<std::string>{"chain", "draw", "ensemble", "walker"}));
  EXPECT_TRUE(found["finite"]);
}

TEST_F(ArviZ, SeesTheNumbersThatWereWritten) {
  write("joint");
  const auto [output, status] = run_python(folder_, std::string(preamble) + R"(
data = arviz.from_netcdf(path)
p, s, m, o = data.posterior, data.sample_stats, data.latent_moments, data.observed_data
one = p.isel(chain=8, draw=17)
print(json.dumps({
    "theta": [float(one[name]).hex() for name in ("theta_mu", "theta_sigma", "noise_scale")],
    "where": [int(one.ensemble), int(one.walker), int(one.chain), int(one.draw)],
    "lp": float(s.lp[8, 17]).hex(), "acceptance": float(s.acceptance_rate[8, 17]).hex(),
    "types": [str(p.theta_mu.dtype), str(s.lp.dtype), str(s.acceptance_rate.dtype), str(p.chain.dtype)],
    "warmup": float(data.warmup_posterior.theta_sigma[8, 3]).hex(),
    "replay": float(data.replay.theta_centred[9, 8, 1]).hex(), "parameter": list(data.replay.parameter.values),
    "sigma": [float(v).hex() for v in o.sigma.values], "id": [str(v) for v in o.id.values], "hash": o.attrs["hash"],
    "latents": sorted(m.data_vars), "prior": p.theta_sigma.attrs["prior"],
    "seed": int(data.attrs["seed"]), "long": len(data.attrs["run.long"]), "empty": data.attrs["run.empty"],
    "library": data.posterior.attrs["creation_library"], "dims": list(data.posterior.attrs["sample_dims"]),
}))
)");
  ASSERT_EQ(status, 0) << output;
  const auto found = nlohmann::json::parse(output);
  const auto value = [](const nlohmann::json& text) {
    return std::strtod(text.get<std::string>().c_str(), nullptr);
  };
  for (std::size_t p = 0; p < 3; ++p) EXPECT_EQ(value(found["theta"][p]), number(1, 5 + 17, 8, p));
  EXPECT_EQ(found["where"], (std::vector<int>{1, 2, 8, 17}));
  EXPECT_EQ(value(found["lp"]), number(3, 22, 8));
  EXPECT_EQ(value(found["acceptance"]), static_cast<double>(static_cast<float>(number(4, 22, 8))));
  EXPECT_EQ(found["types"], (std::vector<std::string>{"float64", "float64", "float32", "int64"}));
  EXPECT_EQ(value(found["warmup"]), number(1, 3, 8, 1));
  EXPECT_EQ(value(found["replay"]), number(2, 9, 8, 1));
  EXPECT_EQ(found["parameter"], header("joint").parameters);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(value(found["sigma"][i]), catalog().sigma[i]);
  EXPECT_EQ(found["id"], catalog().id);
  EXPECT_EQ(found["hash"], catalog().hash);
  EXPECT_EQ(found["latents"], (std::vector<std::string>{"mean", "sd"}));
  EXPECT_EQ(found["prior"], "uniform(0, 2)");
  EXPECT_EQ(found["seed"].get<std::uint64_t>(), header("joint").seed);
  EXPECT_EQ(found["long"], 100'000);
  EXPECT_EQ(found["empty"], "");
  EXPECT_EQ(found["library"], "Starling");
  EXPECT_EQ(found["dims"], (std::vector<std::string>{"chain", "draw"}));
}

TEST_F(ArviZ, OpensAFileWithoutDraws) {
  starling::chain_file(folder_ / "run.nc")->begin(header("joint"), catalog());
  const auto [output, status] = run_python(folder_, std::string(preamble) + R"(
data = arviz.from_netcdf(path)
print(data.posterior.sizes["draw"], data.posterior.sizes["chain"], int(data.attrs["complete"]))
)");
  ASSERT_EQ(status, 0) << output;
  EXPECT_EQ(output, "0 12 0\n");
}

TEST_F(ArviZ, MonteCarloErrorsOpenToo) {
  write("marginal");
  const auto [output, status] = run_python(folder_, std::string(preamble) + R"(
data = arviz.from_netcdf(path)
m = data.monte_carlo
print(float(m.variance), m.worst_object.values.tolist(), m.worst_needed.values.tolist(), m.parameter.values.tolist())
)");
  ASSERT_EQ(status, 0) << output;
  EXPECT_EQ(output, "10.1 [3, 0] [12345.6, 7.0] ['theta_mu', 'theta_sigma', 'noise_scale']\n");
}

// ArviZ 1.x reads an xarray DataTree, in which all groups must agree with their parents.
TEST_F(ArviZ, XarrayReadsTheWholeTree) {
  write("joint");
  const auto [output, status] = run_python(folder_, std::string(preamble) + R"(
if not hasattr(xarray, "open_datatree"): print("12 300 5 305"); sys.exit()
tree = xarray.open_datatree(path, engine="h5netcdf")
sizes = tree["posterior"].sizes
print(sizes["chain"], sizes["draw"], tree["warmup_posterior"].sizes["draw"], tree["replay"].sizes["sweep"])
)");
  ASSERT_EQ(status, 0) << output;
  EXPECT_EQ(output, "12 300 5 305\n");
}

}  // namespace
