/// What one object adds to ln L(theta) - ln L(reference), for each kind of likelihood. The difference is
/// formed algebraically, inside the logarithm: two rounded logarithms are never subtracted.
#pragma once

#include <cmath>

#include "formulas/measurements.hpp"
#include "formulas/objects.hpp"
#include "starling/population.hpp"

namespace starling {

/// What a term with a reference needs of theta: a population's own ratio to the reference, or, for the
/// others, the population as prepared; ln p(mu | reference) then is a column.
template <class P>
constexpr int difference_size() {
  if constexpr (HasRatio<P>)
    return P::ratio_size;
  else
    return P::prepared_size;
}

/// ln p(mu | theta) - ln p(mu | reference)
template <class P, class R, class S>
STARLING_HD R log_difference(const Coefficients<R, difference_size<P>()>& c, R mu, const S* reference,
                             std::uint64_t k) {
  if constexpr (HasRatio<P>)
    return P::log_ratio(c, mu);
  else
    return P::log_density(c, mu) - R(reference[k]);
}

/// Naive fit: ln p(point | theta) - ln p(point | reference). Object columns: the point; ln p(point |
/// reference).
template <class P>
struct PointTerm {
  static constexpr int coefficients = difference_size<P>();
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    return {{log_difference<P, R, S>(c, R(objects.column[0][i]), objects.column[1], i)}};
  }
};

/// (1 + a) (1 + b) - 1
template <class R>
STARLING_HD R product_less_one(R a, R b) {
  return math::fma(a, b, a + b);
}

/// Normal population, normal noise: x ~ N(theta_mu, V_i), V_i = theta_sigma^2 + noise_scale^2 sigma_i^2.
/// Object columns: y = x - m_ref and 1 / V_ref,i. With u = V_i / V_ref,i - 1 = c1 + c2 / V_ref,i and dm = m -
/// m_ref,
///   ln L_i - ln L_ref,i = -[dm (dm - 2 y) - y^2 u] / (2 V_i) - ln(1 + u) / 2.
struct NormalMarginalTerm {
  static constexpr int coefficients =
      3;  // dm, c1 = q / q_ref - 1, c2 = s^2 - s_ref^2 - c1 s_ref^2; q = noise_scale^2
  static constexpr int outputs = 1;

  /// u, and the numerator of [y^2 u - dm (dm - 2 y)] / V_i, whose denominator is V_i / V_ref,i = 1 + u.
  template <class R, class S>
  static STARLING_HD void parts(const Coefficients<R, 3>& c, const ObjectView<S>& objects, std::uint64_t i,
                                R& u, R& numerator) {
    const R y(objects.column[0][i]), inverse_reference(objects.column[1][i]);
    u = math::fma(c[2], inverse_reference, c[1]);
    numerator = inverse_reference * math::fma(y * y, u, math::fma(y, c[0] + c[0], R(0.0f) - c[0] * c[0]));
  }

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, 3>& c, const ObjectView<S>& objects,
                                                 std::uint64_t i) {
    R u, numerator;
    parts(c, objects, i, u, numerator);
    return {{R(0.5f) * (numerator / (R(1.0f) + u) - math::log1p(u))}};
  }

  /// What `count` objects, a power of 2, add together: the fractions as one, whose denominator is the product
  /// of all 1 + u; and that product less one, so that nothing is lost where all u are small. Two by two, as
  /// sums are: one after the other, the same u over and over would be rounded the same way.
  template <class R>
  struct Together {
    R numerator, product, less_one;
  };
  template <int count, class R, class S>
  static STARLING_HD Together<R> together(const Coefficients<R, 3>& c, const ObjectView<S>& objects,
                                          std::uint64_t i) {
    if constexpr (count == 1) {
      R u, numerator;
      parts(c, objects, i, u, numerator);
      return {numerator, R(1.0f) + u, u};
    } else {
      const auto left = together<count / 2>(c, objects, i),
                 right = together<count / 2>(c, objects, i + count / 2);
      return {math::fma(left.numerator, right.product, right.numerator * left.product),
              left.product * right.product, product_less_one(left.less_one, right.less_one)};
    }
  }

  /// The sum over at most kStrip objects, of weight 1, with a division for eight of them and one logarithm,
  /// of the product of all 1 + u. Far from the reference, where a product would leave the range of floats,
  /// objects are taken one by one.
  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate_together(const Coefficients<R, 3>& c,
                                                          const ObjectView<S>& objects, std::uint64_t begin,
                                                          std::uint64_t end) {
    R quadratic(0.0f), product(1.0f), less_one(0.0f);
    const auto add = [&](const Together<R>& more) {
      quadratic = quadratic + more.numerator / more.product;
      product = product * more.product;
      less_one = product_less_one(less_one, more.less_one);
    };
    std::uint64_t next = begin;
    for (; next + 8 <= end; next += 8) add(together<8>(c, objects, next));
    for (; next < end; ++next) add(together<1>(c, objects, next));
    const R all = R(0.5f) * (quadratic - math::log_product(product, less_one));
    const math::Mask<R> good = (product > R(1e-30f)) & (product < R(1e30f)) &
                               (math::larger(quadratic, R(0.0f) - quadratic) < R(1e30f));
    if (!math::any<R>(!good)) return {{all}};
    R one_by_one(0.0f);
    for (std::uint64_t i = begin; i < end; ++i) one_by_one = one_by_one + evaluate(c, objects, i)[0];
    return {{math::select<R>(good, all, one_by_one)}};
  }
};

/// A population whose density behind normal noise has a closed form (0 for others, which do not ask for it):
/// ln p(x | theta) - ln p(x | reference). Object
/// columns: x and the precision of its noise, as the datum has them; ln p(x | reference). Coefficients: the
/// population's, the measurement's.
template <class P, class Ms>
struct NoisyDensityTerm {
  static constexpr int coefficients = P::prepared_size + kMeasurementCoefficients;
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    if constexpr (HasNoisyDensity<P>) {
      Coefficients<R, P::prepared_size> population;
      Coefficients<R, kMeasurementCoefficients> measurement;
      for (int j = 0; j < P::prepared_size; ++j) population[j] = c[j];
      for (int j = 0; j < kMeasurementCoefficients; ++j) measurement[j] = c[P::prepared_size + j];
      R precision(objects.column[1][i]);
      Ms::template precisions<1, R>(objects.measurement, measurement, &precision);
      return {{P::log_density_with_noise(population, R(objects.column[0][i]), R(1.0f) / precision) -
               R(objects.column[2][i])}};
    } else {
      return {{R(0.0f)}};
    }
  }
};

/// Sums of w and w^2 in units of exp(unit): for_each calls its argument with every ln w, in order.
template <class R, class ForEach>
STARLING_HD Coefficients<R, 2> sums_of_weights(R unit, const ForEach& for_each) {
  R sum(0.0f), squares(0.0f);
  for_each([&](R l) {
    const R w = math::exp(l - unit);
    sum = sum + w;
    squares = math::fma(w, w, squares);
  });
  return {{sum, squares}};
}

/// Importance sampling over posterior samples, and quadrature with nodes in place of samples.
/// Object column 0: ln sum_k w_k at the reference, w_k = p(mu_ik) / pi0(mu_ik). Sample columns: mu; its
/// normalised weight r at the reference; ln pi0 (null: flat); ln p(mu_ik | reference).
///   ln L_i - ln L_ref,i = ln(1 + sum_k r_k expm1(delta_k)),  delta_k = ln p(mu_k | theta) - ln p(mu_k |
///   reference).
/// Any positive numbers may stand for p(mu_k | reference), so samples where it is 0 have a small one.
/// Where theta is far from the reference (some delta > 30, or the sum below -1/2) r has lost its small values
/// and the logarithm is taken of the plain sum, with its largest term taken out.
template <class P>
struct SamplesTerm {
  static constexpr int coefficients =
      HasRatio<P> ? difference_size<P>() + P::prepared_size : P::prepared_size;
  static constexpr int outputs = 1;

  template <class R>
  static STARLING_HD void unpack(const Coefficients<R, coefficients>& c,
                                 Coefficients<R, difference_size<P>()>& difference,
                                 Coefficients<R, P::prepared_size>& prepared) {
    for (int j = 0; j < difference_size<P>(); ++j) difference[j] = c[j];
    for (int j = 0; j < P::prepared_size; ++j) prepared[j] = c[HasRatio<P> ? difference_size<P>() + j : j];
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
      largest = math::larger_number(largest, l);
    }
    const auto sums = sums_of_weights<R>(largest, [&](const auto& add) {
      for (std::uint64_t k = begin; k < end; ++k) add(log_weight(prepared, objects, k));
    });
    sum = sums[0];
    squares = sums[1];
  }

  /// Of one object, or of several joined: ln(1 + less_one) + rest.
  template <class R>
  struct Part {
    R less_one, rest;
  };
  template <class R>
  static STARLING_HD Part<R> joined(const Part<R>& a, const Part<R>& b) {
    return {product_less_one(a.less_one, b.less_one), a.rest + b.rest};
  }
  template <class R>
  static STARLING_HD R value(const Part<R>& part) {
    return math::log1p(part.less_one) + part.rest;
  }

  /// Eight of them can be joined: no less_one is larger than 10^4 or smaller than -1/2.
  template <class R, class S>
  static STARLING_HD Part<R> part(const Coefficients<R, coefficients>& c, const ObjectView<S>& objects,
                                  std::uint64_t i) {
    Coefficients<R, difference_size<P>()> difference;
    Coefficients<R, P::prepared_size> prepared;
    unpack(c, difference, prepared);
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    R sum(0.0f), largest_delta(0.0f);
    STARLING_UNROLL_ON_GPU
    for (std::uint64_t k = begin; k < end; ++k) {
      const R delta = log_difference<P, R, S>(difference, R(objects.sample[0][k]), objects.sample[3], k);
      sum = math::fma(R(objects.sample[1][k]), math::expm1_below_88(delta), sum);  // a NaN stays in the sum
      largest_delta = math::larger_number(largest_delta, delta);
    }
    const R zero(0.0f);
    const math::Mask<R> good = (largest_delta < R(30.0f)) & (sum > R(-0.5f)), joins = good & (sum < R(1e4f));
    if (!math::any<R>(!joins)) return {sum, zero};
    R alone = math::log1p(sum);
    if (math::any<R>(!good)) {
      R largest, plain, squares;
      scaled_sums(prepared, objects, begin, end, largest, plain, squares);
      const R far = largest + math::log(plain) - R(objects.column[0][i]);
      const R nothing(-__builtin_huge_valf());
      alone = math::select<R>(good, alone, math::select<R>(largest > nothing, far, nothing));
    }
    return {math::select<R>(joins, sum, zero), math::select<R>(joins, zero, alone)};
  }
  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    return {{value(part(c, objects, i))}};
  }
};

/// (K - 1) ln(K / (K - 1)), 0 where K = 1.
inline double jackknife_constant(std::uint64_t samples) {
  const auto others = static_cast<double>(samples - 1);
  return others > 0 ? others * std::log1p(1 / others) : 0;
}

/// The Monte Carlo error of a samples likelihood, and what corrects its bias. With r_k = w_k / sum w,
/// outputs: V_i = sum r^2 - 1 / K_i, weighted by the square of the object's weight; to first order E[ln L_i]
/// is short of the truth by V_i / 2; the jackknife adds
///   (K_i - 1) (l - mean_k l_(k)) = -(K_i - 1) / K_i sum_k ln(1 - r_k) - (K_i - 1) ln(K_i / (K_i - 1)),
/// l_(k) being l = ln L_i without sample k. Object column 1: jackknife_constant, or null, and the jackknife,
/// which takes a logarithm per sample, is left out. Coefficients and all else as SamplesTerm.
template <class P>
struct SamplesErrorTerm {
  static constexpr int coefficients = SamplesTerm<P>::coefficients;
  static constexpr int outputs = 3;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 3> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    Coefficients<R, difference_size<P>()> difference;
    Coefficients<R, P::prepared_size> prepared;
    SamplesTerm<P>::unpack(c, difference, prepared);
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    R largest, sum, squares;
    SamplesTerm<P>::scaled_sums(prepared, objects, begin, end, largest, sum, squares);
    const R zero(0.0f), one(1.0f), count(static_cast<S>(end - begin));
    // an object that is impossible at this theta has no variance
    const math::Mask<R> possible = sum > zero;
    const R v = math::select<R>(possible, squares / (sum * sum) - one / count, zero);
    R correction = zero;
    if (objects.column[1])
      correction = math::select<R>(
          possible & (count > one),
          jackknife(prepared, objects, begin, end, largest, sum) - R(objects.column[1][i]), zero);
    return {{objects.weight ? v * R(objects.weight[i]) : v, R(0.5f) * v, correction}};
  }

  /// -(K_i - 1) / K_i sum_k ln(1 - r_k), from what scaled_sums gave.
  template <class R, class S>
  static STARLING_HD R jackknife(const Coefficients<R, P::prepared_size>& prepared,
                                 const ObjectView<S>& objects, std::uint64_t begin, std::uint64_t end,
                                 R largest, R sum) {
    const R zero(0.0f), one(1.0f), count(static_cast<S>(end - begin));
    // sum_k ln(1 - r_k) + r_k; what the largest weight leaves is summed by itself, and 0 gives infinity
    R logs(0.0f), rest(0.0f);
    math::Mask<R> not_seen = one > zero;
    for (std::uint64_t k = begin; k < end; ++k) {
      const R w = math::exp(SamplesTerm<P>::template log_weight<R, S>(prepared, objects, k) - largest),
              r = w / sum;
      const math::Mask<R> is_largest = (w >= one) & not_seen;
      not_seen = not_seen & (w < one);
      rest = rest + math::select<R>(is_largest, zero, w);
      logs =
          logs + math::select<R>(is_largest, r, math::log1p(zero - math::select<R>(is_largest, zero, r)) + r);
    }
    logs = logs + math::select<R>(rest > zero, math::log(rest / sum), R(-__builtin_huge_valf()));
    return (count - one) / count * (one - logs);
  }
};

/// Posterior samples of a normal population as if they were normal, with mean m_i and variance v_i: normal
/// noise of that variance, and its bias taken out by the delta method,
///   + v_i / (2 K_i S) + [r^2 / S^3 - 1 / (2 S^2)] v_i^2 / (K_i - 1),  S = theta_sigma^2 + v_i,  r = m_i -
///   theta_mu.
/// Coefficients and object columns 0 and 1 as NormalMarginalTerm; columns 2, 3: v_i / (2 K_i), v_i^2 / (K_i -
/// 1).
struct GaussianSamplesTerm {
  static constexpr int coefficients = NormalMarginalTerm::coefficients;
  static constexpr int outputs = 1;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, 3>& c, const ObjectView<S>& objects,
                                                 std::uint64_t i) {
    R u, numerator;
    NormalMarginalTerm::parts(c, objects, i, u, numerator);
    const R inverse = R(objects.column[1][i]) / (R(1.0f) + u);
    const R l = NormalMarginalTerm::evaluate(c, objects, i)[0], r = R(objects.column[0][i]) - c[0];
    const R second = math::fma(r * r, inverse, R(-0.5f)) * (inverse * inverse);
    return {{l + math::fma(R(objects.column[2][i]), inverse, second * R(objects.column[3][i]))}};
  }
};

/// The integral over mu of p(x | mu) p(mu | theta) by nodes, for measurements with hyperparameters and
/// populations whose support moves with theta. Object columns: the datum; the interval [a, b] that holds the
/// integrand, both less the datum's center; ln L at the reference. Sample columns: node t on [0, 1]; ln of
/// its weight. The interval is cut to the walker's support, and in two where the density has a break.
/// Coefficients: the population's, the measurement's, lower and upper end of the support, the break.
template <class P, class Ms>
struct QuadratureTerm {
  static constexpr int pieces = HasBreak<P> ? 2 : 1;
  static constexpr int ends = P::prepared_size + kMeasurementCoefficients;
  static constexpr int coefficients = ends + 1 + pieces;
  static constexpr int outputs = 1;

  /// Where a piece begins: mu, and mu - center, each as well as a float can hold it; and how wide the piece
  /// is, 0 where there is none.
  template <class R>
  struct Piece {
    R mu, deviation, width;
  };
  template <class R>
  static STARLING_HD void cut(const Coefficients<R, coefficients>& c, R center, R a, R b,
                              Piece<R> piece[pieces]) {
    const R zero(0.0f), lower = c[ends] - center, upper = c[ends + 1] - center;
    const math::Mask<R> at_end = lower > a;
    const R last = math::select<R>(upper < b, upper, b);
    piece[0].mu = math::select<R>(at_end, c[ends], center + a);
    piece[0].deviation = math::select<R>(at_end, lower, a);
    if constexpr (pieces == 2) {
      const R broken = c[ends + 2] - center, first = piece[0].deviation;
      const math::Mask<R> inside = broken > first;
      const R middle = math::select<R>(inside, math::select<R>(broken < last, broken, last), first);
      piece[1].mu = math::select<R>(inside, c[ends + 2], piece[0].mu);  // no matter what beyond the last
      piece[1].deviation = middle;
      piece[1].width = math::larger(last - middle, zero);
      piece[0].width = math::larger(middle - first, zero);
    } else {
      piece[0].width = math::larger(last - piece[0].deviation, zero);
    }
  }

  template <class R, class S>
  static STARLING_HD Coefficients<R, 1> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    Coefficients<R, P::prepared_size> population;
    Coefficients<R, kMeasurementCoefficients> measurement;
    for (int j = 0; j < P::prepared_size; ++j) population[j] = c[j];
    for (int j = 0; j < kMeasurementCoefficients; ++j) measurement[j] = c[P::prepared_size + j];
    const Datum<R> datum = datum_of<R>(objects, i);
    const R reference(objects.column[6][i]), nothing(-__builtin_huge_valf());
    Piece<R> parts[pieces];
    cut<R>(c, datum.center, R(objects.column[4][i]), R(objects.column[5][i]), parts);
    const std::uint64_t begin = objects.offset[i], end = objects.offset[i + 1];
    const auto log_term = [&](std::uint64_t k, const Piece<R>& piece) {
      const R t(objects.sample[0][k]), mu = math::fma(piece.width, t, piece.mu);
      return R(objects.sample[1][k]) + P::log_density(population, mu) +
             Ms::log_likelihood(objects.measurement, measurement, datum,
                                math::fma(piece.width, t, piece.deviation));
    };
    const auto sum_of_terms = [&](R top) {
      R all(0.0f);
      for (const Piece<R>& piece : parts) {
        R sum(0.0f);
        for (std::uint64_t k = begin; k < end; ++k) sum = sum + math::exp(log_term(k, piece) - top);
        all = math::fma(math::select<R>(piece.width > R(0.0f), sum, R(0.0f)), piece.width, all);
      }
      return all;
    };
    const R sum = sum_of_terms(reference);
    const R result = math::log(sum);
    const math::Mask<R> good = (sum > R(1e-30f)) & (sum < R(1e30f));
    if (!math::any<R>(!good)) return {{result}};
    R largest = nothing;  // far from the reference: once more, with the largest term taken out
    for (const Piece<R>& piece : parts)
      for (std::uint64_t k = begin; k < end; ++k) {
        const R l = log_term(k, piece);
        largest = math::select<R>((piece.width > R(0.0f)) & (largest < l), l, largest);
      }
    const R far = largest + math::log(sum_of_terms(largest)) - reference;
    return {{math::select<R>(good, result, math::select<R>(largest > nothing, far, nothing))}};
  }
};

/// Injections that were detected, for P_det: sums of w and w^2, w = p(mu | theta) / p_draw(mu), in units of
/// exp(column 0). An object here is a run of injections. Sample columns: mu; unused; ln p_draw.
template <class P>
struct InjectionTerm {
  static constexpr int coefficients = P::prepared_size;
  static constexpr int outputs = 2;

  template <class R, class S>
  static STARLING_HD Coefficients<R, 2> evaluate(const Coefficients<R, coefficients>& c,
                                                 const ObjectView<S>& objects, std::uint64_t i) {
    return sums_of_weights<R>(R(objects.column[0][i]), [&](const auto& add) {
      for (std::uint64_t k = objects.offset[i]; k < objects.offset[i + 1]; ++k)
        add(P::log_density(c, R(objects.sample[0][k])) - R(objects.sample[2][k]));
    });
  }
};

/// Optional: a term that sums the objects of a strip in less time than one by one, if they have no weights.
template <class Term>
concept EvaluatesTogether = requires(const Coefficients<double, Term::coefficients>& c,
                                     const ObjectView<double>& objects) {
  Term::template evaluate_together<double, double>(c, objects, 0, 1);
};

/// Optional: a term whose objects can be joined, where they have no weights, before a logarithm is taken.
template <class Term>
concept JoinsObjects = requires(const Coefficients<double, Term::coefficients>& c,
                                const ObjectView<double>& objects) {
  Term::template part<double, double>(c, objects, 0);
};

/// Sum of such a term over the objects [begin, end), eight by eight. part_of(i): that of one of them.
template <class Term, class R, class PartOf>
STARLING_HD R sum_of_joined(std::uint64_t begin, std::uint64_t end, const PartOf& part_of) {
  R sum(0.0f);
  for (std::uint64_t i = begin; i < end;) {
    typename Term::template Part<R> part{R(0.0f), R(0.0f)};
    const std::uint64_t next = end - i < 8 ? end : i + 8;
    for (; i < next; ++i) part = Term::template joined<R>(part, part_of(i));
    sum = sum + Term::template value<R>(part);
  }
  return sum;
}

/// Terms for which walkers are taken two by two (backends/two_of.hpp): reading an object would cost as much
/// as what is done with it.
template <class Term>
inline constexpr bool kTakesTwo = false;
template <class P>
inline constexpr bool kTakesTwo<PointTerm<P>> = true;
template <class P>
inline constexpr bool kTakesTwo<SamplesTerm<P>> = true;
template <>
inline constexpr bool kTakesTwo<NormalMarginalTerm> = true;

/// Whether an object counts in a sum: one of weight 0 does not, be it impossible.
template <class S>
STARLING_HD bool counts(const ObjectView<S>& objects, std::uint64_t i) {
  return !objects.weight || objects.weight[i] > S(0);
}
/// A sum and one more object's term.
template <class R, class S>
STARLING_HD R with_term(const ObjectView<S>& objects, std::uint64_t i, R term, R sum) {
  return objects.weight ? math::fma(R(objects.weight[i]), term, sum) : sum + term;
}

/// Sums of a term over the at most kStrip objects [begin, end), in order, for the walkers that R holds.
template <class Term, class R, class S>
STARLING_HD Coefficients<R, Term::outputs> strip_sums(const Coefficients<R, Term::coefficients>& c,
                                                      const ObjectView<S>& objects, std::uint64_t begin,
                                                      std::uint64_t end) {
  if constexpr (EvaluatesTogether<Term>)
    if (!objects.weight) return Term::template evaluate_together<R, S>(c, objects, begin, end);
  if constexpr (JoinsObjects<Term>)
    if (!objects.weight)
      return {{sum_of_joined<Term, R>(
          begin, end, [&](std::uint64_t i) { return Term::template part<R, S>(c, objects, i); })}};
  Coefficients<R, Term::outputs> sums;
  for (int j = 0; j < Term::outputs; ++j) sums[j] = R(0.0f);
  for (std::uint64_t i = begin; i < end; ++i) {
    if (!counts(objects, i)) continue;
    const auto term = Term::template evaluate<R, S>(c, objects, i);
    for (int j = 0; j < Term::outputs; ++j) sums[j] = with_term(objects, i, term[j], sums[j]);
  }
  return sums;
}

}  // namespace starling
