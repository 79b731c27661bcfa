/// Run files: TOML with the tables catalog, model, prior, fit, output.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <type_traits>
#include <vector>

#include "settings.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"
#include "text.hpp"

namespace starling::cli {
namespace {

using TextMap = std::map<std::string, std::string>;

std::string place(const std::string& file, const Setting& setting) {
  return *setting.key ? fmt::format("{}: {}.{}", file, setting.table, setting.key)
                      : fmt::format("{}: {}", file, setting.table);
}

std::string kind_text(const toml::node& node) {
  std::ostringstream text;
  text << node.type();
  return text.str();
}

/// A number as text; "" for anything else.
std::string node_number(const toml::node& node) {
  if (const auto* whole = node.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* real = node.as_floating_point()) return number_text(real->get());
  return "";
}

std::string node_text(const toml::node& node, bool number_too, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  const auto number = number_too ? node_number(node) : "";
  if (number.empty())
    throw InputError(fmt::format("{}: expected text in quotes{}, got a TOML {}", where,
                                 number_too ? " or a number" : "", kind_text(node)));
  return number;
}

/// Throws InputError for names that the record of a run, as TOML, could not hold.
void check_name(const std::string& name, const std::string& where) {
  const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\''; };
  if (name.empty() || std::any_of(name.begin(), name.end(), bad))
    throw InputError(
        fmt::format("{}: '{}' is no name: expected one without quotes and control characters", where, name));
}

template <class Member>
void read_node(const toml::node& node, const Setting& setting, const std::string& where, Member& member) {
  if constexpr (std::is_same_v<Member, std::string>) {
    auto text = node_text(node, setting.number_too, where);
    if (text.empty() && !member.empty())  // the record of a run would say nothing of it
      throw InputError(fmt::format("{}: expected a value, got empty text", where));
    member = std::move(text);
  } else if constexpr (std::is_same_v<Member, TextMap>) {
    const auto* table = node.as_table();
    if (!table) throw InputError(fmt::format("{}: expected a table, got a TOML {}", where, kind_text(node)));
    for (const auto& [key, value] : *table) {
      const auto name = std::string(key.str());
      check_name(name, where);
      member[name] = node_text(value, setting.number_too, fmt::format("{}.{}", where, name));
    }
  } else if constexpr (std::is_same_v<Member, bool>) {
    const auto* flag = node.as_boolean();
    if (!flag)
      throw InputError(fmt::format("{}: expected true or false, got a TOML {}", where, kind_text(node)));
    member = flag->get();
  } else {
    const auto number = node_number(node);
    if (number.empty())
      throw InputError(fmt::format("{}: expected a number, got a TOML {}", where, kind_text(node)));
    assign(member, number, where);
  }
}

void check_names(const toml::table& file, const std::string& name) {
  std::map<std::string, std::vector<std::string>> keys;
  for_each_setting([&](const Setting& setting, auto) { keys[setting.table].emplace_back(setting.key); });
  std::vector<std::string> tables;
  for (const auto& [table, unused] : keys) tables.push_back(table);
  for (const auto& [table_key, node] : file) {
    const auto table_name = std::string(table_key.str());
    if (!keys.contains(table_name))
      throw InputError(fmt::format("{}: unknown table '{}'{}; a run file has {}", name, table_name,
                                   did_you_mean(table_name, tables), list_text(tables)));
    const auto* table = node.as_table();
    if (!table)
      throw InputError(fmt::format("{}: '{}' must be a table: write [{}]", name, table_name, table_name));
    const auto& known = keys.at(table_name);
    if (known.front().empty()) continue;  // names are parameters: the model checks them
    for (const auto& [key, unused] : *table)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        throw InputError(fmt::format("{}: unknown key '{}' in table '{}'{}; it may have {}", name, key.str(),
                                     table_name, did_you_mean(key.str(), known), list_text(known)));
  }
}

template <class Member>
void write_member(toml::table& table, const std::string& key, const Setting& setting, const Member& member) {
  if constexpr (std::is_same_v<Member, std::string>) {
    if (member.empty()) return;
    if (setting.number_too && is_number(member))
      table.insert_or_assign(key, parse_number(member, key));
    else
      table.insert_or_assign(key, member);
  } else if constexpr (std::is_same_v<Member, TextMap>) {
    for (const auto& [name, text] : member) table.insert_or_assign(name, text);
  } else if constexpr (std::is_same_v<Member, bool> || std::is_same_v<Member, double>) {
    table.insert_or_assign(key, member);
  } else {
    table.insert_or_assign(key, static_cast<std::int64_t>(member));
  }
}

}  // namespace

void assign(std::string& member, const std::string& text, const std::string&) {
  member = text;
}

void assign(std::size_t& member, const std::string& text, const std::string& where) {
  // TOML's integers end there too.
  member = parse_whole(text, where, std::numeric_limits<std::int64_t>::max());
}

void assign(int& member, const std::string& text, const std::string& where) {
  member = static_cast<int>(parse_whole(text, where, 1024));
}

void assign(double& member, const std::string& text, const std::string& where) {
  member = parse_number(text, where);
}

void read_run_text(const std::string& text, const std::string& name, Request& request) {
  toml::table file;
  try {
    file = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw InputError(
        fmt::format("{}, line {}, column {}: {}", name, at.line, at.column, error.description()));
  }
  check_names(file, name);
  for_each_setting([&](const Setting& setting, auto access) {
    const auto* table = file[setting.table].as_table();
    const toml::node* node = table;
    if (table && *setting.key) node = table->get(setting.key);
    if (node) read_node(*node, setting, place(name, setting), access(request));
  });
}

void read_run_file(const std::filesystem::path& path, Request& request) {
  const auto name = path.string();
  if (path.extension() == ".nc") {
    const auto header = read_chain(path, ChainParts::header).header;
    const auto kept = header.attributes.find("run_file");
    if (kept == header.attributes.end())
      throw InputError(fmt::format("{}: this chain file holds no run file", name));
    return read_run_text(kept->second, name + " (run_file)", request);
  }
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw InputError(fmt::format("{}: expected a run file, this is a folder", name));
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(fmt::format("{}: cannot open this run file", name));
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw InputError(fmt::format("{}: cannot read this run file", name));
  read_run_text(text, name, request);
}

std::string run_file_text(const Request& request, bool all) {
  toml::table file;
  for_each_setting([&](const Setting& setting, auto access) {
    using Member = std::remove_cvref_t<decltype(access(request))>;
    if (setting.same_draws && !all) return;
    auto* table = file.insert(setting.table, toml::table{}).first->second.as_table();
    if constexpr (std::is_same_v<Member, TextMap>) {
      if (access(request).empty()) return;
      if (*setting.key) table = table->insert(setting.key, toml::table{}).first->second.as_table();
    }
    write_member(*table, setting.key, setting, access(request));
  });
  // Always in double quotes, and on one line: toml++ 3.3 doesn't heed line ends and quotes in the other
  // kinds.
  const auto format = toml::toml_formatter::default_flags & ~toml::format_flags::allow_multi_line_strings &
                      ~toml::format_flags::allow_literal_strings;
  std::ostringstream text;
  for (const char* name : {"catalog", "model", "prior", "fit", "output"}) {
    const auto* content = file[name].as_table();
    if (!content || content->empty()) continue;
    const toml::table table{{name, *content}};
    text << (text.tellp() > 0 ? "\n\n" : "") << toml::toml_formatter{table, format};
  }
  text << "\n";
  return text.str();
}

std::vector<std::string> roles_of(const PairFacts& facts) {
  auto roles = facts.arrays;
  for (const auto& column : facts.columns)
    if (column.role != "x" && column.role != "sigma") roles.push_back(column.role);
  return roles;
}

void require_role(const std::string& role, const PairFacts& facts, const std::string& measurement,
                  const std::string& where) {
  const auto roles = roles_of(facts);
  if (std::find(roles.begin(), roles.end(), role) != roles.end()) return;
  throw InputError(fmt::format("{}: measurement '{}' has no column '{}'{}; {}", where, measurement, role,
                               did_you_mean(role, roles),
                               roles.empty() ? "beside x and sigma it reads none"
                                             : "beside x and sigma it reads " + list_text(roles)));
}

namespace {

/// The names between commas; as many as an object has latents.
std::vector<std::string> names_in(const std::string& text, std::size_t latents, const std::string& where) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (names.size() != latents || std::find(names.begin(), names.end(), "") != names.end())
    throw InputError(
        fmt::format("{}: expected {} names with commas between them, one for each latent, got '{}'", where,
                    latents, text));
  return names;
}

/// Lists of columns: --x a,b is x and x_2.
void take_lists_apart(CatalogOptions& options, std::size_t latents) {
  const auto apart = [&](std::string& text, const std::string& role, const std::string& where) {
    if (text.find(',') == std::string::npos) return;
    const auto names = names_in(text, latents, where);
    text = names[0];
    for (std::size_t j = 1; j < names.size(); ++j)
      if (!options.columns.emplace(fmt::format("{}_{}", role, j + 1), names[j]).second)
        throw InputError(fmt::format("{}: '{}_{}' is given twice", where, role, j + 1));
  };
  apart(options.x, "x", "--x");
  apart(options.sigma, "sigma", "--sigma");
  if (options.samples.empty()) return;
  auto names = names_in(options.samples, latents, "--samples");
  options.samples = names[0];
  options.more_samples.assign(names.begin() + 1, names.end());
}

}  // namespace

CatalogOptions catalog_options(const Request& request) {
  auto options = request.columns;
  const auto measurement =
      request.measurement.empty() ? default_measurement(request.population) : request.measurement;
  const auto facts = pair_facts(request.population, measurement);
  options.optional_columns = roles_of(facts);
  if (facts.latents.size() > 1) take_lists_apart(options, facts.latents.size());
  const bool has_x =
      (facts.columns.empty() && facts.arrays.empty()) ||
      std::any_of(facts.columns.begin(), facts.columns.end(), [](const Column& c) { return c.role == "x"; });
  const CatalogOptions standard;
  if (!has_x && options.x == standard.x) options.x.clear();
  if (is_number(options.sigma)) {
    options.sigma_value = parse_number(options.sigma, "--sigma");
    if (!(*options.sigma_value > 0))
      throw InputError(
          fmt::format("--sigma: expected a number above 0 or a column, got '{}'", options.sigma));
    options.sigma.clear();
  }
  for (const auto& [role, column] : options.columns)
    if (role != "x" && role != "sigma") require_role(role, facts, measurement, "--column");
  return options;
}

}  // namespace starling::cli
