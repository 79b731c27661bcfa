/// starling info
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "pairs.hpp"
#include "starling/fit.hpp"
#include "text.hpp"

namespace starling::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Infinity, which JSON lacks, as null.
Json bound(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

const char* values_text(Column::Values values) {
  switch (values) {
    case Column::Values::positive:
      return "numbers > 0";
    case Column::Values::not_negative:
      return "numbers >= 0";
    case Column::Values::count:
      return "whole numbers >= 0";
    case Column::Values::any:
      break;
  }
  return "any numbers";
}

Json json_of(const std::vector<Argument>& arguments) {
  Json list = Json::array();
  for (const auto& a : arguments) {
    Json one{{"name", a.name}, {"lower", bound(a.lower)}, {"upper", bound(a.upper)}, {"meaning", a.meaning}};
    one["required"] = std::isnan(a.value);
    one["default"] = std::isnan(a.value) ? Json(nullptr) : Json(number_text(a.value));
    list.push_back(one);
  }
  return list;
}

Json json_of(const std::vector<Column>& columns) {
  Json list = Json::array();
  for (const auto& c : columns) {
    Json one{{"role", c.role}, {"required", c.required}};
    one["default"] = c.required ? Json(nullptr) : Json(c.missing);
    one["values"] = values_text(c.values);
    one["meaning"] = c.meaning;
    list.push_back(one);
  }
  return list;
}

Json json_of(const std::vector<NamedThing>& things) {
  Json list = Json::array();
  for (const auto& thing : things) {
    Json parameters = Json::array();
    for (const auto& p : thing.parameters)
      parameters.push_back({{"name", p.name},
                            {"lower", bound(p.lower)},
                            {"upper", bound(p.upper)},
                            {"meaning", p.meaning},
                            {"prior", p.prior.empty() ? Json(nullptr) : Json(p.prior)}});
    list.push_back({{"name", thing.name},
                    {"meaning", thing.meaning},
                    {"arguments", json_of(thing.arguments)},
                    {"parameters", parameters},
                    {"columns", json_of(thing.columns)}});
  }
  return list;
}

void print(std::ostream& out, const char* title, const std::vector<NamedThing>& things) {
  out << title << '\n';
  for (const auto& thing : things) {
    out << fmt::format("  {:<22} {}\n", thing.name, thing.meaning);
    for (const auto& a : thing.arguments)
      out << fmt::format("    {:<20} {}; {}\n", a.name + "=", a.meaning,
                         std::isnan(a.value) ? "must be given" : "default " + number_text(a.value));
    for (const auto& p : thing.parameters)
      out << fmt::format("    {:<20} {}{}\n", p.name, p.meaning,
                         p.prior.empty() ? "" : "; default prior " + p.prior);
    for (const auto& c : thing.columns)
      out << fmt::format("    {:<20} {}, {}{}\n", "column " + c.role, c.meaning, values_text(c.values),
                         c.required ? "" : "; default " + number_text(c.missing));
  }
}

int info_command(bool json, bool pairs) {
  if (pairs) {
    std::cout << pairs_table();
    return 0;
  }
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
    std::cout << json_text(result, 2) << '\n';
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
  struct Options {
    bool json = false, pairs = false;
  };
  const auto options = std::make_shared<Options>();
  auto* json = sub->add_flag("--json", options->json, "print JSON");
  sub->add_flag("--pairs", options->pairs,
                "print what there is for every population with every measurement, as a Markdown table")
      ->excludes(json);
  sub->footer("Example:\n  starling info");
  sub->callback(
      [options, &command] { command = [options] { return info_command(options->json, options->pairs); }; });
}

}  // namespace starling::cli
