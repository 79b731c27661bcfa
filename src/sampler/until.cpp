#include "sampler/until.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling {
namespace {

constexpr std::size_t most_values = std::size_t{1} << 19;  // 4 MiB

/// Draws of one column, [chain][draw].
std::vector<double> column(const std::vector<double>& rows, std::size_t chains, std::size_t dimension,
                           std::size_t j) {
  const std::size_t draws = rows.size() / (chains * dimension);
  std::vector<double> values(chains * draws);
  for (std::size_t t = 0; t < draws; ++t)
    for (std::size_t c = 0; c < chains; ++c) values[c * draws + t] = rows[(t * chains + c) * dimension + j];
  return values;
}

double number_of(const std::string& item, const std::string& text) {
  const std::size_t equals = item.find('=');
  const std::string number = equals == std::string::npos ? "" : item.substr(equals + 1);
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(number, &used);
  } catch (const std::exception&) {
    used = std::string::npos;
  }
  if (used != number.size() || !std::isfinite(value))
    throw InputError(fmt::format("until '{}': expected a number in '{}', as ess=1000", text, item));
  return value;
}

}  // namespace

Until parse_until(const std::string& text) {
  Until until;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin), name = item.substr(0, item.find('='));
    if (name == "ess") {
      until.ess = number_of(item, text);
      if (!(until.ess > 0))
        throw InputError(fmt::format("until '{}': expected an ess above 0, got {}", text, until.ess));
    } else if (name == "rhat") {
      until.r_hat = number_of(item, text);
      if (!(until.r_hat > 1))
        throw InputError(fmt::format("until '{}': expected an rhat above 1, got {}", text, until.r_hat));
    } else {
      throw InputError(
          fmt::format("until '{}': unknown condition '{}'{}; expected ess or rhat, as "
                      "ess=1000,rhat=1.01",
                      text, name, did_you_mean(name, {"ess", "rhat"})));
    }
    begin = end + 1;
  }
  return until;
}

std::string to_string(const Until& until) {
  std::string text;
  if (until.ess > 0) text = fmt::format("ess={}", until.ess);
  if (until.r_hat > 0) text += fmt::format("{}rhat={}", text.empty() ? "" : ",", until.r_hat);
  return text;
}

StopRule::StopRule(const FitOptions& options, std::vector<std::string> parameters)
    : until_(options.until),
      block_(options.steps),
      limit_(options.max_steps),
      next_(options.steps),
      parameters_(std::move(parameters)) {}

void StopRule::add(const Ensembles& state) {
  if (seen_++ % stride_ != 0) return;
  draws_.insert(draws_.end(), state.theta.begin(), state.theta.end());
  const std::size_t row = state.theta.size(), rows = draws_.size() / row;
  if (draws_.size() < 2 * most_values || rows < 256) return;  // few draws of many walkers are all kept
  for (std::size_t t = 1; 2 * t < rows; ++t)
    std::copy_n(draws_.begin() + static_cast<std::ptrdiff_t>(2 * t * row), row,
                draws_.begin() + static_cast<std::ptrdiff_t>(t * row));
  draws_.resize((rows + 1) / 2 * row);
  stride_ *= 2;
}

bool StopRule::reached(std::size_t steps, const Ensembles& state) {
  if (steps < next_ && steps != limit_) return false;
  next_ = steps + std::max(block_, steps / 4);
  verdict_ = judge(state);
  return verdict_ == "yes";
}

void StopRule::state(State& state) {
  for (auto* number : {&next_, &stride_, &seen_}) state.number(*number);
  state.list(draws_);
  state.text(verdict_);
  if (stride_ == 0) throw RunError("the saved state is not of this run: it keeps every 0th draw");
}

std::string StopRule::judge(const Ensembles& state) const {
  double ess = INFINITY, r_hat = 0;
  std::string fewest, largest;
  for (const std::size_t j : state.free) {
    const auto values = column(draws_, state.chains(), state.dimension, j);
    const Draws draws{values.data(), state.chains(), values.size() / state.chains()};
    const double e = std::min(ess_bulk(draws), ess_tail(draws)), r = starling::r_hat(draws);
    if (!(e >= ess)) ess = e, fewest = parameters_[j];
    if (!(r <= r_hat)) r_hat = r, largest = parameters_[j];
  }
  std::string missing;
  if (until_.ess > 0 && !(ess >= until_.ess))
    missing = fmt::format("ess={} (it is {:.0f} for {})", until_.ess, ess, fewest);
  if (until_.r_hat > 0 && !(r_hat <= until_.r_hat))
    missing += fmt::format("{}rhat={} (it is {:.4f} for {})", missing.empty() ? "" : ", ", until_.r_hat,
                           r_hat, largest);
  return missing.empty() ? "yes" : missing;
}

}  // namespace starling
