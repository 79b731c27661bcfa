/// What one object adds to ln L(theta) - ln L(reference), for each kind of likelihood. The difference is
/// formed algebraically, inside the logarithm: two rounded logarithms are never subtracted.
#pragma once

#include "formulas/objects.hpp"
#include "starling/population.hpp"

namespace starling {

/// Naive fit: ln p(point | theta) - ln p(point | reference). Object column 0: the point.
template <class P>
struct PointTerm {
  static constexpr int coefficients = ratio_size<P>();
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    return {{log_ratio<P>(c, R(objects.column[0][i]))}};
  }
};

/// Normal population, normal noise: x ~ N(theta_mu, V_i), V_i = theta_sigma^2 + noise_scale^2 sigma_i^2.
/// Object columns: y = x - m_ref and 1 / V_ref,i. With u = V_i / V_ref,i - 1 = c1 + c2 / V_ref,i and dm = m -
/// m_ref,
///   ln L_i - ln L_ref,i = -[dm (dm - 2 y) - y^2 u] / (2 V_i) - ln(1 + u) / 2.
struct NormalMarginalTerm {
  static constexpr int coefficients =
      3;  // dm, c1 = q / q_ref - 1, c2 = s^2 - s_ref^2 - c1 s_ref^2; q = noise_scale^2
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, 3>& c, const ObjectView<S>& objects,
                                                 std::uint64_t i) {
    const R y(objects.column[0][i]), inverse(objects.column[1][i]);
    const R u = math::fma(c[2], inverse, c[1]);
    const R numerator = math::fma(R(-2.0f) * y, c[0], c[0] * c[0]) - y * y * u;
    const R halved = R(0.5f) * inverse / (R(1.0f) + u);
    return {{math::fma(R(-0.5f), math::log1p(u), R(0.0f) - numerator * halved)}};
  }
};

/// Importance sampling over posterior samples. Object column 0: ln sum_k p(mu_ik | reference) / pi0(mu_ik).
/// Sample columns: mu; its normalised weight r at the reference; ln pi0 (null: flat).
///   ln L_i - ln L_ref,i = ln(1 + sum_k r_k expm1(delta_k)),  delta_k = ln p(mu_k | theta) - ln p(mu_k |
///   reference).
/// Where theta is far from the reference (some delta > 30, or the sum below -1/2) r has lost its small values
/// and the logarithm is taken of the plain sum, with its largest term taken out.
template <class P>
struct SamplesTerm {
  static constexpr int coefficients = ratio_size<P>() + P::prepared_size;
  static constexpr int outputs = 1;

  template <class R>
  static STARLING_HD void unpack(const Coefficients<R, coefficients>& c,
                                 Coefficients<R, ratio_size<P>()>& ratio,
                                 Coefficients<R, P::prepared_size>& prepared) {
    for (int j = 0; j < ratio_size<P>(); ++j) ratio[j] = c[j];
    for (int j = 0; j < P::prepared_size; ++j) prepared[j] = c[ratio_size<P>() + j];
  }

  /// ln [p(mu_ik | theta) / pi0(mu_ik)]
  template <class R, class S>
  static STARLING_HD R log_weight(const Coefficients<R, P::prepared_size>& prepared,
                                  const ObjectView<S>& objects, std::uint64_t k) {
    const R l = P::log_density(prepared, R(objects.sample[0][k]));
    return objects.sample[2] ? l - R(objects.sample[2][k]) : l;
  }

  /// The largest log weight, and the sums of w and w^2 in units of it.
  template <class R, class S>
  static STARLING_HD void scaled_sums(const Coefficients<R, P::prepared_size>& prepared,
                                      const ObjectView<S>& objects, std::uint64_t begin, std::uint64_t end,
                                      R& largest, R& sum, R& squares) {
    largest = R(-__builtin_huge_valf());
    for (std::uint64_t k = begin; k < end; ++k) {
      const R l = log_weight(prepared, objects, k);
      largest = math::select<R>(largest < l, l, largest);
    }
    sum = R(0.0f);
    squares = R(0.0f);
    for (std::uint64_t k = begin; k < end; ++k) {
      const R w = math::exp(log_weight(prepared, objects, k) - largest);
      sum = sum + w;
      squares = math::fma(w, w, squares);
    }
  }

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    Coefficients<R, ratio_size<P>()> ratio;
    Coefficients<R, P::prepared_size> prepared;
    unpack(c, ratio, prepared);
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    R sum(0.0f), largest_delta(0.0f);
    for (std::uint64_t k = begin; k < end; ++k) {
      const R delta = log_ratio<P>(ratio, R(objects.sample[0][k]));
      sum = math::fma(R(objects.sample[1][k]), math::expm1(delta), sum);
      largest_delta = math::select<R>(delta < largest_delta, largest_delta, delta);  // keeps a NaN
    }
    const R near = math::log1p(sum);
    const math::Mask<R> good = (largest_delta < R(30.0f)) & (sum > R(-0.5f));
    if (!math::any<R>(!good)) return {{near}};
    R largest, plain, squares;
    scaled_sums(prepared, objects, begin, end, largest, plain, squares);
    const R far = largest + math::log(plain) - R(objects.column[0][i]);
    const R nothing(-__builtin_huge_valf());
    return {{math::select<R>(good, near, math::select<R>(largest > nothing, far, nothing))}};
  }
};

/// The Monte Carlo variance of a samples likelihood, V_i = sum w^2 / (sum w)^2 - 1 / K_i, weighted by the
/// square of the object's weight. Coefficients as SamplesTerm.
template <class P>
struct SamplesVarianceTerm {
  static constexpr int coefficients = SamplesTerm<P>::coefficients;
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    Coefficients<R, ratio_size<P>()> ratio;
    Coefficients<R, P::prepared_size> prepared;
    SamplesTerm<P>::unpack(c, ratio, prepared);
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    R largest, sum, squares;
    SamplesTerm<P>::scaled_sums(prepared, objects, begin, end, largest, sum, squares);
    const R v = squares / (sum * sum) - R(1.0f) / R(static_cast<S>(end - begin));
    return {{objects.weight ? v * R(objects.weight[i]) : v}};
  }
};

/// Sums of a term over the objects [begin, end), one after the other, for the walkers that R holds.
template <class Term, class R, class S>
STARLING_HD Coefficients<R, Term::outputs> strip_sums(const Coefficients<R, Term::coefficients>& c,
                                                      const ObjectView<S>& objects, std::uint64_t begin,
                                                      std::uint64_t end) {
  Coefficients<R, Term::outputs> sums;
  for (int j = 0; j < Term::outputs; ++j) sums[j] = R(0.0f);
  for (std::uint64_t i = begin; i < end; ++i) {
    const auto term = Term::template evaluate<R, S>(c, objects, i);
    for (int j = 0; j < Term::outputs; ++j)
      sums[j] = objects.weight ? math::fma(R(objects.weight[i]), term[j], sums[j]) : sums[j] + term[j];
  }
  return sums;
}

}  // namespace starling
