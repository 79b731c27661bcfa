/// One sweep of one object's latent for the walkers that R holds: exact draws and Metropolis updates, the
/// sums that the theta step needs, and the adaptation of the proposal's scale.
#pragma once

#include "formulas/layout.hpp"
#include "formulas/objects.hpp"
#include "starling/measurement.hpp"
#include "starling/measurements/normal.hpp"
#include "starling/populations/normal.hpp"

namespace starling {

/// What a call of the latent kernel does, in this order.
struct LatentStep {
  enum class Collect : std::uint32_t {
    nothing,
    moments,   ///< add the transformed latents (the draw of the sweep before) to each object's moments
    accepted,  ///< count each object's accepted updates of this sweep, for the adaptation
  };
  std::uint64_t seed = 0;
  std::uint32_t sweep = 0;
  std::uint32_t updates = 1;  ///< Metropolis updates of each latent; 0: none, only transform and collect
  std::uint32_t start = 0;    ///< 1: set the first latents instead
  Collect collect = Collect::nothing;
};

/// Coefficients common to all latent kernels: the transform mu <- a mu + b that the sweep before left to do.
inline constexpr int kTransform = 2;

/// Sums over objects that a normal measurement needs in the theta step, with v = x - mu and w = 1 / sigma^2:
/// w v, w v mu, w mu, w mu^2, w v^2.
enum NormalSums { kSumWV, kSumWVMu, kSumWMu, kSumWMu2, kSumWV2, kNormalSums };

template <class P, class R>
STARLING_HD void add_statistics(R mu, const Datum<R>& d, R* sums) {
  if constexpr (HasStatistics<P>) {
    const auto s = P::statistics(mu);
    for (int j = 0; j < P::statistics_size; ++j) sums[j] = sums[j] + s[j];
  }
  R* n = sums + statistics_size<P>();
  const R v = d.x - mu, wv = d.precision * v, wmu = d.precision * mu;
  n[kSumWV] = n[kSumWV] + wv;
  n[kSumWVMu] = math::fma(wv, mu, n[kSumWVMu]);
  n[kSumWMu] = n[kSumWMu] + wmu;
  n[kSumWMu2] = math::fma(wmu, mu, n[kSumWMu2]);
  n[kSumWV2] = math::fma(wv, v, n[kSumWV2]);
}

template <class R>
STARLING_HD Words<typename math::Ops<R>::Word> latent_words(std::uint64_t seed, std::uint32_t block,
                                                            std::uint32_t sweep,
                                                            typename math::Ops<R>::Word chain,
                                                            std::uint32_t purpose) {
  using W = typename math::Ops<R>::Word;
  return philox4x32(Words<W>{{W(block), W(sweep), chain, W(purpose)}}, seed);
}

/// Normal population and normal noise: mu | x, theta is normal with precision 1 / theta_sigma^2 + w /
/// noise_scale^2 and is drawn exactly. Coefficients after the transform: theta_mu, 1 / theta_sigma^2, 1 /
/// noise_scale^2.
struct ExactNormalLatent {
  static constexpr int coefficients = kTransform + 3;
  static constexpr bool metropolis = false;
  using Statistics = NormalPopulation;

  /// One Philox block gives the normals of four neighbouring objects.
  template <class R>
  static STARLING_HD void normals(const LatentStep& step, Purpose purpose, std::uint64_t quad,
                                  typename math::Ops<R>::Word chain, R z[4]) {
    const auto r = latent_words<R>(step.seed, static_cast<std::uint32_t>(quad), step.sweep, chain,
                                   purpose_word(purpose));
    normal_pair<R>(r.w[0], r.w[1], z[0], z[1]);
    normal_pair<R>(r.w[2], r.w[3], z[2], z[3]);
  }

  template <class R>
  static STARLING_HD R draw(const Coefficients<R, coefficients>& c, const Datum<R>& d, R z) {
    const R variance = R(1.0f) / math::fma(d.precision, c[4], c[3]);
    const R mean_from_x = (c[2] - d.x) * (c[3] * variance);
    return d.x + math::fma(math::sqrt(variance), z, mean_from_x);
  }

  template <class R>
  static STARLING_HD void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                 std::uint64_t quad, typename math::Ops<R>::Word chain, const Datum<R> d[4],
                                 const R*, R mu[4], R accepted[4]) {
    R z[4];
    normals(step, step.start ? Purpose::latent_start : Purpose::latent, quad, chain, z);
    for (int j = 0; j < 4; ++j) {
      mu[j] = draw(c, d[j], z[j]);
      accepted[j] = R(1.0f);
    }
  }
};

/// Any population and measurement: random-walk Metropolis, step.updates times, with one proposal scale per
/// object. Coefficients after the transform: the population's, then the measurement's.
template <class P, class M>
struct MetropolisLatent {
  static constexpr int coefficients = kTransform + P::prepared_size + M::prepared_size;
  static constexpr bool metropolis = true;
  using Statistics = P;

  template <class R>
  static STARLING_HD void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                 std::uint64_t quad, typename math::Ops<R>::Word chain, const Datum<R> d[4],
                                 const R scale[4], R mu[4], R accepted[4]) {
    Coefficients<R, P::prepared_size> population;
    Coefficients<R, M::prepared_size> measurement;
    for (int j = 0; j < P::prepared_size; ++j) population[j] = c[kTransform + j];
    for (int j = 0; j < M::prepared_size; ++j) measurement[j] = c[kTransform + P::prepared_size + j];
    for (int j = 0; j < 4; ++j) accepted[j] = R(0.0f);
    for (std::uint32_t u = 0; u < step.updates; ++u) {
      for (int pair = 0; pair < 2; ++pair) {
        const auto r =
            latent_words<R>(step.seed, static_cast<std::uint32_t>(2 * quad + static_cast<unsigned>(pair)),
                            step.sweep, chain, purpose_word(Purpose::latent, u));
        R z[2];
        normal_pair<R>(r.w[0], r.w[1], z[0], z[1]);
        for (int k = 0; k < 2; ++k) {
          const int j = 2 * pair + k;
          const R proposed = math::fma(scale[j], z[k], mu[j]);
          const R change = M::log_ratio(measurement, d[j], proposed, mu[j]) +
                           (P::log_density(population, proposed) - P::log_density(population, mu[j]));
          const math::Mask<R> accept = math::log(uniform01<R>(r.w[2 + k])) < change;  // false where it is NaN
          mu[j] = math::select<R>(accept, proposed, mu[j]);
          accepted[j] = accepted[j] + math::select<R>(accept, R(1.0f), R(0.0f));
        }
      }
    }
  }
};

/// Sums that a latent kernel returns per walker: the population's statistics, the measurement's, accepted
/// updates.
template <class Latent>
constexpr int latent_sums() {
  return statistics_size<typename Latent::Statistics>() + kNormalSums + 1;
}

/// Transforms, collects and updates the latents of objects [begin, end), begin a multiple of 4. `access` maps
/// them: load(i), store(i, mu), moments(i, mu - x), accepted(i, count), the last two only where step.collect
/// asks for them.
template <class Latent, class R, class S, class Access>
STARLING_HD Coefficients<R, latent_sums<Latent>()> latent_strip(
    const Coefficients<R, Latent::coefficients>& c, const LatentStep& step, const ObjectView<S>& objects,
    const S* scales, typename math::Ops<R>::Word chain, std::uint64_t begin, std::uint64_t end,
    Access& access) {
  Coefficients<R, latent_sums<Latent>()> sums;
  for (int j = 0; j < latent_sums<Latent>(); ++j) sums[j] = R(0.0f);
  for (std::uint64_t i = begin; i < end; i += 4) {
    Datum<R> d[4];
    R mu[4], scale[4], accepted[4];
    for (int j = 0; j < 4; ++j) {
      const std::uint64_t k = i + static_cast<unsigned>(j) < end ? i + static_cast<unsigned>(j) : end - 1;
      d[j] = {R(objects.column[0][k]), R(objects.column[1][k])};
      scale[j] = Latent::metropolis ? R(scales[k]) : R(1.0f);
      mu[j] = step.start ? d[j].x : math::fma(c[0], access.load(k), c[1]);
      if (step.collect == LatentStep::Collect::moments && i + static_cast<unsigned>(j) < end)
        access.moments(k, mu[j] - d[j].x);
    }
    if (step.updates == 0) {
      for (int j = 0; j < 4; ++j)
        if (i + static_cast<unsigned>(j) < end) access.store(i + static_cast<unsigned>(j), mu[j]);
      continue;
    }
    Latent::template update<R>(c, step, (objects.first + i) / 4, chain, d, scale, mu, accepted);
    for (int j = 0; j < 4; ++j) {
      const std::uint64_t k = i + static_cast<unsigned>(j);
      if (k >= end) break;
      access.store(k, mu[j]);
      if (step.collect == LatentStep::Collect::accepted) access.accepted(k, accepted[j]);
      add_statistics<typename Latent::Statistics>(mu[j], d[j], sums.v);
      sums[latent_sums<Latent>() - 1] = sums[latent_sums<Latent>() - 1] + accepted[j];
    }
  }
  return sums;
}

/// Sum of 32 numbers a stride apart in a fixed order: halves are folded onto each other.
template <class S>
STARLING_HD S fold_group(const S* values, std::uint64_t stride) {
  S v[kGroup];
  for (unsigned l = 0; l < kGroup; ++l) v[l] = values[l * stride];
  for (unsigned half = kGroup / 2; half > 0; half /= 2)
    for (unsigned l = 0; l < half; ++l) v[l] = v[l] + v[l + half];
  return v[0];
}

/// Robbins-Monro step of the logarithm of a proposal scale towards an acceptance of 0.44, gain min(1, 3 (t +
/// 1)^-0.6).
template <class S>
STARLING_HD S adapted_scale(S scale, S accepted, S trials, S gain) {
  return scale * math::exp(gain * (accepted / trials - S(0.44f)));
}
inline double adaptation_gain(std::uint64_t sweep) {
  return std::min(1.0, 3 * std::pow(static_cast<double>(sweep) + 1, -0.6));
}

}  // namespace starling
