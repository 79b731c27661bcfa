// Priors of single hyperparameters: densities, quantiles, and their text form.
// Special functions come from Boost.Math (std::lgamma is not thread-safe).
#include "starling/prior.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <system_error>
#include <vector>

#include "models/call_text.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

using Family = Prior::Family;
constexpr double infinity = std::numeric_limits<double>::infinity();
const double half_log_two_pi = 0.5 * std::log(2 * std::numbers::pi);

struct FamilyInfo {
  Family family;
  std::string_view name;
  std::array<std::string_view, 2> arguments;  // "" where there is none

  [[nodiscard]] std::size_t arity() const { return arguments[1].empty() ? 1 : 2; }
};

constexpr std::array families{
    FamilyInfo{Family::uniform, "uniform", {"lower", "upper"}},
    FamilyInfo{Family::normal, "normal", {"mean", "sd"}},
    FamilyInfo{Family::half_normal, "half_normal", {"sd", ""}},
    FamilyInfo{Family::half_cauchy, "half_cauchy", {"scale", ""}},
    FamilyInfo{Family::log_uniform, "log_uniform", {"lower", "upper"}},
    FamilyInfo{Family::log_normal, "log_normal", {"log_mean", "log_sd"}},
    FamilyInfo{Family::exponential, "exponential", {"mean", ""}},
    FamilyInfo{Family::gamma, "gamma", {"shape", "scale"}},
    FamilyInfo{Family::inverse_gamma, "inverse_gamma", {"shape", "scale"}},
    FamilyInfo{Family::fixed, "fixed", {"value", ""}},
};

const FamilyInfo& info(Family family) {
  return *std::find_if(families.begin(), families.end(),
                       [family](const FamilyInfo& entry) { return entry.family == family; });
}

// Which arguments must be positive, and which pairs ordered; all must be finite.
Prior checked(Prior prior) {
  const FamilyInfo& entry = info(prior.family);
  const auto fail = [&](std::size_t argument, std::string_view expected) {
    throw InputError(fmt::format("prior {}: {} is {}, expected {}", prior.text(), entry.arguments[argument],
                                 argument == 0 ? prior.a : prior.b, expected));
  };
  const auto positive = [&](std::size_t argument) {
    if (!((argument == 0 ? prior.a : prior.b) > 0)) fail(argument, "a number greater than 0");
  };
  if (!std::isfinite(prior.a)) fail(0, "a finite number");
  if (!std::isfinite(prior.b)) fail(1, "a finite number");
  switch (prior.family) {
    case Family::normal:
    case Family::log_normal:
      positive(1);
      break;
    case Family::half_normal:
    case Family::half_cauchy:
    case Family::exponential:
      positive(0);
      break;
    case Family::gamma:
    case Family::inverse_gamma:
      positive(0);
      positive(1);
      // beyond them quantiles cannot be computed
      if (!(prior.a >= 1e-300 && prior.a <= 1e10)) fail(0, "a number from 1e-300 to 1e10");
      break;
    case Family::log_uniform:
      positive(0);
      [[fallthrough]];
    case Family::uniform:
      if (!(prior.b > prior.a)) fail(1, fmt::format("a number greater than lower = {}", prior.a));
      if (!std::isfinite(prior.b - prior.a)) fail(1, "a finite distance from lower");
      break;
    case Family::fixed:
      break;
  }
  return prior;
}

double normal_score(double u) {
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * u);
}

// ln(b / a), accurate for b close to a and for b / a beyond the largest double.
double log_ratio(double a, double b) {
  const double excess = (b - a) / a;
  return std::isfinite(excess) ? std::log1p(excess) : std::log(b) - std::log(a);
}

bool read_number(std::string_view text, double& value) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

double Prior::lower() const {
  switch (family) {
    case Family::normal:
      return -infinity;
    case Family::uniform:
    case Family::log_uniform:
    case Family::fixed:
      return a;
    default:
      return 0;
  }
}

double Prior::upper() const {
  switch (family) {
    case Family::uniform:
    case Family::log_uniform:
      return b;
    case Family::fixed:
      return a;
    default:
      return infinity;
  }
}

double Prior::log_shape_of_any(double theta) const {
  // Written so that NaN is outside too.
  if (!(theta >= lower() && theta <= upper() && std::isfinite(theta))) return -infinity;
  const auto half_square = [](double z) { return 0.5 * z * z; };
  switch (family) {
    case Family::uniform:
    case Family::fixed:
      return 0;
    case Family::normal:
      return -half_square((theta - a) / b);
    case Family::half_normal:
      return -half_square(theta / a);
    case Family::half_cauchy:
      return -2 * std::log(std::hypot(1.0, theta / a));
    case Family::log_uniform:
      return -std::log(theta);
    case Family::log_normal:
      if (theta == 0) return -infinity;
      return -half_square((std::log(theta) - a) / b) - std::log(theta);
    case Family::exponential:
      return -theta / a;
    case Family::gamma:
      // The one point 0 is left out where the density has its pole (shape < 1): no walker may sit on it.
      if (theta == 0) return a == 1 ? 0 : -infinity;
      return (a - 1) * (std::log(theta) - std::log(b)) - theta / b;
    case Family::inverse_gamma:
      if (theta == 0 || !std::isfinite(b / theta)) return -infinity;
      return a * (std::log(b) - std::log(theta)) - b / theta - std::log(theta);
  }
  return -infinity;
}

double Prior::log_normalization() const {
  switch (family) {
    case Family::uniform:
      return std::log(b - a);
    case Family::normal:
    case Family::log_normal:
      return std::log(b) + half_log_two_pi;
    case Family::half_normal:
      return std::log(a) + half_log_two_pi - std::numbers::ln2;
    case Family::half_cauchy:
      return std::log(a) - std::log(2 / std::numbers::pi);
    case Family::log_uniform:
      return std::log(log_ratio(a, b));
    case Family::exponential:
      return std::log(a);
    case Family::gamma:
      return boost::math::lgamma(a) + std::log(b);
    case Family::inverse_gamma:
      return boost::math::lgamma(a);
    case Family::fixed:
      return 0;
  }
  return 0;
}

double Prior::quantile(double u) const {
  if (!(u > 0 && u < 1))
    throw InputError(
        fmt::format("quantile of {}: the probability is {}, expected one between 0 and 1", text(), u));
  // A positive quantity stays a positive finite number where its quantile leaves the range of double.
  const auto inside = [](double theta) {
    return std::clamp(theta, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
  };
  switch (family) {
    case Family::uniform:
      return std::clamp(a + u * (b - a), a, b);
    case Family::normal:
      return a + b * normal_score(u);
    case Family::half_normal:
      return a * std::numbers::sqrt2 *
             (u < 0.5 ? boost::math::erf_inv(u) : boost::math::erfc_inv(1 - u));  // 1 - u is exact
    case Family::half_cauchy: {
      const double quarter_turn = std::numbers::pi / 2;
      return inside(u < 0.5 ? a * std::tan(quarter_turn * u) : a / std::tan(quarter_turn * (1 - u)));
    }
    case Family::log_uniform:
      return std::clamp(u < 0.5 ? a * std::exp(u * log_ratio(a, b)) : b * std::exp((u - 1) * log_ratio(a, b)),
                        a, b);
    case Family::log_normal:
      return inside(std::exp(a + b * normal_score(u)));
    case Family::exponential:
      return inside(-a * std::log1p(-u));
    case Family::gamma:
      return inside(b * boost::math::gamma_p_inv(a, u));
    case Family::inverse_gamma:
      return inside(b / boost::math::gamma_q_inv(a, u));
    case Family::fixed:
      return a;
  }
  return a;
}

std::string Prior::text() const {
  const FamilyInfo& entry = info(family);  // {} prints the shortest text that reads back as the same double
  return entry.arity() == 1 ? fmt::format("{}({})", entry.name, a)
                            : fmt::format("{}({}, {})", entry.name, a, b);
}

Prior uniform(double lower, double upper) {
  return checked({Family::uniform, lower, upper});
}
Prior normal(double mean, double sd) {
  return checked({Family::normal, mean, sd});
}
Prior half_normal(double sd) {
  return checked({.family = Family::half_normal, .a = sd});
}
Prior half_cauchy(double scale) {
  return checked({.family = Family::half_cauchy, .a = scale});
}
Prior log_uniform(double lower, double upper) {
  return checked({Family::log_uniform, lower, upper});
}
Prior log_normal(double log_mean, double log_sd) {
  return checked({Family::log_normal, log_mean, log_sd});
}
Prior exponential(double mean) {
  return checked({.family = Family::exponential, .a = mean});
}
Prior gamma(double shape, double scale) {
  return checked({Family::gamma, shape, scale});
}
Prior inverse_gamma(double shape, double scale) {
  return checked({Family::inverse_gamma, shape, scale});
}
Prior fixed(double value) {
  return checked({.family = Family::fixed, .a = value});
}

Prior parse_prior(std::string_view text) {
  const auto fail = [&](const std::string& what) -> void {
    throw InputError(fmt::format("prior '{}': {}", trimmed_text(text), what));
  };
  const CallText call = split_call(text);
  const std::string_view name = call.name;
  const auto entry = std::find_if(families.begin(), families.end(),
                                  [name](const FamilyInfo& candidate) { return candidate.name == name; });
  if (entry == families.end()) {
    std::vector<std::string> known;
    for (const FamilyInfo& candidate : families) known.emplace_back(candidate.name);
    fail(fmt::format("unknown family '{}'{}, expected one of {}", name, did_you_mean(name, known),
                     prior_families()));
  }
  const std::string example = entry->arity() == 1
                                  ? fmt::format("{}({})", name, entry->arguments[0])
                                  : fmt::format("{}({}, {})", name, entry->arguments[0], entry->arguments[1]);
  if (!call.parentheses) fail("expected the form " + example);
  const auto& words = call.arguments;
  if (words.size() != entry->arity())
    fail(fmt::format("{} arguments, expected {}: {}", words.size(), entry->arity(), example));

  Prior prior{.family = entry->family};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!read_number(words[i], i == 0 ? prior.a : prior.b))
      fail(fmt::format("{} is '{}', expected a number", entry->arguments[i], words[i]));
  }
  return checked(prior);
}

std::string_view prior_families() {
  static const std::string text = [] {
    std::string list;
    for (const FamilyInfo& entry : families) {
      if (!list.empty()) list += ", ";
      list += fmt::format("{}({}{}{})", entry.name, entry.arguments[0], entry.arity() == 2 ? "," : "",
                          entry.arguments[1]);
    }
    return list;
  }();
  return text;
}

}  // namespace starling
