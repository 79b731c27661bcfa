/// Settings as flags of a subcommand.
#include "flags.hpp"

#include <fmt/format.h>

#include <map>
#include <type_traits>

#include "starling/error.hpp"
#include "text.hpp"

namespace starling::cli {

template <class Access>
void SettingFlags::add(CLI::App& app, const Setting& setting, Access access) {
  using Member = std::remove_cvref_t<decltype(access(std::declval<Request&>()))>;
  const std::string flag = setting.flag;
  const auto blamed = flag.substr(0, flag.find(','));
  CLI::Option* option = nullptr;
  if constexpr (std::is_same_v<Member, bool>) {
    option = app.add_flag(flag, setting.help);
    apply_.push_back([=, negates = setting.negates](Request& request) {
      if (option->count()) access(request) = !negates;
    });
  } else if constexpr (std::is_same_v<Member, std::map<std::string, std::string>>) {
    auto& list = lists_.emplace_back();
    option = app.add_option(flag, list, setting.help)->allow_extra_args(false)->type_name(setting.value);
    apply_.push_back([=, &list](Request& request) {
      std::map<std::string, std::string> given;
      for (const auto& text : list) {
        auto [name, value] = parse_assignment(text, blamed);
        if (!given.emplace(name, value).second)
          throw InputError(fmt::format("{}: '{}' is given twice", blamed, name));
        access(request)[name] = value;
      }
    });
  } else {
    auto& text = texts_.emplace_back();
    option = app.add_option(flag, text, setting.help)->type_name(setting.value);
    const auto shown = fmt::format("{}", access(defaults_));
    if (!shown.empty()) option->default_str(shown);
    apply_.push_back([=, &text](Request& request) {
      if (!option->count()) return;
      if (text.empty()) throw InputError(fmt::format("{}: expected a value, got empty text", blamed));
      assign(access(request), text, blamed);
    });
  }
  options_.push_back(option);
}

SettingFlags::SettingFlags(CLI::App& app, unsigned groups) : SettingFlags(app, groups, Request{}) {}

SettingFlags::SettingFlags(CLI::App& app, unsigned groups, const Request& defaults) : defaults_(defaults) {
  for_each_setting([&](const Setting& setting, auto access) {
    if (setting.group & groups) add(app, setting, access);
  });
  options_.push_back(
      app.add_option(
             "--config", config_,
             "run file (TOML) that says the same as these flags, or a chain file to repeat; flags win")
          ->type_name("FILE"));
}

Request SettingFlags::request() const {
  Request request = defaults_;
  if (!config_.empty()) read_run_file(config_, request);
  for (const auto& apply : apply_) apply(request);
  return request;
}

std::vector<std::string> SettingFlags::given() const {
  std::vector<std::string> names;
  for (const auto* option : options_)
    if (option->count()) names.push_back(option->get_name());
  return names;
}

}  // namespace starling::cli
