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
/// x86 multiplies the even lanes of two batches to 64 bits; the odd ones are shifted there and back.
template <>
struct WordOps<WordBatch> {
  static inline void multiply(WordBatch a, std::uint32_t b, WordBatch& high, WordBatch& low) {
#if defined(__AVX512F__)
    const __m512i m = _mm512_set1_epi64(b);
    const __m512i even = _mm512_mul_epu32(a, m), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), m);
    high = WordBatch(_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd));
    low = WordBatch(_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32)));
#else
    const __m256i m = _mm256_set1_epi64x(b);
    const __m256i even = _mm256_mul_epu32(a, m), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);
    high = WordBatch(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA));
    low = WordBatch(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA));
#endif
  }
};
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
