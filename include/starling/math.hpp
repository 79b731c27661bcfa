/// Elementary functions for the hot loops, written once over the real type R:
///   float           one object and walker, on the host or in a CUDA kernel,
///   a SIMD batch    several walkers on the CPU (src/backends/simd.hpp adds Ops for it),
///   double          the oracle; it calls the standard library.
/// The float and batch versions are made of correctly rounded operations (+ - * / sqrt fma) and integer
/// operations only, in one fixed order, so that every backend gives the same bits. Compile with
/// -ffp-contract=off / -fmad=false.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#ifdef __CUDACC__
#define STARLING_HD __host__ __device__ __forceinline__
#define STARLING_HD_INLINED STARLING_HD
#else
#define STARLING_HD inline
// Where g++ calls a function, which saves and loads again what is in vector registers, and the kernel is
// quicker without.
#define STARLING_HD_INLINED inline __attribute__((always_inline))
#endif
// Before a loop of which a GPU should do four turns at a time.
#ifdef __CUDA_ARCH__
#define STARLING_UNROLL_ON_GPU _Pragma("unroll 4")
#else
#define STARLING_UNROLL_ON_GPU
#endif

namespace starling::math {

/// What the functions below need of a real type.
template <class R>
struct Ops;

template <>
struct Ops<float> {
  using Int = std::int32_t;
  using Word = std::uint32_t;
  using Mask = bool;
  static STARLING_HD float fma(float a, float b, float c) {
#ifdef __CUDA_ARCH__
    return __fmaf_rn(a, b, c);
#else
    return __builtin_fmaf(a, b, c);
#endif
  }
  static STARLING_HD float sqrt(float a) {
#ifdef __CUDA_ARCH__
    return __fsqrt_rn(a);
#else
    return __builtin_sqrtf(a);
#endif
  }
  static STARLING_HD Int bits(float a) {
#ifdef __CUDA_ARCH__
    return __float_as_int(a);
#else
    return std::bit_cast<Int>(a);
#endif
  }
  static STARLING_HD float from_bits(Int a) {
#ifdef __CUDA_ARCH__
    return __int_as_float(a);
#else
    return std::bit_cast<float>(a);
#endif
  }
  // two's complement: arguments outside of a function's range may wrap round before the result is discarded
  static STARLING_HD Int add(Int a, Int b) {
    return static_cast<Int>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
  static STARLING_HD Int subtract(Int a, Int b) {
    return static_cast<Int>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
  }
  static STARLING_HD float from_int(Int a) {
    return static_cast<float>(a);
  }
  static STARLING_HD Int as_signed(Word a) {
    return static_cast<Int>(a);
  }
  static STARLING_HD float select(Mask m, float a, float b) {
    return m ? a : b;
  }
  static STARLING_HD bool any(Mask m) {
    return m;
  }
  static STARLING_HD float larger(float a, float b) {
    return a > b ? a : b;
  }
  static STARLING_HD float larger_number(float a, float b) {
#ifdef __CUDA_ARCH__
    return fmaxf(a, b);
#else
    return a > b ? a : b;
#endif
  }
};

template <>
struct Ops<double> {
  using Int = std::int32_t;
  using Word = std::uint32_t;
  using Mask = bool;
  static inline double from_int(Int a) { return a; }
  static inline Int as_signed(Word a) { return static_cast<Int>(a); }
  static inline double fma(double a, double b, double c) { return std::fma(a, b, c); }
  static STARLING_HD double sqrt(double a) { return std::sqrt(a); }
  static inline double select(Mask m, double a, double b) { return m ? a : b; }
  static inline bool any(Mask m) { return m; }
  static inline double larger(double a, double b) { return a > b ? a : b; }
  static inline double larger_number(double a, double b) { return larger(a, b); }
};

template <class R>
using Mask = typename Ops<R>::Mask;
template <class R>
inline constexpr bool is_double = std::is_same_v<R, double>;

// Calls inside this file are qualified, or argument-dependent look-up would find the SIMD library's own
// functions.

/// a b + c, rounded once.
template <class R>
STARLING_HD R fma(R a, R b, R c) {
  return Ops<R>::fma(a, b, c);
}
template <class R>
STARLING_HD R sqrt(R a) {
  return Ops<R>::sqrt(a);
}
/// m ? a : b, lane by lane.
template <class R>
STARLING_HD R select(Mask<R> m, R a, R b) {
  return Ops<R>::select(m, a, b);
}
template <class R>
STARLING_HD bool any(Mask<R> m) {
  return Ops<R>::any(m);
}
/// a > b ? a : b, so b where either is NaN.
template <class R>
STARLING_HD R larger(R a, R b) {
  return Ops<R>::larger(a, b);
}
/// The larger; either where one is NaN, as is quickest.
template <class R>
STARLING_HD R larger_number(R a, R b) {
  return Ops<R>::larger_number(a, b);
}

namespace detail {

/// ln(1 + f) + k ln 2 for -1/3 <= f <= 1/3: minimax polynomial of (ln(1 + f) - f + f^2 / 2) / f^3, relative
/// error 5e-9.
template <class R>
STARLING_HD R log_core(R f, R k) {
  const R f2 = f * f;
  R p = math::fma(R(-0.12891601f), f, R(0.13984467f));
  R q = math::fma(R(-0.12184278f), f, R(0.14005862f));
  p = math::fma(p, f2, q);
  p = math::fma(p, f, R(-0.16680487f));
  p = math::fma(p, f, R(0.20010406f));
  p = math::fma(p, f, R(-0.24999797f));
  p = math::fma(p, f, R(0.33333215f));
  p = math::fma(p, f, R(-0.5f));
  p = math::fma(p, f2, k * R(1.9046542e-9f));  // ln 2 = 0.69314718 + 1.9e-9
  return math::fma(k, R(0.69314718f), f + p);
}

/// Splits x > 0 into 2^k (1 + f), 2/3 <= 1 + f < 4/3; `scale` is 2^-k.
template <class R>
STARLING_HD void split(R x, R& f, R& k, R& scale) {
  using O = Ops<R>;
  const typename O::Int two_thirds(0x3f2aaaab), mantissa(0x007fffff), one(0x3f800000);
  const typename O::Int ix = O::subtract(O::bits(x), two_thirds);
  const typename O::Int e = ix >> 23;
  k = O::from_int(e);
  f = O::from_bits(O::add(ix & mantissa, two_thirds)) - R(1.0f);
  scale = O::from_bits(O::subtract(one, e << 23));
}

/// expm1(r) and 2^k with x = k ln 2 + r, for -87 <= x <= 88; garbage beyond, NaN for NaN.
template <class R>
STARLING_HD void exp_core(R x, R& expm1_r, R& scale) {
  using O = Ops<R>;
  const R magic(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const typename O::Int one(0x3f800000);
  const R t = math::fma(x, R(1.44269504f), magic);
  const R k = t - magic;
  R r = math::fma(k, R(-0.693145752f), x);  // ln 2 in two parts, the first of 16 bits
  r = math::fma(k, R(-1.42860677e-6f), r);
  R p = math::fma(R(1.9845957e-4f), r, R(1.3941653e-3f));
  p = math::fma(p, r, R(8.3333915e-3f));
  p = math::fma(p, r, R(4.1666348e-2f));
  p = math::fma(p, r, R(0.16666666f));
  p = math::fma(p, r, R(0.5f));
  expm1_r = math::fma(p, r * r, r);
  scale = O::from_bits(O::add(one, O::bits(t) << 23));  // the bits of `magic` itself are shifted out
}

}  // namespace detail

/// ln x of normal, finite x > 0; garbage elsewhere. At most 1 ulp.
template <class R>
STARLING_HD_INLINED R log_normal_number(R x) {
  if constexpr (is_double<R>) {
    return std::log(x);
  } else {
    R f, k, scale;
    detail::split(x, f, k, scale);
    return detail::log_core(f, k);
  }
}

/// ln x. Valid for normal x > 0 (x >= 1.2e-38); x = 0 and below give NaN, infinity gives infinity. At most 1
/// ulp.
template <class R>
STARLING_HD R log(R x) {
  if constexpr (is_double<R>) {
    return std::log(x);
  } else {
    const R y = math::log_normal_number(x), infinity(__builtin_huge_valf());
    return math::select<R>(x > R(0.0f), math::select<R>(x < infinity, y, infinity), R(__builtin_nanf("")));
  }
}

/// ln(1 + u), accurate near u = 0. Valid for u > -1; u <= -1 gives NaN. At most 2 ulp.
template <class R>
STARLING_HD R log1p(R u) {
  if constexpr (is_double<R>) {
    return std::log1p(u);
  } else {
    const R w = R(1.0f) + u;
    R f, k, scale;
    detail::split(w, f, k, scale);
    const R lost =
        u - (w - R(1.0f));  // what rounding 1 + u lost; its own error matters only where u is large
    const R y = detail::log_core(math::fma(lost, scale, f), k);
    const R infinity(__builtin_huge_valf());
    return math::select<R>(w > R(0.0f), math::select<R>(w < infinity, y, infinity), R(__builtin_nanf("")));
  }
}

/// e^x; 0 below -87, infinity above 88. At most 1 ulp between.
template <class R>
STARLING_HD R exp(R x) {
  if constexpr (is_double<R>) {
    return std::exp(x);
  } else {
    R p, scale;
    detail::exp_core(x, p, scale);
    const R y = math::fma(p, scale, scale);
    const R high = math::select<R>(x > R(88.0f), R(__builtin_huge_valf()), y);
    return math::select<R>(x < R(-87.0f), R(0.0f), high);
  }
}

/// e^x - 1, accurate near x = 0; -1 below -87, infinity above 88. At most 2 ulp.
template <class R>
STARLING_HD R expm1(R x) {
  if constexpr (is_double<R>) {
    return std::expm1(x);
  } else {
    R p, scale;
    detail::exp_core(x, p, scale);
    const R y = math::fma(p, scale, scale - R(1.0f));
    const R high = math::select<R>(x > R(88.0f), R(__builtin_huge_valf()), y);
    return math::select<R>(x < R(-87.0f), R(-1.0f), high);
  }
}

/// ln w for a product w of factors near 1 of which u = w - 1 is known, too, and better where it is small.
/// Valid for normal, finite w > 0; anything else gives garbage. At most 2 ulp of what w and u say.
template <class R>
STARLING_HD R log_product(R w, R u) {
  const Mask<R> near = (u > R(-0.5f)) & (u < R(0.5f));
  if constexpr (is_double<R>) {
    return near ? std::log1p(u) : std::log(w);
  } else {
    const R base = math::select<R>(near, R(1.0f) + u, w);
    const R lost = math::select<R>(near, u - (base - R(1.0f)), R(0.0f));
    R f, k, scale;
    detail::split(base, f, k, scale);
    return detail::log_core(math::fma(lost, scale, f), k);
  }
}

/// ln x of x > 0; whatever is below the smallest normal number, 0 and negative numbers too, counts as that
/// number. At most 1 ulp.
template <class R>
STARLING_HD R log_clamped(R x) {
  if constexpr (is_double<R>) {
    return std::log(x > 0x1p-1022 ? x : 0x1p-1022);
  } else {
    return math::log(math::larger(x, R(0x1p-126f)));
  }
}

/// ln(e^a + e^b); either may be -infinity, neither +infinity.
template <class R>
STARLING_HD R log_add_exp(R a, R b) {
  const Mask<R> a_larger = a > b;
  const R large = math::select<R>(a_larger, a, b), small = math::select<R>(a_larger, b, a);
  const R sum = large + math::log1p(math::exp(small - large));
  return math::select<R>(large > R(-__builtin_huge_valf()), sum, large);
}

/// ln Phi(z), Phi the cumulative distribution of the standard normal, for every z, infinity included. In
/// float the error is at most 3e-7 max(1, |ln Phi|); in double, 1e-13 max(1, |ln Phi|). As Shepherd &
/// Laframboise (1981, Math. Comp. 36, 249) do for erfc: (1 + t) e^(t^2 / 2) Phi(-t), t = |z|, is a polynomial
/// in (t - 3) / (t + 3), here the minimax one of degree 10, error 1.1e-8.
template <class R>
STARLING_HD R log_normal_cdf(R z) {
  if constexpr (is_double<R>) {
    if (z > 0) return std::log1p(-0.5 * std::erfc(z * 0.70710678118654752440));
    if (z > -25) return std::log(0.5 * std::erfc(-z * 0.70710678118654752440));
    const double q = 1 / (z * z);  // the asymptotic series; its next term is 945 q^5
    return -0.5 * z * z - std::log(-z) - 0.91893853320467274178 +
           std::log1p(q * (-1 + q * (3 + q * (-15 + q * 105))));
  } else {
    const R magnitude = math::larger(z, R(0.0f) - z);
    const R t = math::select<R>(magnitude < R(1e18f), magnitude, R(1e18f));
    const R y = (t - R(3.0f)) / (t + R(3.0f));
    R p = math::fma(R(6.2619449e-5f), y, R(3.59316631e-5f));
    p = math::fma(p, y, R(-4.81287756e-4f));
    p = math::fma(p, y, R(-3.65748624e-4f));
    p = math::fma(p, y, R(2.99310214e-3f));
    p = math::fma(p, y, R(1.16432533e-3f));
    p = math::fma(p, y, R(-2.2726755e-2f));
    p = math::fma(p, y, R(4.51633658e-2f));
    p = math::fma(p, y, R(-1.64323211e-2f));
    p = math::fma(p, y, R(-9.65267337e-2f));
    p = math::fma(p, y, R(0.486055793f));
    const R scaled = p / (R(1.0f) + t);  // e^(z^2 / 2) Phi(-|z|)
    const R below = math::fma(R(-0.5f) * z, z, math::log(scaled));
    const R above = math::log1p(R(0.0f) - scaled * math::exp(R(-0.5f) * z * z));
    return math::select<R>(z > R(0.0f), above, below);
  }
}

/// e^x - 1 as expm1 gives it, for x <= 88; garbage above, NaN for NaN.
template <class R>
STARLING_HD R expm1_below_88(R x) {
  if constexpr (is_double<R>) {
    return std::expm1(x);
  } else {
    R p, scale;
    detail::exp_core(math::larger(R(-87.0f), x), p, scale);
    return math::fma(p, scale, scale - R(1.0f));
  }
}

/// sin(2 pi t) and cos(2 pi t) for |t| <= 1/2, absolute error below 1e-7.
template <class R>
STARLING_HD_INLINED void sincos_turns(R t, R& sine, R& cosine) {
  if constexpr (is_double<R>) {
    sine = std::sin(6.283185307179586477 * t);
    cosine = std::cos(6.283185307179586477 * t);
  } else {
    using O = Ops<R>;
    const R magic(12582912.0f);
    const typename O::Int one(1), two(2);
    const R j = math::fma(t, R(4.0f), magic);  // quarter turns
    const typename O::Int q = O::subtract(O::bits(j), O::bits(magic));
    const R y = math::fma(j - magic, R(-0.25f), t);
    const R y2 = y * y;
    R s = math::fma(R(-75.402069f), y2, R(81.592552f));
    s = math::fma(s, y2, R(-41.341663f));
    s = math::fma(s, y2, R(6.2831855f)) * y;
    R c = math::fma(R(59.24596f), y2, R(-85.443741f));
    c = math::fma(c, y2, R(64.939323f));
    c = math::fma(c, y2, R(-19.739208f));
    c = math::fma(c, y2, R(1.0f));
    const Mask<R> odd = O::from_int(q & one) > R(0.0f);
    sine = O::from_bits(O::bits(math::select<R>(odd, c, s)) ^ ((q & two) << 30));
    cosine = O::from_bits(O::bits(math::select<R>(odd, s, c)) ^ (((q + one) & two) << 30));
  }
}

}  // namespace starling::math
