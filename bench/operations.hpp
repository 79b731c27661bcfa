/// Counts what a formula asks of the machine, by running it on a real type that counts: the formulas are
/// templates, so the numbers follow them when they change. What depends on a walker or an object alone is
/// counted too, though compilers take it out of loops.
#pragma once

#include <cstdint>

#include "starling/random.hpp"

namespace starling::bench {

struct Operations {
  double arithmetic = 0;  ///< additions, multiplications, fused ones of floats; multiplications of words
  double divided = 0;     ///< divisions and square roots
  double other = 0;       ///< comparisons, selections, conversions, other operations on words

  Operations per(double elements) const {
    return {arithmetic / elements, divided / elements, other / elements};
  }
};

/// What has been counted since it was last set to {}.
inline thread_local Operations counted;

struct CountedMask {
  bool v = false;
  CountedMask operator!() const { return {!v}; }
  CountedMask operator&(CountedMask o) const {
    ++counted.other;
    return {v && o.v};
  }
  CountedMask operator|(CountedMask o) const {
    ++counted.other;
    return {v || o.v};
  }
};

/// An integer of 32 bits, signed or not.
template <class I>
struct CountedInt {
  I v{};
  CountedInt() = default;
  explicit CountedInt(I value) : v(value) {}
  CountedInt operator+(CountedInt o) const { return one(static_cast<I>(bits() + o.bits())); }
  CountedInt operator-(CountedInt o) const { return one(static_cast<I>(bits() - o.bits())); }
  CountedInt operator&(CountedInt o) const { return one(v & o.v); }
  CountedInt operator^(CountedInt o) const { return one(v ^ o.v); }
  CountedInt operator>>(int n) const { return one(v >> n); }
  CountedInt operator<<(int n) const { return one(static_cast<I>(bits() << n)); }

 private:
  std::uint32_t bits() const { return static_cast<std::uint32_t>(v); }
  static CountedInt one(I value) {
    ++counted.other;
    return CountedInt(value);
  }
};

struct CountedReal {
  float v = 0;
  CountedReal() = default;
  explicit CountedReal(float value) : v(value) {}
  CountedReal operator+(CountedReal o) const { return one(v + o.v); }
  CountedReal operator-(CountedReal o) const { return one(v - o.v); }
  CountedReal operator*(CountedReal o) const { return one(v * o.v); }
  CountedReal operator/(CountedReal o) const {
    ++counted.divided;
    return CountedReal(v / o.v);
  }
  CountedMask operator<(CountedReal o) const {
    ++counted.other;
    return {v < o.v};
  }
  CountedMask operator>(CountedReal o) const { return o < *this; }
  CountedMask operator==(CountedReal o) const {
    ++counted.other;
    return {v == o.v};
  }

  static CountedReal one(float value) {
    ++counted.arithmetic;
    return CountedReal(value);
  }
};

}  // namespace starling::bench

namespace starling {

template <>
struct math::Ops<bench::CountedReal> {
  using Real = bench::CountedReal;
  using Int = bench::CountedInt<std::int32_t>;
  using Word = bench::CountedInt<std::uint32_t>;
  using Mask = bench::CountedMask;
  static Real fma(Real a, Real b, Real c) { return Real::one(__builtin_fmaf(a.v, b.v, c.v)); }
  static Real sqrt(Real a) {
    ++bench::counted.divided;
    return Real(__builtin_sqrtf(a.v));
  }
  // the same bits under another name cost nothing
  static Int bits(Real a) { return Int(Ops<float>::bits(a.v)); }
  static Real from_bits(Int a) { return Real(Ops<float>::from_bits(a.v)); }
  static Int add(Int a, Int b) { return a + b; }
  static Int subtract(Int a, Int b) { return a - b; }
  static Int as_signed(Word a) { return Int(static_cast<std::int32_t>(a.v)); }
  static Real from_int(Int a) {
    ++bench::counted.other;
    return Real(static_cast<float>(a.v));
  }
  static Real select(Mask m, Real a, Real b) {
    ++bench::counted.other;
    return m.v ? a : b;
  }
  static bool any(Mask m) {
    ++bench::counted.other;
    return m.v;
  }
  static Real larger(Real a, Real b) {
    ++bench::counted.other;
    return a.v > b.v ? a : b;
  }
  static Real larger_number(Real a, Real b) { return larger(a, b); }
};

template <>
struct WordOps<bench::CountedInt<std::uint32_t>> {
  using Word = bench::CountedInt<std::uint32_t>;
  static void multiply(Word a, std::uint32_t b, Word& high, Word& low) {
    ++bench::counted.arithmetic;
    WordOps<std::uint32_t>::multiply(a.v, b, high.v, low.v);
  }
};

}  // namespace starling
