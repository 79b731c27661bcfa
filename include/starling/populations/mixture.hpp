/// A mixture of K populations of one kind: p(mu) = sum_k weight_k P(mu | theta_k), weights flat on the
/// simplex, components in ascending order of their first parameter.
#pragma once

#include <boost/math/special_functions/erf.hpp>

#include "starling/populations/beta.hpp"
#include "starling/populations/gamma.hpp"
#include "starling/populations/log_normal.hpp"
#include "starling/populations/normal.hpp"

namespace starling {

template <class P, int K>
struct Mixture {
  static_assert(K >= 2 && K <= 9);

 private:
  static constexpr std::string_view suffix = "_mixture_";
  static constexpr auto text = [] {
    std::array<char, P::name.size() + suffix.size() + 1> t{};
    std::copy(suffix.begin(), suffix.end(), std::copy(P::name.begin(), P::name.end(), t.begin()));
    t.back() = static_cast<char>('0' + K);
    return t;
  }();
  static constexpr double infinity = std::numeric_limits<double>::infinity();

 public:
  static constexpr std::string_view name{text.data(), text.size()};
  static constexpr std::string_view meaning =
      "sum_k weight_k p(mu | component k), ordered by their first parameter";

  P component;  ///< with the fixed arguments, common to all
  Mixture() requires std::default_initializable<P>
  = default;
  explicit Mixture(P p) : component(p) {}
  explicit Mixture(std::span<const double> values) requires HasArguments<P> : component(values) {}
  static std::vector<Argument> arguments() requires HasArguments<P> { return P::arguments(); }

  /// Those of component 1, of component 2, ..., then weight_1 ... weight_(K-1).
  [[nodiscard]] std::vector<Parameter> parameters() const {
    std::vector<Parameter> all;
    for (int k = 1; k <= K; ++k)
      for (Parameter p : component.parameters()) {
        p.name.append("_").append(std::to_string(k));
        p.meaning.append(", component ").append(std::to_string(k));
        all.push_back(p);
      }
    for (int k = 1; k < K; ++k)
      all.push_back({std::string("weight_").append(std::to_string(k)), 0, 1,
                     std::string("fraction of component ").append(std::to_string(k)), "uniform(0, 1)"});
    return all;
  }
  /// A uniform prior of every weight and this make a Dirichlet(1, ..., 1) density.
  [[nodiscard]] double log_constraint(std::span<const double> theta) const {
    if (!(weight(theta, K - 1) > 0)) return -infinity;
    double sum = 0;
    for (int k = 0; k < K; ++k) {
      if (k > 0 && !(part(theta, k - 1)[0] < part(theta, k)[0])) return -infinity;
      if constexpr (HasConstraint<P>) sum += component.log_constraint(part(theta, k));
    }
    return sum;
  }

  // ---- density: coefficients {those of component 1, ..., of component K, ln of the K weights}
  static constexpr int prepared_size = K * (P::prepared_size + 1);
  [[nodiscard]] std::array<double, prepared_size> prepare(std::span<const double> theta) const {
    std::array<double, prepared_size> c;
    for (int k = 0; k < K; ++k) {
      const auto one = component.prepare(part(theta, k));
      std::copy(one.begin(), one.end(), c.begin() + k * P::prepared_size);
      c[K * P::prepared_size + k] = std::log(std::max(weight(theta, k), 0.0));
    }
    return c;
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, prepared_size>& c, R mu) {
    return log_sum(c, [&](const auto& one) { return P::log_density(one, mu); });
  }
  template <class R>
  static STARLING_HD R log_density_with_noise(const Coefficients<R, prepared_size>& c, R x,
                                              R variance) requires HasNoisyDensity<P> {
    return log_sum(c, [&](const auto& one) { return P::log_density_with_noise(one, x, variance); });
  }

  static constexpr bool frame_shifts = [] {
    if constexpr (HasFrame<P>) return P::frame_shifts;
    return false;
  }();
  static constexpr bool frame_scales = [] {
    if constexpr (HasFrame<P>) return P::frame_scales;
    return false;
  }();
  [[nodiscard]] Mixture in_frame(Frame frame) const requires HasFrame<P> {
    return Mixture(component.in_frame(frame));
  }
  [[nodiscard]] std::vector<double> to_frame(std::span<const double> theta,
                                             Frame frame) const requires HasFrame<P> {
    std::vector<double> all;
    for (int k = 0; k < K; ++k)
      for (const double value : component.to_frame(part(theta, k), frame)) all.push_back(value);
    all.insert(all.end(), theta.end() - (K - 1), theta.end());
    return all;
  }

  static constexpr bool support_moves = [] {
    if constexpr (HasSupport<P>) return P::support_moves;
    return false;
  }();
  [[nodiscard]] std::pair<double, double> support(std::span<const double> theta) const requires
      HasSupport<P> {
    std::pair<double, double> all{infinity, -infinity};
    for (int k = 0; k < K; ++k) {
      const auto [lower, upper] = component.support(part(theta, k));
      all = {std::min(all.first, lower), std::max(all.second, upper)};
    }
    return all;
  }

  double draw(std::span<const double> theta, HostStream& stream) const {
    double u = stream.uniform();
    int k = 0;
    while (k < K - 1 && u >= weight(theta, k)) u -= weight(theta, k++);
    return component.draw(part(theta, k), stream);
  }
  [[nodiscard]] double cdf(std::span<const double> theta, double mu) const requires HasCdf<P> {
    double sum = 0;
    for (int k = 0; k < K; ++k) sum += weight(theta, k) * component.cdf(part(theta, k), mu);
    return sum;
  }

  /// Equal weights; the components where a normal of the points' mean and width has its quantiles
  /// (k - 1/2) / K, with 1 / K of the width.
  [[nodiscard]] Start estimate(const Points& p) const {
    const double sd = NormalPopulation::estimate(p).center[1];
    std::vector<Start> starts;
    for (int k = 0; k < K; ++k) {
      Points some = p;
      some.n = std::max(p.n / K, 1.0);
      some.mean = p.mean + sd * 1.41421356237309504880 * boost::math::erf_inv((2.0 * k + 1) / K - 1);
      if (p.largest > p.smallest) some.mean = std::clamp(some.mean, p.smallest, p.largest);
      some.variance = sd * sd / (K * K) + p.noise;
      starts.push_back(component.estimate(some));
    }
    std::stable_sort(starts.begin(), starts.end(),
                     [](const Start& a, const Start& b) { return a.center[0] < b.center[0]; });
    for (std::size_t k = 1; k < K; ++k)  // strictly, be they all at the same place
      starts[k].center[0] =
          std::max(starts[k].center[0], starts[k - 1].center[0] + 0.01 * starts[k - 1].spread[0]);
    Start all;
    for (const Start& one : starts) {
      all.center.insert(all.center.end(), one.center.begin(), one.center.end());
      all.spread.insert(all.spread.end(), one.spread.begin(), one.spread.end());
    }
    all.center.insert(all.center.end(), K - 1, 1.0 / K);
    all.spread.insert(all.spread.end(), K - 1, 0.25 / K);
    return all;
  }

 private:
  /// ln sum_k weight_k exp(log_term(coefficients of component k))
  template <class R, class LogTerm>
  static STARLING_HD R log_sum(const Coefficients<R, prepared_size>& c, const LogTerm& log_term) {
    R terms[K];
    R largest(-__builtin_huge_valf());
    for (int k = 0; k < K; ++k) {
      Coefficients<R, P::prepared_size> one;
      for (int j = 0; j < P::prepared_size; ++j) one[j] = c[k * P::prepared_size + j];
      terms[k] = log_term(one) + c[K * P::prepared_size + k];
      largest = math::larger(terms[k], largest);
    }
    const math::Mask<R> possible = largest > R(-__builtin_huge_valf());
    const R shift = math::select<R>(possible, largest, R(0.0f));
    R sum(0.0f);
    for (int k = 0; k < K; ++k) sum = sum + math::exp(terms[k] - shift);
    return math::select<R>(possible, shift + math::log_clamped(sum), largest);
  }
  /// theta of component k.
  static std::span<const double> part(std::span<const double> theta, int k) {
    const std::size_t d = (theta.size() - (K - 1)) / K;
    return theta.subspan(static_cast<std::size_t>(k) * d, d);
  }
  static double weight(std::span<const double> theta, int k) {
    const std::span<const double> weights = theta.last(K - 1);
    if (k < K - 1) return weights[static_cast<std::size_t>(k)];
    double rest = 1;
    for (const double w : weights) rest -= w;
    return rest;
  }
};

using NormalMixture2 = Mixture<NormalPopulation, 2>;
using NormalMixture3 = Mixture<NormalPopulation, 3>;
using NormalMixture4 = Mixture<NormalPopulation, 4>;
using LogNormalMixture2 = Mixture<LogNormalPopulation, 2>;
using GammaMixture2 = Mixture<GammaPopulation, 2>;
using BetaMixture2 = Mixture<BetaPopulation, 2>;

static_assert(NormalMixture2::name == "normal_mixture_2");
static_assert(Population<NormalMixture2> && HasConstraint<NormalMixture2> && HasFrame<NormalMixture2> &&
              HasCdf<NormalMixture2> && HasNoisyDensity<NormalMixture2> && !HasArguments<NormalMixture2>);

}  // namespace starling
