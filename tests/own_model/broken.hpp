/// A mistake: log_density is missing.
#pragma once

#include <starling/population.hpp>

struct Broken {
  static constexpr std::string_view name = "broken";
  static constexpr std::string_view meaning = "lacks its density";
  static std::vector<starling::Parameter> parameters() { return {{"s", 0, 1, "a number", "uniform(0, 1)"}}; }
  static constexpr int prepared_size = 1;
  static std::array<double, 1> prepare(std::span<const double> theta) { return {theta[0]}; }
  static double draw(std::span<const double> theta, starling::HostStream&) { return theta[0]; }
  static starling::Start estimate(const starling::Points&) { return {{0.5}, {0.1}}; }
};
