// The convergence diagnostics against ArviZ, run on the same draws where a Python with it is there
// (STARLING_PYTHON, or the .venv of the source folder), and against frozen values of ArviZ everywhere.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "starling/summary.hpp"

namespace {

using starling::Draws;

struct Set {
  std::string name;
  std::size_t chains, draws;
  std::vector<double> values;

  [[nodiscard]] Draws view() const { return {values.data(), chains, draws}; }
};

// A 64-bit linear congruential generator (Knuth's MMIX); the same doubles on every machine, for the frozen
// values.
struct Uniform {
  std::uint64_t state;
  double operator()() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(state >> 12) + 0.5) * 0x1p-52;
  }
};

// Sum of 12 uniforms less 6: nearly normal, and without elementary functions that differ between machines.
double nearly_normal(Uniform& u) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += u();
  return sum;
}

Set autoregressive(std::string name, std::size_t chains, std::size_t draws, double phi, double spread,
                   std::uint64_t seed) {
  Uniform u{seed};
  Set set{std::move(name), chains, draws, {}};
  const double innovation = std::sqrt(1 - phi * phi);
  for (std::size_t c = 0; c < chains; ++c) {
    const double center = spread * nearly_normal(u);
    double x = nearly_normal(u);
    for (std::size_t t = 0; t < draws; ++t) {
      set.values.push_back(center + x);
      x = phi * x + innovation * nearly_normal(u);
    }
  }
  return set;
}

std::vector<Set> sets() {
  std::vector<Set> all;
  all.push_back(autoregressive("independent", 4, 500, 0, 0, 1));
  all.push_back(autoregressive("one chain", 1, 1000, 0.5, 0, 2));
  all.push_back(autoregressive("phi 0.3, odd length", 7, 301, 0.3, 0, 3));
  all.push_back(autoregressive("phi 0.9", 20, 400, 0.9, 0, 4));
  all.push_back(autoregressive("phi 0.99", 10, 1000, 0.99, 0, 5));
  all.push_back(autoregressive("phi -0.7", 6, 250, -0.7, 0, 6));
  all.push_back(autoregressive("chains that disagree", 8, 200, 0.5, 1, 7));
  all.push_back(autoregressive("four draws", 5, 4, 0.2, 0, 8));
  all.push_back(autoregressive("seven draws", 3, 7, 0.2, 0, 9));
  all.push_back(autoregressive("far from zero", 4, 300, 0.8, 0, 10));
  for (double& value : all.back().values) value = 1e4 + 0.1 * value;

  Set stuck = autoregressive("stuck walkers", 40, 200, 0.6, 0, 11);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t t = 0; t < stuck.draws; ++t)
      stuck.values[c * stuck.draws + t] = 5 + static_cast<double>(c);
  all.push_back(stuck);

  Set heavy = autoregressive("heavy tails", 6, 400, 0.4, 0, 12);
  for (double& value : heavy.values) value = value * value * value * value * value;
  all.push_back(heavy);

  // Eighths: ties everywhere, and sums that are exact.
  Set ties = autoregressive("ties", 5, 300, 0.7, 0, 13);
  for (double& value : ties.values) value = std::round(8 * value) / 8;
  all.push_back(ties);

  // A walker that often stays where it is.
  Set repeats = autoregressive("rejected moves", 6, 500, 0, 0, 14);
  Uniform u{15};
  for (std::size_t i = 1; i < repeats.values.size(); ++i)
    if (i % repeats.draws != 0 && u() < 0.7) repeats.values[i] = repeats.values[i - 1];
  all.push_back(repeats);

  all.push_back({"constant", 3, 50, std::vector<double>(150, 0.25)});
  all.push_back({"three draws", 2, 3, {1, 2, 3, 4, 5, 6}});
  all.push_back({"not a number", 2, 5, {1, 2, 3, 4, 5, 6, 7, std::nan(""), 9, 10}});
  return all;
}

const std::vector<std::string> figures{"ess_bulk", "ess_tail", "r_hat", "mcse_mean",
                                       "mcse_sd",  "q055",     "q945"};

double figure(const std::string& name, Draws draws) {
  if (name == "ess_bulk") return starling::ess_bulk(draws);
  if (name == "ess_tail") return starling::ess_tail(draws);
  if (name == "r_hat") return starling::r_hat(draws);
  if (name == "mcse_mean") return starling::mcse_mean(draws);
  if (name == "mcse_sd") return starling::mcse_sd(draws);
  return starling::quantile(draws, name == "q055" ? 0.055 : 0.945);
}

void expect_close(double ours, double theirs, const std::string& what) {
  if (std::isnan(theirs)) {
    EXPECT_TRUE(std::isnan(ours)) << what << " is " << ours;
  } else {
    EXPECT_NEAR(ours, theirs, 1e-8 * std::abs(theirs)) << what;
  }
}

std::string python() {
  if (const char* path = std::getenv("STARLING_PYTHON")) return path;
  const auto path = std::filesystem::path(STARLING_TEST_DATA).parent_path() / ".venv/bin/python";
  return std::filesystem::exists(path) ? path.string() : "";
}

constexpr const char* script = R"(
import json, sys, warnings
warnings.filterwarnings("ignore")
import numpy as np, arviz as az
folder = sys.argv[1]
result = {}
for entry in json.load(open(folder + "/sets.json")):
    x = np.fromfile(folder + "/" + entry["file"]).reshape(entry["chains"], entry["draws"])
    q = np.quantile(x, [0.055, 0.945])
    with np.errstate(all="ignore"):
        result[entry["name"]] = {key: None if np.isnan(value) else float(value) for key, value in {
            "ess_bulk": az.ess(x, method="bulk"), "ess_tail": az.ess(x, method="tail"), "r_hat": az.rhat(x),
            "mcse_mean": az.mcse(x, method="mean"), "mcse_sd": az.mcse(x, method="sd"),
            "q055": q[0], "q945": q[1]}.items()}
json.dump(result, open(folder + "/arviz.json", "w"))
)";

TEST(DiagnosticsArviz, SameFiguresAsArvizOnTheSameDraws) {
  const std::string interpreter = python();
  if (interpreter.empty()) GTEST_SKIP() << "no Python with ArviZ: set STARLING_PYTHON";
  const auto folder =
      std::filesystem::temp_directory_path() / ("starling-arviz-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  nlohmann::json list;
  const std::vector<Set> all = sets();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string file = std::to_string(i) + ".bin";
    std::ofstream(folder / file, std::ios::binary)
        .write(reinterpret_cast<const char*>(all[i].values.data()),
               static_cast<std::streamsize>(all[i].values.size() * sizeof(double)));
    list.push_back(
        {{"name", all[i].name}, {"file", file}, {"chains", all[i].chains}, {"draws", all[i].draws}});
  }
  std::ofstream(folder / "sets.json") << list;
  std::ofstream(folder / "run.py") << script;
  const std::string command = "'" + interpreter + "' '" + (folder / "run.py").string() + "' '" +
                              folder.string() + "' > '" + (folder / "log").string() + "' 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const auto expected = nlohmann::json::parse(std::ifstream(folder / "arviz.json"));

  for (const Set& set : all) {
    for (const std::string& name : figures) {
      const auto& value = expected.at(set.name).at(name);
      expect_close(figure(name, set.view()), value.is_null() ? std::nan("") : value.get<double>(),
                   set.name + ": " + name);
    }
  }
  if (!HasFailure()) std::filesystem::remove_all(folder);
}

// Frozen: `az.ess(method="bulk"), az.ess(method="tail"), az.rhat(), az.mcse(method="mean"),
// az.mcse(method="sd")` of ArviZ 0.23.4 (NumPy 2.4.6, SciPy 1.17.1) on the same sets, as the script above
// prints them.
struct Frozen {
  const char* name;
  double ess_bulk, ess_tail, r_hat, mcse_mean, mcse_sd;
};
const Frozen frozen[] = {
    {"independent", 1907.7734890483403, 1905.0404180201324, 0.9997507041842635, 0.02203415102421927,
     0.015345790242483016},
    {"phi 0.3, odd length", 1108.0747833928654, 1872.1070860444147, 1.0008994692637454, 0.029631755274512974,
     0.015849946095620272},
    {"phi -0.7", 4764.136888583522, 1305.9620107573535, 1.0093297255693254, 0.014309813087842314,
     0.028605491585152583},
    {"four draws", 26.020599913279625, 26.020599913279625, 1.2752735810346432, 0.19944999077227557,
     0.11207667629960398},
    {"stuck walkers", 140.76994753211818, 41.666666666666664, 1.2051402398862197, 0.248519214917332,
     0.3488332680089221},
    {"heavy tails", 1066.9431838758273, 1597.263158988355, 1.0022540847578654, 0.8441503110617964,
     5.1034826131412405},
    {"ties", 301.8201532273427, 542.3661860973104, 1.0048568881762345, 0.05397426153638302,
     0.02649170313663181},
};

TEST(DiagnosticsArviz, FrozenFiguresOfArviz) {
  const std::vector<Set> all = sets();
  for (const Frozen& expected : frozen) {
    const auto set = std::find_if(all.begin(), all.end(),
                                  [&](const Set& candidate) { return candidate.name == expected.name; });
    ASSERT_NE(set, all.end()) << expected.name;
    const std::string name = expected.name;
    expect_close(starling::ess_bulk(set->view()), expected.ess_bulk, name + ": ess_bulk");
    expect_close(starling::ess_tail(set->view()), expected.ess_tail, name + ": ess_tail");
    expect_close(starling::r_hat(set->view()), expected.r_hat, name + ": r_hat");
    expect_close(starling::mcse_mean(set->view()), expected.mcse_mean, name + ": mcse_mean");
    expect_close(starling::mcse_sd(set->view()), expected.mcse_sd, name + ": mcse_sd");
  }
}

}  // namespace
