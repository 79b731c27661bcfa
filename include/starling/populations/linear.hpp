/// A straight line with intrinsic scatter: eta = alpha + beta xi + N(0, scatter^2), xi from a sum of K normal
/// distributions (Kelly 2007). The latents are (xi, eta); both may be measured with errors.
#pragma once

#include <string>

#include "starling/measurements/normal_vector.hpp"

namespace starling {

template <int K>
struct LinearRelation : NormalComponents<K, 2> {
  static_assert(K >= 1 && K <= 3);
  using Base = NormalComponents<K, 2>;
  static constexpr int always_latents = 2;
  static constexpr std::string_view name = K == 1   ? "linear"
                                           : K == 2 ? "linear_mixture_2"
                                                    : "linear_mixture_3";
  static constexpr std::string_view meaning =
      K == 1 ? "eta = alpha + beta xi + N(0, scatter^2), xi normal"
             : "eta = alpha + beta xi + N(0, scatter^2), xi from a sum of normal distributions";
  static std::vector<std::string> latents() { return {"xi", "eta"}; }

  /// alpha, beta, scatter; means and standard deviations of xi's components; all weights but the last.
  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<Parameter> all{{"alpha", -infinity, infinity, "intercept"},
                               {"beta", -infinity, infinity, "slope"},
                               {"scatter", 0, infinity, "intrinsic scatter of eta about the line"}};
    const auto named = [](const std::string& what, int k) {
      return K == 1 ? what : what + "_" + std::to_string(k);
    };
    const auto of = [](int k) {
      return K == 1 ? std::string(" of xi") : std::string(" of xi, component ") + std::to_string(k);
    };
    for (int k = 1; k <= K; ++k) {
      all.push_back({named("xi_mean", k), -infinity, infinity, "mean" + of(k)});
      all.push_back({named("xi_sd", k), 0, infinity, "standard deviation" + of(k)});
    }
    for (int k = 1; k < K; ++k)
      all.push_back({named("xi_weight", k), 0, 1, "fraction" + of(k), "uniform(0, 1)"});
    return all;
  }
  /// Components of xi in ascending order; weights flat on the simplex.
  static double log_constraint(std::span<const double> theta) {
    const double infinity = std::numeric_limits<double>::infinity();
    if (!(weight(theta, K - 1) > 0)) return -infinity;
    for (std::size_t k = 1; k < K; ++k)
      if (!(theta[1 + 2 * k] < theta[3 + 2 * k])) return -infinity;
    return 0;
  }

  static std::vector<NormalComponent> components(std::span<const double> theta) {
    std::vector<NormalComponent> all;
    const double alpha = theta[0], beta = theta[1], scatter = theta[2];
    for (std::size_t k = 0; k < K; ++k) {
      const double mean = theta[3 + 2 * k], variance = theta[4 + 2 * k] * theta[4 + 2 * k];
      all.push_back({std::max(weight(theta, static_cast<int>(k)), 0.0),
                     {mean, alpha + beta * mean},
                     {variance, beta * variance, beta * beta * variance + scatter * scatter}});
    }
    return all;
  }
  static std::array<double, Base::prepared_size> prepare(std::span<const double> theta) {
    return Base::prepare_density(components(theta));
  }
  static void draw(std::span<const double> theta, std::span<const double>, HostStream& stream,
                   std::span<double> mu) {
    Base::draw_from(components(theta), stream, mu);
  }

  /// Method of moments: the slope from the covariance less that of the noise.
  static Start estimate(const VectorPoints& p) {
    const auto excess = [&](std::size_t place) { return p.covariance[place] - p.noise[place]; };
    const auto positive = [](double value, double scale) { return std::max(value, 0.05 * scale); };
    const double total = p.covariance[0] > 0 ? p.covariance[0] : 1,
                 of_eta = p.covariance[2] > 0 ? p.covariance[2] : 1;
    const double variance = positive(excess(0), total), beta = excess(1) / variance;
    const double rest = positive(excess(2) - beta * excess(1), of_eta);
    const double root_n = std::sqrt(p.n), sd = std::sqrt(variance), scatter = std::sqrt(rest);
    // the scatter, noise included, over the width of xi
    const double of_beta = std::sqrt(of_eta) / (sd * root_n);
    Start start{{p.mean[1] - beta * p.mean[0], beta, scatter},
                {std::sqrt(of_eta / p.n) + std::abs(p.mean[0]) * of_beta, of_beta,
                 std::min(std::sqrt(of_eta) / root_n, scatter / 3)}};
    for (int k = 0; k < K; ++k) {
      start.center.push_back(p.mean[0] + sd * (K == 1 ? 0 : 1.5 * k - 0.75 * (K - 1)));
      start.spread.push_back(std::sqrt(total / p.n));
      start.center.push_back(K == 1 ? sd : 0.7 * sd);
      start.spread.push_back(std::min(sd / root_n, start.center.back() / 3));
    }
    for (int k = 1; k < K; ++k) {
      start.center.push_back(1.0 / K);
      start.spread.push_back(0.1 / K);
    }
    return start;
  }

 private:
  static double weight(std::span<const double> theta, int k) {
    if constexpr (K == 1) return 1;
    const auto first = static_cast<std::size_t>(3 + 2 * K);
    if (k < K - 1) return theta[first + static_cast<std::size_t>(k)];
    double last = 1;
    for (std::size_t j = 0; j + 1 < K; ++j) last -= theta[first + j];
    return last;
  }
};

using Linear = LinearRelation<1>;
using LinearMixture2 = LinearRelation<2>;
using LinearMixture3 = LinearRelation<3>;

static_assert(VectorPopulation<Linear> && HasNormalComponents<LinearMixture2>);

}  // namespace starling
