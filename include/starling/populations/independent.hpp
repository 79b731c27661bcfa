/// Several latents per object that are independent of each other, each of a population of its own:
/// p(mu | theta) = P_1(mu_1 | theta_1) P_2(mu_2 | theta_2) ...
#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "starling/vectors.hpp"

namespace starling {

/// `Names` has what the populations don't: `name`, `meaning`, `latents` (an array of names, one for each).
/// Hyperparameters are those of the populations, in turn; all but the first population's have the name of
/// their latent after their own: theta_mu_dust.
template <class Names, Population... Ps>
struct IndependentLatents {
  static constexpr std::string_view name = Names::name;
  static constexpr std::string_view meaning = Names::meaning;
  static constexpr int most_latents = sizeof...(Ps), always_latents = most_latents;
  static_assert(most_latents <= kMostLatents && std::size(Names::latents) == most_latents);

  std::tuple<Ps...> parts;
  IndependentLatents() requires(std::default_initializable<Ps>&&...) = default;
  explicit IndependentLatents(Ps... p) : parts(std::move(p)...) {}

  static std::vector<std::string> latents() { return {std::begin(Names::latents), std::end(Names::latents)}; }
  [[nodiscard]] std::vector<Parameter> parameters() const {
    std::vector<Parameter> all;
    each([&](std::size_t j, const auto& p) {
      for (Parameter one : p.parameters()) {
        const std::string latent(Names::latents[j]);
        if (j > 0) one.name.append("_").append(latent);
        one.meaning.append(" (").append(latent).append(")");
        all.push_back(one);
      }
    });
    return all;
  }
  [[nodiscard]] double log_constraint(std::span<const double> theta) const {
    double sum = 0;
    each([&]<class P>(std::size_t, const P& p) {
      const auto own = take(p, theta);
      if constexpr (HasConstraint<P>) sum += p.log_constraint(own);
    });
    return sum;
  }

  // ---- density: the populations' coefficients, in turn
  static constexpr int prepared_size = (Ps::prepared_size + ...);
  [[nodiscard]] std::array<double, prepared_size> prepare(std::span<const double> theta) const {
    std::array<double, prepared_size> c;
    std::size_t next = 0;
    each([&](std::size_t, const auto& p) {
      for (const double value : p.prepare(take(p, theta))) c[next++] = value;
    });
    return c;
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, prepared_size>& c, int, const R* mu, const R*) {
    return sum_of<0, 0, R, Ps...>(c, mu);
  }
  void draw(std::span<const double> theta, std::span<const double>, HostStream& stream,
            std::span<double> mu) const {
    each([&](std::size_t j, const auto& p) { mu[j] = p.draw(take(p, theta), stream); });
  }
  [[nodiscard]] std::vector<std::pair<double, double>> location_scales(std::span<const double> theta) const {
    std::vector<std::pair<double, double>> all;
    each([&]<class P>(std::size_t, const P& p) {
      const auto own = take(p, theta);
      if constexpr (LocationScale<P>)
        all.push_back(p.location_scale(own));
      else
        all.emplace_back(0, 1);
    });
    return all;
  }
  [[nodiscard]] std::vector<std::size_t> location_scale_parameters() const {
    std::vector<std::size_t> all;
    std::size_t first = 0;
    each([&]<class P>(std::size_t, const P& p) {
      if (LocationScale<P>) all.insert(all.end(), {first, first + 1});
      first += p.parameters().size();
    });
    return all;
  }
  [[nodiscard]] Start estimate(const VectorPoints& points) const {
    Start start;
    each([&](std::size_t j, const auto& p) {
      const auto diagonal = static_cast<std::size_t>(packed(static_cast<int>(j), static_cast<int>(j)));
      const Start one = p.estimate({points.n, points.mean[j], points.covariance[diagonal],
                                    points.noise[diagonal], points.smallest[j], points.largest[j]});
      start.center.insert(start.center.end(), one.center.begin(), one.center.end());
      start.spread.insert(start.spread.end(), one.spread.begin(), one.spread.end());
    });
    return start;
  }

 private:
  /// f(number, population) for all.
  template <class F>
  void each(const F& f) const {
    std::apply(
        [&](const auto&... p) {
          std::size_t j = 0;
          (f(j++, p), ...);
        },
        parts);
  }
  /// The population's own theta, which is cut off the front.
  template <class P>
  static std::span<const double> take(const P& p, std::span<const double>& theta) {
    const auto own = theta.first(p.parameters().size());
    theta = theta.subspan(own.size());
    return own;
  }
  template <int first, int j, class R, class P, class... More>
  static STARLING_HD R sum_of(const Coefficients<R, prepared_size>& c, const R* mu) {
    Coefficients<R, P::prepared_size> own;
    for (int k = 0; k < P::prepared_size; ++k) own[k] = c[first + k];
    const R l = P::log_density(own, mu[j]);
    if constexpr (sizeof...(More) > 0)
      return l + sum_of<first + P::prepared_size, j + 1, R, More...>(c, mu);
    else
      return l;
  }
};

}  // namespace starling
