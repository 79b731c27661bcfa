/// Settings as flags of a subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "settings.hpp"

namespace starling::cli {

/// Adds the settings of some groups, and --config, to a subcommand, and reads what the user gave.
class SettingFlags {
 public:
  /// `groups`: Group values combined; `defaults`: what holds where nothing is given.
  SettingFlags(CLI::App& app, unsigned groups, const Request& defaults);
  SettingFlags(CLI::App& app, unsigned groups);

  /// The defaults, overruled by the run file, overruled by the flags. Throws InputError.
  [[nodiscard]] Request request() const;
  /// The flags that were given, as the user calls them.
  [[nodiscard]] std::vector<std::string> given() const;

 private:
  template <class Access>
  void add(CLI::App& app, const Setting& setting, Access access);

  Request defaults_;
  std::string config_;
  std::deque<std::string> texts_;  ///< addresses stay
  std::deque<std::vector<std::string>> lists_;
  std::vector<const CLI::Option*> options_;
  std::vector<std::function<void(Request&)>> apply_;
};

}  // namespace starling::cli
