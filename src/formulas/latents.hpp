/// One sweep of one object's latent for the walkers that R holds: exact draws and Metropolis updates, the
/// sums that the theta step needs, and the adaptation of the proposal's scale.
#pragma once

#include "formulas/layout.hpp"
#include "formulas/measurements.hpp"
#include "formulas/terms.hpp"
#include "starling/populations/normal.hpp"

namespace starling {

/// What a call of the latent kernel does, in this order.
struct LatentStep {
  enum class Collect : std::uint32_t {
    nothing,
    moments,   ///< add the transformed latents (the draw of the sweep before) to each object's moments
    accepted,  ///< count each object's accepted updates of this sweep, for the adaptation
    drawn,     ///< draw from theta alone and add the draws to the moments: they are not kept, nor summed
  };
  std::uint64_t seed = 0;
  std::uint32_t sweep = 0;
  std::uint32_t updates = 1;  ///< Metropolis updates of each latent; 0: none, only transform and collect
  std::uint32_t start = 0;    ///< 1: set the first latents instead
  Collect collect = Collect::nothing;

  /// Whether there are sums for the theta step.
  [[nodiscard]] STARLING_HD bool sums() const { return updates > 0 && collect != Collect::drawn; }
};

/// Coefficients common to all latent kernels: the transform mu <- a mu + b that the sweep before left to do;
/// then the point that sums about normal noise are taken about (in the first call: a likely value of mu).
enum LatentCoefficients { kTransformA, kTransformB, kOrigin, kLatentCoefficients };

/// Sums over objects that the measurement's part of the theta step needs. Normal noise, with v = x - mu,
/// u = mu - origin and w = 1 / sigma^2: w v, w v u, w u, w u^2, w v^2. Other measurements: the first is
/// ln p(x | mu), the others 0.
enum MeasurementSums { kSumWV, kSumWVU, kSumWU, kSumWU2, kSumWV2, kMeasurementSums };
inline constexpr int kSumLogLikelihood = kSumWV;

/// What the population's part of the theta step needs: its sufficient statistics, or else the sum of ln p(mu
/// | theta) at the walker's own theta.
template <class P>
constexpr int population_sums() {
  return HasStatistics<P> ? statistics_size<P>() : 1;
}

/// A latent kernel's coefficients are the common ones, the population's, the measurement's.
template <class P>
constexpr int latent_coefficients() {
  return kLatentCoefficients + P::prepared_size + kMeasurementCoefficients;
}
template <class P, class R>
STARLING_HD Coefficients<R, P::prepared_size> population_part(
    const Coefficients<R, latent_coefficients<P>()>& c) {
  Coefficients<R, P::prepared_size> part;
  for (int j = 0; j < P::prepared_size; ++j) part[j] = c[kLatentCoefficients + j];
  return part;
}
template <class P, class R>
STARLING_HD Coefficients<R, kMeasurementCoefficients> measurement_part(
    const Coefficients<R, latent_coefficients<P>()>& c) {
  Coefficients<R, kMeasurementCoefficients> part;
  for (int j = 0; j < kMeasurementCoefficients; ++j) part[j] = c[kLatentCoefficients + P::prepared_size + j];
  return part;
}

template <class R>
STARLING_HD_INLINED Words<typename math::Ops<R>::Word> latent_words(std::uint64_t seed, std::uint32_t block,
                                                                    std::uint32_t sweep,
                                                                    typename math::Ops<R>::Word chain,
                                                                    std::uint32_t purpose) {
  using W = typename math::Ops<R>::Word;
  return philox4x32(Words<W>{{W(block), W(sweep), chain, W(purpose)}}, seed);
}

/// Objects that are updated together: they share Philox blocks.
inline constexpr int kQuad = 4;

/// Up to four neighbouring objects, from `first`, a multiple of 4 in the catalog. Those that are missing past
/// the last object repeat it, and nothing is stored or summed for them.
struct Quad {
  std::uint64_t first;
  unsigned count;  ///< 1 to 4

  /// Where the j-th is, counted from `first`.
  [[nodiscard]] STARLING_HD unsigned offset(int j) const {
    const unsigned k = static_cast<unsigned>(j);
    return j == 0 || k < count ? k : count - 1;
  }
  [[nodiscard]] STARLING_HD bool has(int j) const { return j == 0 || static_cast<unsigned>(j) < count; }
};

template <class R, class S>
STARLING_HD_INLINED void load_data(const ObjectView<S>& objects, const Quad& quad, Datum<R> datum[kQuad]) {
  load_data<kQuad, R>(
      objects, quad.first, [&](int j) { return quad.offset(j); }, datum);
}

/// ln p(x | mu) of a quad.
template <class Ms, class R>
STARLING_HD void log_likelihoods(std::uint32_t measurement,
                                 const Coefficients<R, kMeasurementCoefficients>& c,
                                 const Datum<R> datum[kQuad], const R mu[kQuad], R result[kQuad]) {
  R deviation[kQuad];
  for (int j = 0; j < kQuad; ++j) {
    deviation[j] = mu[j] - datum[j].center;
    result[j] = R(0.0f);
  }
  Ms::template log_likelihoods<kQuad, R>(measurement, c, datum, deviation, result);
}

/// Adds what the quad's latents contribute to the sums of the theta step.
template <class P, class Ms, class R>
STARLING_HD void add_to_sums(const Coefficients<R, latent_coefficients<P>()>& c, std::uint32_t measurement,
                             bool noise_sums, const Quad& quad, const Datum<R> datum[kQuad],
                             const R mu[kQuad], R* sums) {
  const auto population = population_part<P, R>(c);
  for (int j = 0; j < kQuad; ++j) {
    if (!quad.has(j)) continue;
    if constexpr (HasStatistics<P>) {
      const auto s = P::statistics(population, mu[j]);
      for (int k = 0; k < P::statistics_size; ++k) sums[k] = sums[k] + s[k];
    } else {
      sums[0] = sums[0] + P::log_density(population, mu[j]);
    }
  }
  R* n = sums + population_sums<P>();
  if (noise_sums) {
    for (int j = 0; j < kQuad; ++j) {
      if (!quad.has(j)) continue;
      const R w = datum[j].v[0], v = datum[j].center - mu[j], u = mu[j] - c[kOrigin];
      const R wv = w * v, wu = w * u;
      n[kSumWV] = n[kSumWV] + wv;
      n[kSumWVU] = math::fma(wv, u, n[kSumWVU]);
      n[kSumWU] = n[kSumWU] + wu;
      n[kSumWU2] = math::fma(wu, u, n[kSumWU2]);
      n[kSumWV2] = math::fma(wv, v, n[kSumWV2]);
    }
  } else {
    R l[kQuad];
    log_likelihoods<Ms, R>(measurement, measurement_part<P, R>(c), datum, mu, l);
    for (int j = 0; j < kQuad; ++j)
      if (quad.has(j)) n[kSumLogLikelihood] = n[kSumLogLikelihood] + l[j];
  }
}

/// Normal population and normal noise: mu | x, theta is normal with precision 1 / theta_sigma^2 + that of the
/// noise, and is drawn exactly.
template <class Ms>
struct ExactNormalLatent {
  using Population = NormalPopulation;
  using Measurements = typename NormalLikeOf<Ms>::Type;
  static constexpr int coefficients = latent_coefficients<NormalPopulation>();
  static constexpr bool metropolis = false;

  /// One Philox block gives the normals of four neighbouring objects.
  template <class R>
  static STARLING_HD_INLINED void normals(const LatentStep& step, std::uint64_t quad,
                                          typename math::Ops<R>::Word chain, R z[4]) {
    const auto r = latent_words<R>(step.seed, static_cast<std::uint32_t>(quad), step.sweep, chain,
                                   purpose_word(step.start ? Purpose::latent_start : Purpose::latent));
    normal_pair<R>(r.w[0], r.w[1], z[0], z[1]);
    normal_pair<R>(r.w[2], r.w[3], z[2], z[3]);
  }

  template <class R, class S>
  static STARLING_HD_INLINED void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                         const ObjectView<S>& objects, const Quad& quad,
                                         const Datum<R> datum[kQuad], const S*,
                                         typename math::Ops<R>::Word chain, R mu[kQuad], R accepted[kQuad]) {
    const auto population = population_part<NormalPopulation, R>(c);
    const R precision = population[1] * population[1];
    R z[kQuad], w[kQuad];
    normals(step, (objects.first + quad.first) / kQuad, chain, z);
    for (int j = 0; j < kQuad; ++j) w[j] = datum[j].v[0];
    Measurements::template precisions<kQuad, R>(objects.measurement, measurement_part<NormalPopulation, R>(c),
                                                w);
    const auto draw = [&](int j, R variance, R deviation) {
      const R x = datum[j].center;
      mu[j] = x + math::fma(deviation, z[j], (population[0] - x) * (precision * variance));
      accepted[j] = R(1.0f);
    };
    // neighbours with the same noise share a division and a root
    const bool alike = !math::any<R>(!((w[0] == w[1]) & (w[0] == w[2]) & (w[0] == w[3])));
    R variance = R(1.0f) / (w[0] + precision), deviation = math::sqrt(variance);
    draw(0, variance, deviation);
    for (int j = 1; j < kQuad; ++j) {
      if (!alike) {
        variance = R(1.0f) / (w[j] + precision);
        deviation = math::sqrt(variance);
      }
      draw(j, variance, deviation);
    }
  }
};

/// Any population and measurement: random-walk Metropolis, step.updates times, with one proposal scale per
/// object. A first latent where the posterior is 0 (the datum's center may lie outside of the support) goes
/// towards kOrigin, which is then a likely value, until it is inside.
template <class P, class Ms>
struct MetropolisLatent {
  using Population = P;
  using Measurements = Ms;
  static constexpr int coefficients = latent_coefficients<P>();
  static constexpr bool metropolis = true;

  /// Moves each mu whose density is 0 towards `likely`, where it is not, by bisection, until it is not 0.
  template <class R, class LogDensities>
  static STARLING_HD void move_inside(R mu[kQuad], R likely, const LogDensities& log_densities) {
    const R impossible(-__builtin_huge_valf());
    R l[kQuad], in[kQuad], out[kQuad];
    log_densities(mu, l);
    math::Mask<R> good[kQuad];
    for (int j = 0; j < kQuad; ++j) {
      good[j] = l[j] > impossible;
      in[j] = likely;
      out[j] = mu[j];
    }
    if (!math::any<R>(!(good[0] & good[1] & good[2] & good[3]))) return;
    for (int k = 0; k < 6; ++k) {
      R middle[kQuad];
      for (int j = 0; j < kQuad; ++j) middle[j] = R(0.5f) * (in[j] + out[j]);
      log_densities(middle, l);
      for (int j = 0; j < kQuad; ++j) {
        const math::Mask<R> m = l[j] > impossible;
        in[j] = math::select<R>(m, middle[j], in[j]);
        out[j] = math::select<R>(m, out[j], middle[j]);
      }
    }
    for (int j = 0; j < kQuad; ++j) mu[j] = math::select<R>(good[j], mu[j], in[j]);
  }

  template <class R, class S>
  static STARLING_HD void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                 const ObjectView<S>& objects, const Quad& quad, const Datum<R> datum[kQuad],
                                 const S* scales, typename math::Ops<R>::Word chain, R mu[kQuad],
                                 R accepted[kQuad]) {
    const auto population = population_part<P, R>(c);
    const auto measurement = measurement_part<P, R>(c);
    const auto log_densities = [&](const R at[kQuad], R l[kQuad]) {
      log_likelihoods<Ms, R>(objects.measurement, measurement, datum, at, l);
      for (int j = 0; j < kQuad; ++j) l[j] = P::log_density(population, at[j]) + l[j];
    };
    const S* scale_of = scales + quad.first;
    R current[kQuad], scale[kQuad];
    for (int j = 0; j < kQuad; ++j) {
      scale[j] = R(scale_of[quad.offset(j)]);
      accepted[j] = R(0.0f);
    }
    if (step.start) move_inside<R>(mu, c[kOrigin], log_densities);
    log_densities(mu, current);
    const auto block = static_cast<std::uint32_t>((objects.first + quad.first) / kQuad * 2);
    for (std::uint32_t u = 0; u < step.updates; ++u) {
      R proposed[kQuad], log_uniform[kQuad], l[kQuad];
      for (int pair = 0; pair < 2; ++pair) {
        const auto r = latent_words<R>(step.seed, block + static_cast<unsigned>(pair), step.sweep, chain,
                                       purpose_word(Purpose::latent, u));
        R z[2];
        normal_pair<R>(r.w[0], r.w[1], z[0], z[1]);
        for (int k = 0; k < 2; ++k) {
          const int j = 2 * pair + k;
          proposed[j] = math::fma(scale[j], z[k], mu[j]);
          log_uniform[j] = math::log(uniform01<R>(r.w[2 + k]));
        }
      }
      log_densities(proposed, l);
      for (int j = 0; j < kQuad; ++j) {
        // a comparison with NaN is false; l = -infinity is accepted from -infinity only
        const math::Mask<R> outside = !(current[j] > R(-__builtin_huge_valf()));
        const math::Mask<R> accept = (log_uniform[j] < l[j] - current[j]) | outside;
        mu[j] = math::select<R>(accept, proposed[j], mu[j]);
        current[j] = math::select<R>(accept, l[j], current[j]);
        accepted[j] = accepted[j] + math::select<R>(accept, R(1.0f), R(0.0f));
      }
    }
  }
};

/// A latent known by posterior samples is one of them: which, is drawn exactly with probability proportional
/// to p(mu_ik | theta) / pi0(mu_ik) (Gibbs sampling over k).
template <class P>
struct SampledLatent {
  using Population = P;
  using Measurements = MeasurementSet<>;
  static constexpr int coefficients = latent_coefficients<P>();
  static constexpr bool metropolis = false;

  template <class R, class S>
  static STARLING_HD void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                 const ObjectView<S>& objects, const Quad& quad, const Datum<R>*, const S*,
                                 typename math::Ops<R>::Word chain, R mu[kQuad], R accepted[kQuad]) {
    const auto population = population_part<P, R>(c);
    const auto r = latent_words<R>(
        step.seed, static_cast<std::uint32_t>((objects.first + quad.first) / kQuad), step.sweep, chain,
        purpose_word(step.start ? Purpose::latent_start : Purpose::latent));
    for (int j = 0; j < kQuad; ++j) {
      mu[j] =
          one_of_the_samples<R, S>(population, objects, quad.first + quad.offset(j), uniform01<R>(r.w[j]));
      accepted[j] = R(1.0f);
    }
  }

  template <class R, class S>
  static STARLING_HD R one_of_the_samples(const Coefficients<R, P::prepared_size>& population,
                                          const ObjectView<S>& objects, std::uint64_t i, R u) {
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    R largest, total, squares;
    SamplesTerm<P>::template scaled_sums<R, S>(population, objects, begin, end, largest, total, squares);
    const R wanted = u * total;
    R sum(0.0f), chosen(objects.sample[0][begin]);
    for (std::uint64_t k = begin; k < end; ++k) {  // the first whose running sum reaches what is wanted
      const R w = math::exp(SamplesTerm<P>::template log_weight<R, S>(population, objects, k) - largest);
      chosen = math::select<R>((sum < wanted) & (w > R(0.0f)), R(objects.sample[0][k]), chosen);
      sum = sum + w;
    }
    return chosen;
  }
};

/// Sums that a latent kernel returns per walker: the population's, the measurement's, accepted updates.
template <class Latent>
constexpr int latent_sums() {
  return population_sums<typename Latent::Population>() + kMeasurementSums + 1;
}

/// Transforms, collects and updates the latents of objects [begin, end), begin a multiple of 4. `access` maps
/// them: load(i), store(i, mu), moments(i, mu - center), accepted(i, count), the last two only where
/// step.collect asks for them.
template <class Latent, class R, class S, class Access>
STARLING_HD Coefficients<R, latent_sums<Latent>()> latent_strip(
    const Coefficients<R, Latent::coefficients>& c, const LatentStep& step, const ObjectView<S>& objects,
    const S* scales, typename math::Ops<R>::Word chain, std::uint64_t begin, std::uint64_t end,
    Access& access) {
  const bool noise_sums = Latent::Measurements::has_noise_sums(objects.measurement);
  Coefficients<R, latent_sums<Latent>()> sums;
  for (int j = 0; j < latent_sums<Latent>(); ++j) sums[j] = R(0.0f);
  for (std::uint64_t i = begin; i < end; i += kQuad) {
    const Quad quad{i, end - i < kQuad ? static_cast<unsigned>(end - i) : unsigned{kQuad}};
    Datum<R> datum[kQuad];
    R mu[kQuad], accepted[kQuad];
    load_data(objects, quad, datum);
    for (int j = 0; j < kQuad; ++j) {
      const std::uint64_t k = i + quad.offset(j);
      mu[j] = step.start ? datum[j].center : math::fma(c[kTransformA], access.load(k), c[kTransformB]);
      if (step.collect == LatentStep::Collect::moments && quad.has(j))
        access.moments(k, mu[j] - datum[j].center);
    }
    if (step.updates > 0)
      Latent::template update<R, S>(c, step, objects, quad, datum, scales, chain, mu, accepted);
    for (int j = 0; j < kQuad; ++j)
      if (quad.has(j)) access.store(i + static_cast<unsigned>(j), mu[j]);
    if (step.updates == 0) continue;
    for (int j = 0; j < kQuad; ++j) {
      if (!quad.has(j)) continue;
      if (step.collect == LatentStep::Collect::accepted)
        access.accepted(i + static_cast<unsigned>(j), accepted[j]);
      sums[latent_sums<Latent>() - 1] = sums[latent_sums<Latent>() - 1] + accepted[j];
    }
    add_to_sums<typename Latent::Population, typename Latent::Measurements, R>(
        c, objects.measurement, noise_sums, quad, datum, mu, sums.v);
  }
  return sums;
}

/// Draws the latents of objects [begin, end), begin a multiple of 4, from theta alone: Collect::drawn, for
/// updates that do not depend on the latents before. Of `access` only moments is asked for.
template <class Latent, class R, class S, class Access>
STARLING_HD void draw_strip(const Coefficients<R, Latent::coefficients>& c, const LatentStep& step,
                            const ObjectView<S>& objects, typename math::Ops<R>::Word chain,
                            std::uint64_t begin, std::uint64_t end, const Access& access) {
  for (std::uint64_t i = begin; i < end; i += kQuad) {
    const Quad quad{i, end - i < kQuad ? static_cast<unsigned>(end - i) : unsigned{kQuad}};
    Datum<R> datum[kQuad];
    R mu[kQuad], accepted[kQuad];
    load_data(objects, quad, datum);
    const S* const no_scales = nullptr;
    Latent::template update<R, S>(c, step, objects, quad, datum, no_scales, chain, mu, accepted);
    for (int j = 0; j < kQuad; ++j)
      if (quad.has(j)) access.moments(i + static_cast<unsigned>(j), mu[j] - datum[j].center);
  }
}

/// A sum over the latents as they are, for proposals of theta that no sufficient statistics can judge.
enum class LatentSum : std::uint32_t {
  population,   ///< ln p(mu | theta)
  measurement,  ///< ln p(x | a mu + b)
};

/// Sums over the latents of objects [begin, end).
template <class Latent, class R, class S, class Access>
STARLING_HD Coefficients<R, 1> latent_sum_strip(LatentSum what,
                                                const Coefficients<R, Latent::coefficients>& c,
                                                const ObjectView<S>& objects, std::uint64_t begin,
                                                std::uint64_t end, const Access& access) {
  using P = typename Latent::Population;
  using Ms = typename Latent::Measurements;
  R sum(0.0f);
  if (what == LatentSum::population) {
    const auto population = population_part<P, R>(c);
    for (std::uint64_t i = begin; i < end; ++i) sum = sum + P::log_density(population, access.load(i));
  } else {
    const auto measurement = measurement_part<P, R>(c);
    for (std::uint64_t i = begin; i < end; ++i) {
      const Datum<R> datum = datum_of<R>(objects, i);
      const R mu = math::fma(c[kTransformA], access.load(i), c[kTransformB]);
      sum = sum + Ms::log_likelihood(objects.measurement, measurement, datum, mu - datum.center);
    }
  }
  return {{sum}};
}

/// Sum of 32 numbers a stride apart in a fixed order: halves are folded onto each other. Written out, so that
/// compilers keep the halves in registers.
template <class S>
STARLING_HD S fold_group(const S* values, std::uint64_t stride) {
  static_assert(kGroup == 32);
  S a[16], b[8];
  for (unsigned l = 0; l < 16; ++l) a[l] = values[l * stride] + values[(l + 16) * stride];
  for (unsigned l = 0; l < 8; ++l) b[l] = a[l] + a[l + 8];
  return ((b[0] + b[4]) + (b[2] + b[6])) + ((b[1] + b[5]) + (b[3] + b[7]));
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
