/// Several latents per object: updates of the latents, and the adaptation of the proposals.
#pragma once

#include "formulas/latents.hpp"
#include "formulas/vector_terms.hpp"

namespace starling {

/// Sums that a latent kernel returns per walker.
enum VectorSums { kSumLogPopulation, kSumLogMeasurement, kSumAccepted, kVectorSums };

/// A latent update's coefficients: the transform mu_j <- a_j mu_j + b_j that the sweep before left to do, all
/// a_j and then all b_j; the population's; the measurement's.
template <class P>
constexpr int vector_coefficients(int of_population) {
  return 2 * P::most_latents + of_population + kMeasurementCoefficients;
}
template <class Latent, class R>
struct VectorCoefficients {
  static constexpr int most = Latent::most;
  Coefficients<R, Latent::population_size> population;
  Coefficients<R, kMeasurementCoefficients> measurement;
  STARLING_HD explicit VectorCoefficients(const Coefficients<R, Latent::coefficients>& c) {
    for (int j = 0; j < Latent::population_size; ++j) population[j] = c[2 * most + j];
    for (int j = 0; j < kMeasurementCoefficients; ++j)
      measurement[j] = c[2 * most + Latent::population_size + j];
  }
};
template <class Latent, class R>
STARLING_HD void transform_vector(const Coefficients<R, Latent::coefficients>& c, int d, R* mu) {
  for (int j = 0; j < d; ++j) mu[j] = math::fma(c[j], mu[j], c[Latent::most + j]);
}

/// Philox blocks that an object may take of one purpose.
inline constexpr std::uint32_t kVectorBlocks = 8;

/// Normals and uniforms of one object's update, in pairs of words.
template <class R>
struct VectorRandom {
  using W = typename math::Ops<R>::Word;
  std::uint64_t seed;
  std::uint32_t block, sweep, purpose;
  W chain;
  Words<W> words{};
  int used = 4;
  STARLING_HD void next(W& a, W& b) {
    if (used == 4) {
      words = latent_words<R>(seed, block++, sweep, chain, purpose);
      used = 0;
    }
    a = words.w[used];
    b = words.w[used + 1];
    used += 2;
  }
  STARLING_HD void normals(int count, R* z) {
    for (int j = 0; j < count; j += 2) {
      W a, b;
      next(a, b);
      R other;
      normal_pair<R>(a, b, z[j], other);
      if (j + 1 < count) z[j + 1] = other;
    }
  }
  STARLING_HD R uniform() {
    W a, b;
    next(a, b);
    return uniform01<R>(a);
  }
};
template <class R, class S>
STARLING_HD VectorRandom<R> vector_random(const LatentStep& step, const ObjectView<S>& objects,
                                          std::uint64_t i, typename math::Ops<R>::Word chain,
                                          std::uint32_t update) {
  return {step.seed, static_cast<std::uint32_t>(objects.first + i) * kVectorBlocks, step.sweep,
          purpose_word(step.start ? Purpose::latent_start : Purpose::latent, update), chain};
}

/// The acceptance that proposals are adapted to: 0.44 for one latent, towards 0.234 for many (Roberts &
/// Rosenthal 2001).
STARLING_HD float wanted_acceptance(int latents) {
  return 0.234f + 0.206f / static_cast<float>(latents * latents);
}

/// Robust adaptive Metropolis (Vihola 2012): proposals mu + L u, u standard normal, with one lower triangular
/// L per object, common to all walkers. What one walker has to say of L is (a - a*) u u^T / |u|^2, a the
/// probability of acceptance; all walkers' mean is used in adapted_factor.
template <class P, class M>
struct VectorMetropolis {
  using Population = P;
  static constexpr int most = P::most_latents;
  static constexpr int population_size = P::prepared_size;
  static constexpr int coefficients = vector_coefficients<P>(population_size);
  static constexpr bool metropolis = true, vectors = true;
  static constexpr int collected = triangle(most) > most ? triangle(most) : most;

  template <class R, class S>
  static STARLING_HD R log_measurement(const Coefficients<R, kMeasurementCoefficients>& c,
                                       const VectorObject<S>& object, int d, const R* mu) {
    const std::uint64_t head = static_cast<unsigned>(d + covariate_count<P>());
    return M::log_likelihood(c, object.row + head, object.size - head, d, mu);
  }

  template <class R, class S>
  static STARLING_HD void update(const Coefficients<R, coefficients>& coefficient, const LatentStep& step,
                                 const ObjectView<S>& objects, std::uint64_t i, const S* factors,
                                 typename math::Ops<R>::Word chain, R* mu, Coefficients<R, kVectorSums>& sums,
                                 R* says) {
    const VectorCoefficients<VectorMetropolis, R> c(coefficient);
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects), numbers = triangle(d);
    const S* factor = factors + i * static_cast<unsigned>(numbers);
    const R impossible(-__builtin_huge_valf()), one(1.0f), zero(0.0f);
    R population = vector_log_density<P, R>(c.population, d, mu, object.row + d);
    R measurement = log_measurement<R, S>(c.measurement, object, d, mu);
    R accepted(0.0f);
    for (int t = 0; t < numbers; ++t) says[t] = zero;
    for (std::uint32_t k = 0; k < step.updates; ++k) {
      auto random = vector_random<R>(step, objects, i, chain, k);
      R u[most], proposed[most], square(0.0f);
      random.normals(d, u);
      for (int j = 0; j < d; ++j) {
        R sum = mu[j];
        for (int m = 0; m <= j; ++m) sum = math::fma(R(factor[packed(j, m)]), u[m], sum);
        proposed[j] = sum;
        square = math::fma(u[j], u[j], square);
      }
      const R new_population = vector_log_density<P, R>(c.population, d, proposed, object.row + d);
      const R new_measurement = log_measurement<R, S>(c.measurement, object, d, proposed);
      const R change = (new_population + new_measurement) - (population + measurement);
      // a comparison with NaN is false; what is impossible is accepted from the impossible only
      const math::Mask<R> outside = !(population + measurement > impossible);
      const math::Mask<R> accept = (math::log(random.uniform()) < change) | outside;
      for (int j = 0; j < d; ++j) mu[j] = math::select<R>(accept, proposed[j], mu[j]);
      population = math::select<R>(accept, new_population, population);
      measurement = math::select<R>(accept, new_measurement, measurement);
      accepted = accepted + math::select<R>(accept, one, zero);
      const R wanted(wanted_acceptance(d));
      R probability = math::exp(math::select<R>(change < zero, change, zero));
      probability = math::select<R>(change == change, probability, zero);
      // u may be 0: a uniform number above 1 - 2^-25 is 1, whose logarithm is 0
      const R surplus =
          math::select<R>(outside, zero, probability - wanted) / math::larger(square, R(1e-30f));
      for (int j = 0; j < d; ++j)
        for (int m = 0; m <= j; ++m) says[packed(j, m)] = math::fma(surplus * u[j], u[m], says[packed(j, m)]);
    }
    sums[kSumLogPopulation] = sums[kSumLogPopulation] + population;
    sums[kSumLogMeasurement] = sums[kSumLogMeasurement] + measurement;
    sums[kSumAccepted] = sums[kSumAccepted] + accepted;
  }
};

/// A sum of normal distributions and normal noise of covariance C_i: mu | x, theta is drawn exactly. Draws
/// m ~ N(mean, S), e ~ N(0, C) without the data, then mu = x - e - C (S + C)^-1 (x - m - e) (Matheron's
/// rule). The row goes on with C_i and its lower triangular factor, packed.
template <class P>
struct VectorExact {
  using Population = P;
  using Term = NormalComponentsTerm<P>;
  static constexpr int most = P::most_latents;
  static constexpr int population_size = Term::coefficients;
  static constexpr int coefficients = vector_coefficients<P>(population_size);
  static constexpr bool metropolis = false, vectors = true;
  static constexpr int collected = most;

  template <class R, class S>
  static STARLING_HD void update(const Coefficients<R, coefficients>& c, const LatentStep& step,
                                 const ObjectView<S>& objects, std::uint64_t i, const S*,
                                 typename math::Ops<R>::Word chain, R* mu, Coefficients<R, kVectorSums>& sums,
                                 R*) {
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects), numbers = triangle(d);
    const S* x = object.row;
    const S* covariance = x + d + covariate_count<P>();
    const S* noise = covariance + numbers;
    auto random = vector_random<R>(step, objects, i, chain, 0);
    R factor[triangle(most)], mean[most], own[triangle(most)];
    choose<R, S>(c, d, x, covariance, random.uniform(), mean, own, factor);
    R a[most], b[most], residual[most];
    random.normals(d, a);
    random.normals(d, b);
    for (int j = 0; j < d; ++j) {
      R m = mean[j], e(0.0f);
      for (int k = 0; k <= j; ++k) {
        m = math::fma(own[packed(j, k)], a[k], m);
        e = math::fma(R(noise[packed(j, k)]), b[k], e);
      }
      mu[j] = R(x[j]) - e;
      residual[j] = mu[j] - m;
    }
    solve_lower(factor, d, residual);
    solve_upper(factor, d, residual);
    for (int j = 0; j < d; ++j)
      for (int k = 0; k < d; ++k)
        mu[j] = mu[j] - R(covariance[j > k ? packed(j, k) : packed(k, j)]) * residual[k];
    sums[kSumAccepted] = sums[kSumAccepted] + R(1.0f);
  }

 private:
  /// The component that the object is of, by its probability: its mean, the factor of its covariance S, and
  /// that of S + C, the diagonal of the last inverted.
  template <class R, class S>
  static STARLING_HD void choose(const Coefficients<R, coefficients>& c, int d, const S* x,
                                 const S* covariance, R uniform, R* mean, R* own, R* factor) {
    constexpr int K = P::components_count, first = 2 * most;
    R l[K], largest(-__builtin_huge_valf()), total(0.0f);
    for (int k = 0; k < K; ++k) {
      l[k] = Term::template log_component<R, S>(c.v + first + k * Term::component_size, d, x, covariance,
                                                factor);
      largest = math::larger(largest, l[k]);
    }
    for (int k = 0; k < K; ++k) total = total + math::exp(l[k] - largest);
    const R wanted = uniform * total;
    R sum(0.0f), sum_of[triangle(most)];
    for (int k = 0; k < K; ++k) {
      const R* one = c.v + first + k * Term::component_size;
      // the first whose running sum reaches what is wanted
      const math::Mask<R> take = k == 0 ? wanted == wanted : sum < wanted;
      for (int j = 0; j < d; ++j) mean[j] = k == 0 ? one[1 + j] : math::select<R>(take, one[1 + j], mean[j]);
      for (int t = 0; t < triangle(d); ++t) {
        const R with_noise = one[1 + most + t] + R(covariance[t]), root = one[1 + most + triangle(most) + t];
        sum_of[t] = k == 0 ? with_noise : math::select<R>(take, with_noise, sum_of[t]);
        own[t] = k == 0 ? root : math::select<R>(take, root, own[t]);
      }
      sum = sum + math::exp(l[k] - largest);
    }
    if constexpr (K > 1) {  // else the factor is there
      for (int t = 0; t < triangle(d); ++t) factor[t] = sum_of[t];
      cholesky(factor, d);
    }
  }
};

/// A latent that is known by posterior samples is one of them, drawn exactly.
template <class P>
struct VectorSampled {
  using Population = P;
  using Term = VectorSamplesTerm<P>;
  static constexpr int most = P::most_latents;
  static constexpr int population_size = P::prepared_size;
  static constexpr int coefficients = vector_coefficients<P>(population_size);
  static constexpr bool metropolis = false, vectors = true;
  static constexpr int collected = most;

  template <class R, class S>
  static STARLING_HD void update(const Coefficients<R, coefficients>& coefficient, const LatentStep& step,
                                 const ObjectView<S>& objects, std::uint64_t i, const S*,
                                 typename math::Ops<R>::Word chain, R* mu, Coefficients<R, kVectorSums>& sums,
                                 R*) {
    const VectorCoefficients<VectorSampled, R> c(coefficient);
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects);
    auto random = vector_random<R>(step, objects, i, chain, 0);
    R largest, total, squares;
    Term::template scaled_sums<R, S>(c.population, object, d, largest, total, squares);
    const R wanted = random.uniform() * total;
    R sum(0.0f);
    Term::template for_samples<R, S>(c.population, object, d, [&](R l, std::uint64_t k, const R* sample) {
      const R w = math::exp(l - largest);
      const math::Mask<R> take = (sum < wanted) & (w > R(0.0f));
      for (int j = 0; j < d; ++j) mu[j] = k == 0 ? sample[j] : math::select<R>(take, sample[j], mu[j]);
      sum = sum + w;
    });
    sums[kSumAccepted] = sums[kSumAccepted] + R(1.0f);
  }
};

/// Latent updates of several latents per object have other kernels around them.
template <class Latent>
constexpr bool of_vectors() {
  return requires {
    Latent::vectors;
  };
}
/// Sums that a kernel returns per walker.
template <class Latent>
constexpr int sums_of_latents() {
  if constexpr (of_vectors<Latent>())
    return kVectorSums;
  else
    return latent_sums<Latent>();
}
/// Latents per object, and numbers that say how far its proposals go.
template <class Latent, class Objects>
STARLING_HD std::uint64_t latents_per_object(const Objects& objects) {
  if constexpr (of_vectors<Latent>())
    return objects.latents;
  else
    return 1;
}
template <class Latent, class Objects>
STARLING_HD std::uint64_t scales_per_object(const Objects& objects) {
  if constexpr (of_vectors<Latent>())
    return static_cast<std::uint64_t>(triangle(static_cast<int>(objects.latents)));
  else
    return 1;
}

/// Transforms, collects and updates one object's latents `mu`, as they were before. `collected` gets what
/// step.collect asks for: deviations from the row's point, or what adaptation needs; how many numbers, is
/// returned.
template <class Latent, class R, class S>
STARLING_HD int update_vector(const Coefficients<R, Latent::coefficients>& c, const LatentStep& step,
                              const ObjectView<S>& objects, std::uint64_t i, const S* factors,
                              typename math::Ops<R>::Word chain, R* mu, Coefficients<R, kVectorSums>& sums,
                              R* collected) {
  const int d = latents_of<typename Latent::Population>(objects);
  const VectorObject<S> object(objects, i);
  if (step.start)
    for (int j = 0; j < d; ++j) mu[j] = R(object.row[j]);
  else
    transform_vector<Latent, R>(c, d, mu);
  int count = 0;
  if (step.collect == LatentStep::Collect::moments)
    for (; count < d; ++count) collected[count] = mu[count] - R(object.row[count]);
  if (step.updates == 0) return count;
  R says[triangle(Latent::most)];
  Latent::template update<R, S>(c, step, objects, i, factors, chain, mu, sums, says);
  if (Latent::metropolis && step.collect == LatentStep::Collect::accepted)
    for (; count < triangle(d); ++count) collected[count] = says[count];
  if (step.collect == LatentStep::Collect::drawn)
    for (; count < d; ++count) collected[count] = mu[count] - R(object.row[count]);
  return count;
}

/// What one object's latents add to the sum `what`; for that of the measurement they are transformed.
template <class Latent, class R, class S>
STARLING_HD R vector_sum(LatentSum what, const Coefficients<R, Latent::coefficients>& coefficient,
                         const ObjectView<S>& objects, std::uint64_t i, const R* mu) {
  using P = typename Latent::Population;
  const int d = latents_of<P>(objects);
  const VectorObject<S> object(objects, i);
  if constexpr (Latent::metropolis) {
    const VectorCoefficients<Latent, R> c(coefficient);
    if (what == LatentSum::population) return vector_log_density<P, R>(c.population, d, mu, object.row + d);
    R moved[Latent::most];
    for (int j = 0; j < d; ++j) moved[j] = mu[j];
    transform_vector<Latent, R>(coefficient, d, moved);
    return Latent::template log_measurement<R, S>(c.measurement, object, d, moved);
  } else {
    return R(0.0f);  // theta is not moved given these latents
  }
}

/// One step of the proposals of an object towards the wanted acceptance: L <- L chol(I + gain total /
/// trials). `total`: what all walkers say.
template <class S>
STARLING_HD void adapt_factor(S* factor, int d, const S* total, S trials, S gain) {
  S step[triangle(kMostLatents)];
  for (int j = 0; j < d; ++j)
    for (int k = 0; k <= j; ++k)
      step[packed(j, k)] =
          math::fma(gain * static_cast<S>(d), total[packed(j, k)] / trials, S(j == k ? 1 : 0));
  for (int j = 0; j < d; ++j)  // as cholesky, but no direction shrinks by more than half at once
    for (int k = 0; k <= j; ++k) {
      S sum = step[packed(j, k)];
      for (int m = 0; m < k; ++m) sum = sum - step[packed(j, m)] * step[packed(k, m)];
      step[packed(j, k)] = k < j ? sum / step[packed(k, k)] : math::sqrt(math::larger(sum, S(0.25f)));
    }
  for (int j = 0; j < d; ++j)  // row by row, each from left to right, in place
    for (int k = 0; k <= j; ++k) {
      S sum(0);
      for (int m = k; m <= j; ++m) sum = math::fma(factor[packed(j, m)], step[packed(m, k)], sum);
      factor[packed(j, k)] = sum;
    }
}

}  // namespace starling
