/// Ops for SIMD batches of floats: the lanes are walkers. By xsimd, for the instruction set that the file
/// including this one is compiled for.
#pragma once

#include <xsimd/xsimd.hpp>

#include "starling/random.hpp"

namespace starling {

using FloatBatch = xsimd::batch<float>;
using IntBatch = xsimd::batch<std::int32_t>;
using WordBatch = xsimd::batch<std::uint32_t>;

template <>
struct math::Ops<FloatBatch> {
  using Int = IntBatch;
  using Word = WordBatch;
  using Mask = FloatBatch::batch_bool_type;
  static inline FloatBatch fma(FloatBatch a, FloatBatch b, FloatBatch c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);  // xsimd 8 multiplies and adds here, rounding twice
#else
    return xsimd::fma(a, b, c);
#endif
  }
  static inline FloatBatch sqrt(FloatBatch a) {
    return xsimd::sqrt(a);
  }
  static inline Int bits(FloatBatch a) {
    return xsimd::bitwise_cast<IntBatch>(a);
  }
  static inline FloatBatch from_bits(Int a) {
    return xsimd::bitwise_cast<FloatBatch>(a);
  }
  static inline Int add(Int a, Int b) {
    return a + b;
  }
  static inline Int subtract(Int a, Int b) {
    return a - b;
  }
  static inline FloatBatch from_int(Int a) {
    return xsimd::to_float(a);
  }
  static inline Int as_signed(Word a) {
    return xsimd::bitwise_cast<IntBatch>(a);
  }
  static inline FloatBatch select(Mask m, FloatBatch a, FloatBatch b) {
    return xsimd::select(m, a, b);
  }
  static inline bool any(Mask m) {
    return xsimd::any(m);
  }
  static inline FloatBatch larger(FloatBatch a, FloatBatch b) {
#if defined(__AVX512F__)
    return _mm512_max_ps(a, b);  // these instructions do with NaN what is asked for
#elif defined(__AVX2__)
    return _mm256_max_ps(a, b);
#else
    return xsimd::select(a > b, a, b);
#endif
  }
  static inline FloatBatch larger_number(FloatBatch a, FloatBatch b) {
    return larger(a, b);
  }
};

/// first, first + 1, ... in the lanes. A template, so that each instruction set has a function of its own.
template <class Batch>
Batch numbers_from(std::uint32_t first) {
  alignas(64) std::uint32_t number[Batch::size];
  for (std::uint32_t lane = 0; lane < Batch::size; ++lane) number[lane] = first + lane;
  return Batch::load_aligned(number);
}

#if defined(__AVX512F__) || defined(__AVX2__)
/// x86 multiplies every other lane of a batch, to 64 bits: the even and the odd ones in batches of their own,
/// of which the upper halves of 64 bits are anything. A template, so that each instruction set has its own.
template <class Batch>
struct EvenOdd {
  Batch even, odd;

  EvenOdd() = default;
  explicit EvenOdd(std::uint32_t all) : EvenOdd(Batch(all), Batch(all)) {}
  EvenOdd(Batch of_even, Batch of_odd) : even(of_even), odd(of_odd) {}
  friend EvenOdd operator^(EvenOdd a, EvenOdd b) { return {a.even ^ b.even, a.odd ^ b.odd}; }
};

using EvenOddWords = EvenOdd<WordBatch>;

template <>
struct WordOps<EvenOddWords> {
  static inline void multiply(EvenOddWords a, std::uint32_t b, EvenOddWords& high, EvenOddWords& low) {
#if defined(__AVX512F__)
    const __m512i m = _mm512_set1_epi64(b);
    low = {_mm512_mul_epu32(a.even, m), _mm512_mul_epu32(a.odd, m)};
#else
    const __m256i m = _mm256_set1_epi64x(b);
    low = {_mm256_mul_epu32(a.even, m), _mm256_mul_epu32(a.odd, m)};
#endif
    high = {upper(low.even), upper(low.odd)};
  }
  /// The upper halves of 64 bits where the lower ones are, and the other way round.
  static inline WordBatch upper(WordBatch a) {
#if defined(__AVX512F__)
    return _mm512_srli_epi64(a, 32);
#else
    return _mm256_srli_epi64(a, 32);
#endif
  }
  static inline WordBatch joined(EvenOddWords a) {
#if defined(__AVX512F__)
    return _mm512_mask_blend_epi32(0xAAAA, a.even, _mm512_slli_epi64(a.odd, 32));
#else
    return _mm256_blend_epi32(a.even, _mm256_slli_epi64(a.odd, 32), 0xAA);
#endif
  }
};

STARLING_HD_INLINED Words<WordBatch> philox4x32(const Words<WordBatch>& c, std::uint64_t seed) {
  using O = WordOps<EvenOddWords>;
  const auto split = [](WordBatch w) { return EvenOddWords{w, O::upper(w)}; };
  const auto made =
      philox4x32(Words<EvenOddWords>{{split(c.w[0]), split(c.w[1]), split(c.w[2]), split(c.w[3])}}, seed);
  return {{O::joined(made.w[0]), O::joined(made.w[1]), O::joined(made.w[2]), O::joined(made.w[3])}};
}
#else
template <>
struct WordOps<WordBatch> {
  static inline void multiply(WordBatch a, std::uint32_t b, WordBatch& high, WordBatch& low) {
    alignas(64) std::uint32_t x[WordBatch::size], h[WordBatch::size], l[WordBatch::size];
    a.store_aligned(x);
    for (std::size_t i = 0; i < WordBatch::size; ++i) WordOps<std::uint32_t>::multiply(x[i], b, h[i], l[i]);
    high = WordBatch::load_aligned(h);
    low = WordBatch::load_aligned(l);
  }
};
#endif

}  // namespace starling
