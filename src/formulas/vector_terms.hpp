/// Several latents per object: what kernels read of them, and likelihood terms.
///
/// What kernels read of an object is one row of numbers, sample[0][offset[i]] to offset[i + 1]:
/// {a point, d numbers: where latents start, and what moments are taken about; covariates; what the formula
/// needs}.
#pragma once

#include "formulas/terms.hpp"
#include "starling/vectors.hpp"

namespace starling {

/// How many components a latent has; a constant where the population says so.
template <class P>
STARLING_HD int known_latents([[maybe_unused]] int count) {
  if constexpr (requires { P::always_latents; })
    return P::always_latents;
  else
    return count;
}
template <class P, class S>
STARLING_HD int latents_of(const ObjectView<S>& objects) {
  return known_latents<P>(static_cast<int>(objects.latents));
}
template <class P>
constexpr int covariate_count() {
  if constexpr (requires { P::covariate_count; })
    return P::covariate_count;
  else
    return 0;
}

/// One object's row.
template <class S>
struct VectorObject {
  const S* row;
  std::uint64_t size;
  STARLING_HD VectorObject(const ObjectView<S>& objects, std::uint64_t i)
      : row(objects.sample[0] + objects.offset[i]), size(objects.offset[i + 1] - objects.offset[i]) {}
};

template <class P, class R, class S>
STARLING_HD R vector_log_density(const Coefficients<R, P::prepared_size>& c, int d, const R* mu,
                                 const S* covariates) {
  constexpr int count = covariate_count<P>();
  R known[count > 0 ? count : 1];
  for (int j = 0; j < count; ++j) known[j] = R(covariates[j]);
  return P::template log_density<R>(c, d, mu, known);
}

// ---- likelihood terms; column 0 is ln L_i at the reference

/// The naive fit: ln p(point | theta).
template <class P>
struct VectorPointTerm {
  static constexpr int coefficients = P::prepared_size;
  static constexpr int outputs = 1;
  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects);
    R mu[P::most_latents];
    for (int j = 0; j < d; ++j) mu[j] = R(object.row[j]);
    return {{vector_log_density<P, R>(c, d, mu, object.row + d) - R(objects.column[0][i])}};
  }
};

/// The mean over posterior samples of p(mu_ik | theta) / pi0(mu_ik), times their number. The row goes on with
/// the samples, each {mu, ln pi0}. Outputs: the logarithm less the reference, and the object's share of V.
template <class P>
struct VectorSamplesTerm {
  static constexpr int coefficients = P::prepared_size;
  static constexpr int outputs = 2;

  /// f(ln weight, k, mu) for every sample.
  template <class R, class S, class F>
  static STARLING_HD void for_samples(const Coefficients<R, coefficients>& c, const VectorObject<S>& object,
                                      int count_of_latents, const F& f) {
    const int d = known_latents<P>(count_of_latents);
    const S* covariates = object.row + d;
    const S* sample = covariates + covariate_count<P>();
    const std::uint64_t each = static_cast<unsigned>(d) + 1, count = count_of<R, S>(object, d);
    for (std::uint64_t k = 0; k < count; ++k) {
      R mu[P::most_latents];
      for (int j = 0; j < d; ++j) mu[j] = R(sample[k * each + static_cast<unsigned>(j)]);
      f(vector_log_density<P, R>(c, d, mu, covariates) - R(sample[k * each + static_cast<unsigned>(d)]), k,
        mu);
    }
  }
  template <class R, class S>
  static STARLING_HD std::uint64_t count_of(const VectorObject<S>& object, int d) {
    return (object.size - static_cast<unsigned>(d + covariate_count<P>())) / (static_cast<unsigned>(d) + 1);
  }
  /// Sums of the weights and of their squares, in units of exp(largest).
  template <class R, class S>
  static STARLING_HD void scaled_sums(const Coefficients<R, coefficients>& c, const VectorObject<S>& object,
                                      int d, R& largest, R& sum, R& squares) {
    R top(-__builtin_huge_valf());
    for_samples<R, S>(c, object, d, [&](R l, std::uint64_t, const R*) { top = math::larger(top, l); });
    // all impossible: exp(-infinity - 0) is 0
    top = math::select<R>(top > R(-__builtin_huge_valf()), top, R(0.0f));
    const auto sums = sums_of_weights<R>(top, [&](const auto& add) {
      for_samples<R, S>(c, object, d, [&](R l, std::uint64_t, const R*) { add(l); });
    });
    largest = top;
    sum = sums[0];
    squares = sums[1];
  }

  template <class R, class S>
  static STARLING_HD Coefficients<R, 2> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects);
    R largest, sum, squares;
    scaled_sums(c, object, d, largest, sum, squares);
    const R count(static_cast<S>(count_of<R, S>(object, d)));
    const math::Mask<R> possible = sum > R(0.0f);
    R share = math::select<R>(possible, squares / (sum * sum) - R(1.0f) / count, R(0.0f));
    if (objects.weight) share = share * R(objects.weight[i]);  // V has the square of the weight
    return {{math::select<R>(possible, largest + math::log(sum), R(-__builtin_huge_valf())) -
                 R(objects.column[0][i]),
             share}};
  }
};

/// Injections that were detected, for P_det: sums of w and w^2, w = p(mu | theta) / p_draw(mu), in units of
/// exp(column 0). An object here is a run of injections, in rows as of samples, p_draw in place of pi0.
template <class P>
struct VectorInjectionTerm {
  static constexpr int coefficients = P::prepared_size;
  static constexpr int outputs = 2;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 2> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    return sums_of_weights<R>(R(objects.column[0][i]), [&](const auto& add) {
      VectorSamplesTerm<P>::template for_samples<R, S>(c, VectorObject<S>(objects, i), latents_of<P>(objects),
                                                       [&](R l, std::uint64_t, const R*) { add(l); });
    });
  }
};

/// The integral over mu of N(x; mu, C_i) p(mu | theta) for a sum of normal distributions. The row goes on
/// with C_i, packed. Coefficients of each component: {ln weight - ln(2 pi)^(d/2); mean; covariance; its
/// factor}.
template <class P>
struct NormalComponentsTerm {
  static constexpr int most = P::most_latents;
  static constexpr int component_size = 1 + most + 2 * triangle(most);
  static constexpr int coefficients = P::components_count * component_size;
  static constexpr int outputs = 1;

  /// ln(weight N(x; mean, S + C)); leaves the factor of S + C in `l`, its diagonal inverted.
  template <class R, class S>
  static STARLING_HD R log_component(const R* component, int d, const S* x, const S* covariance, R* l) {
    R v[most];
    for (int j = 0; j < triangle(d); ++j) l[j] = component[1 + most + j] + R(covariance[j]);
    cholesky(l, d);
    for (int j = 0; j < d; ++j) v[j] = R(x[j]) - component[1 + j];
    solve_lower(l, d, v);
    R square(0.0f);
    for (int j = 0; j < d; ++j) square = math::fma(v[j], v[j], square);
    return math::fma(R(-0.5f), square, component[0] - log_diagonal(l, d));
  }

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    const VectorObject<S> object(objects, i);
    const int d = latents_of<P>(objects);
    const S* covariance = object.row + d + covariate_count<P>();
    const R l = P::template log_sum<R>([&](int k) {
      R factor[triangle(most)];
      return log_component<R, S>(c.v + k * component_size, d, object.row, covariance, factor);
    });
    return {{l - R(objects.column[0][i])}};
  }
};

}  // namespace starling
