/// A model of somebody's own with two latents per object and rows of numbers: exponential decays, each
/// measured at several times of its own.
#pragma once

#include <starling/populations/independent.hpp>
#include <starling/populations/normal.hpp>

struct DecayNames {
  static constexpr std::string_view name = "decays";
  static constexpr std::string_view meaning = "ln of the height and ln of the rate, each normal";
  static constexpr const char* latents[] = {"height", "rate"};
};
using Decays =
    starling::IndependentLatents<DecayNames, starling::NormalPopulation, starling::NormalPopulation>;

/// value ~ N(exp(height - exp(rate) time), noise^2), noise a hyperparameter
struct DecayCurve {
  static constexpr std::string_view name = "decay_curve";
  static constexpr std::string_view meaning = "values at several times, noise unknown";
  static std::vector<starling::Parameter> parameters() {
    return {{"noise", 0, std::numeric_limits<double>::infinity(), "standard deviation of a value",
             "half_normal(1)"}};
  }
  static std::vector<starling::Column> columns(int) { return {}; }
  static std::vector<starling::ArrayColumn> arrays() {
    return {{"time", "times"}, {"value", "values at these"}};
  }
  static std::vector<double> numbers(const starling::VectorRow& row, std::span<const starling::Frame>) {
    std::vector<double> all;
    for (std::size_t k = 0; k < row.arrays[0].size(); ++k)
      all.insert(all.end(), {row.arrays[0][k], row.arrays[1][k]});
    return all;
  }
  static void start(const starling::VectorRow& row, std::span<double> mu) {
    mu[0] = std::log(std::max(row.arrays[1][0], 0.1));
    mu[1] = 0;
  }
  static void spread(const starling::VectorRow&, std::span<double> sd) { sd[0] = sd[1] = 0.3; }
  static std::array<double, 2> prepare(std::span<const double> theta) {
    return {1 / (theta[0] * theta[0]), -std::log(theta[0])};
  }
  template <class R, class S>
  static STARLING_HD R log_likelihood(const starling::Coefficients<R, 2>& c, const S* numbers,
                                      std::uint64_t size, int, const R* mu) {
    namespace math = starling::math;
    const R rate = math::exp(mu[1]);
    R square(0.0f);
    for (std::uint64_t k = 0; k < size; k += 2) {
      const R r = R(numbers[k + 1]) - math::exp(mu[0] - rate * R(numbers[k]));
      square = math::fma(r, r, square);
    }
    return math::fma(R(-0.5f) * c[0], square, c[1] * R(static_cast<float>(size / 2)));
  }
};
