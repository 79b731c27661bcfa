// Texts as users write them on the command line: one line is given to every parser of them. What follows it
// is the file t.csv, which selections may name.
#include <cstdio>
#include <string_view>

#include "catalog/rows.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "input.hpp"
#include "starling/fit.hpp"
#include "starling/pairs.hpp"
#include "starling/prior.hpp"

namespace {

using namespace starling;

constexpr std::string_view kFile = "t.csv";

void read_prior(const std::string& text) {
  const Prior prior = parse_prior(text);
  const Prior again = parse_prior(prior.text());
  fuzz::require(again.a == prior.a && again.b == prior.b, "a prior's text reads back");
  for (const double u : {1e-300, 0.25, 0.5, 1 - 1e-16})
    static_cast<void>(prior.log_density(prior.quantile(u)));
}

void read_model(const std::string& text) {
  fuzz::read([&] {
    for (const auto& parameter : parameters_of(text, "normal", true))
      fuzz::require(!parameter.name.empty(), "");
  });
  fuzz::read([&] { static_cast<void>(parameters_of("normal", text)); });
  fuzz::read([&] { static_cast<void>(pair_facts(text, "normal")); });
  fuzz::read([&] { static_cast<void>(pair_facts("normal", text)); });
  fuzz::read([&] { cli::require_role("trials", pair_facts("beta", text), text, "--column"); });
  fuzz::read([&] { cli::require_role(text, pair_facts("beta", "binomial"), "binomial", "--column"); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool empty = std::freopen("/dev/null", "r", stdin) != nullptr;  // which "-" names
  fuzz::require(empty, "standard input is empty");
  fuzz::Input input(data, size);
  std::string text = input.until('\n');
  const auto file = fuzz::file_of("t.csv", input.rest());
  if (const auto at = text.find(kFile); at != std::string::npos)
    text.replace(at, kFile.size(), file.string());
  fuzz::read([&] { read_prior(text); });
  read_model(text);
  fuzz::read([&] { static_cast<void>(parse_selection(text)); });
  fuzz::read([&] {
    const MoveMix moves = parse_moves(text);
    fuzz::require(parse_moves(to_string(moves)) == moves, "the text of moves reads back");
  });
  fuzz::read([&] {
    const Until until = parse_until(text), again = parse_until(to_string(until));
    fuzz::require(until.ess == again.ess && until.r_hat == again.r_hat, "the text of until reads back");
  });
  fuzz::read([&] { static_cast<void>(parse_method(text)); });
  fuzz::read([&] { static_cast<void>(cli::parse_values(text, "--truth")); });
  fuzz::read([&] { static_cast<void>(cli::parse_whole(text, "--seed", 1000)); });
  fuzz::read([&] { static_cast<void>(cli::parse_number(text, "--sigma")); });
  fuzz::read([&] { check_role(text); });
  static_cast<void>(number_in(text));
  static_cast<void>(catalog_file(text));
  fuzz::read([&] {
    CatalogOptions options;
    options.columns["trials"] = text;
    check_column_options(options);
  });
  return 0;
}
