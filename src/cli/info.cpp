/// starling info
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "commands.hpp"
#include "starling/fit.hpp"
#include "text.hpp"

namespace starling::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Infinity, which JSON lacks, as null.
Json bound(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const std::vector<NamedThing>& things) {
  Json list = Json::array();
  for (const auto& thing : things) {
    Json parameters = Json::array();
    for (const auto& p : thing.parameters)
      parameters.push_back(
          {{"name", p.name}, {"lower", bound(p.lower)}, {"upper", bound(p.upper)}, {"meaning", p.meaning}});
    list.push_back({{"name", thing.name}, {"meaning", thing.meaning}, {"parameters", parameters}});
  }
  return list;
}

void print(std::ostream& out, const char* title, const std::vector<NamedThing>& things) {
  out << title << '\n';
  for (const auto& thing : things) {
    out << fmt::format("  {:<22} {}\n", thing.name, thing.meaning);
    for (const auto& p : thing.parameters) out << fmt::format("    {:<20} {}\n", p.name, p.meaning);
  }
}

int info_command(bool json) {
  const auto all = devices();
  const auto no_cuda = why_no_cuda();
  if (json) {
    Json list = Json::array();
    for (const auto& device : all)
      list.push_back({{"name", device.name}, {"description", device.description}});
    Json result{{"version", version()}, {"devices", list}};
    result["why_no_cuda"] = no_cuda.empty() ? Json(nullptr) : Json(no_cuda);
    result["populations"] = json_of(known_populations());
    result["measurements"] = json_of(known_measurements());
    result["priors"] = prior_families();
    std::cout << result.dump(2) << '\n';
    return 0;
  }
  std::cout << "starling " << version() << "\ndevices\n";
  for (const auto& device : all) std::cout << fmt::format("  {:<22} {}\n", device.name, device.description);
  if (!no_cuda.empty()) std::cout << fmt::format("  {:<22} {}\n", "no cuda", no_cuda);
  print(std::cout, "populations", known_populations());
  print(std::cout, "measurements", known_measurements());
  std::cout << "priors\n  " << prior_families() << '\n';
  return 0;
}

}  // namespace

void add_info(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("info", "Version, devices, populations, measurements, priors");
  const auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "print JSON");
  sub->footer("Example:\n  starling info");
  sub->callback([json, &command] { command = [json] { return info_command(*json); }; });
}

}  // namespace starling::cli
