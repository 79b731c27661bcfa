/// Two walkers in one thread: what is read of an object serves both. The formulas see one more real type.
#pragma once

#include "starling/math.hpp"

namespace starling {

/// Two of T, on which everything is done twice.
template <class T>
struct TwoOf {
  T a, b;

  TwoOf() = default;
  explicit STARLING_HD TwoOf(T both) : a(both), b(both) {}
  STARLING_HD TwoOf(T first, T second) : a(first), b(second) {}

  friend STARLING_HD TwoOf operator+(TwoOf x, TwoOf y) { return {x.a + y.a, x.b + y.b}; }
  friend STARLING_HD TwoOf operator-(TwoOf x, TwoOf y) { return {x.a - y.a, x.b - y.b}; }
  friend STARLING_HD TwoOf operator*(TwoOf x, TwoOf y) { return {x.a * y.a, x.b * y.b}; }
  friend STARLING_HD TwoOf operator/(TwoOf x, TwoOf y) { return {x.a / y.a, x.b / y.b}; }
  friend STARLING_HD TwoOf operator&(TwoOf x, TwoOf y) {
    return {static_cast<T>(x.a & y.a), static_cast<T>(x.b & y.b)};
  }
  friend STARLING_HD TwoOf operator|(TwoOf x, TwoOf y) {
    return {static_cast<T>(x.a | y.a), static_cast<T>(x.b | y.b)};
  }
  friend STARLING_HD TwoOf operator^(TwoOf x, TwoOf y) { return {x.a ^ y.a, x.b ^ y.b}; }
  friend STARLING_HD TwoOf operator!(TwoOf x) { return {!x.a, !x.b}; }
  friend STARLING_HD TwoOf operator<<(TwoOf x, int by) { return {x.a << by, x.b << by}; }
  friend STARLING_HD TwoOf operator>>(TwoOf x, int by) { return {x.a >> by, x.b >> by}; }
  friend STARLING_HD TwoOf<bool> operator<(TwoOf x, TwoOf y) { return {x.a < y.a, x.b < y.b}; }
  friend STARLING_HD TwoOf<bool> operator>(TwoOf x, TwoOf y) { return {x.a > y.a, x.b > y.b}; }
  friend STARLING_HD TwoOf<bool> operator<=(TwoOf x, TwoOf y) { return {x.a <= y.a, x.b <= y.b}; }
  friend STARLING_HD TwoOf<bool> operator>=(TwoOf x, TwoOf y) { return {x.a >= y.a, x.b >= y.b}; }
  friend STARLING_HD TwoOf<bool> operator==(TwoOf x, TwoOf y) { return {x.a == y.a, x.b == y.b}; }
};

using TwoWalkers = TwoOf<float>;

template <>
struct math::Ops<TwoWalkers> {
  using One = Ops<float>;
  using Int = TwoOf<One::Int>;
  using Word = TwoOf<One::Word>;
  using Mask = TwoOf<bool>;
  static STARLING_HD TwoWalkers fma(TwoWalkers x, TwoWalkers y, TwoWalkers z) {
    return {One::fma(x.a, y.a, z.a), One::fma(x.b, y.b, z.b)};
  }
  static STARLING_HD TwoWalkers sqrt(TwoWalkers x) { return {One::sqrt(x.a), One::sqrt(x.b)}; }
  static STARLING_HD Int bits(TwoWalkers x) { return {One::bits(x.a), One::bits(x.b)}; }
  static STARLING_HD TwoWalkers from_bits(Int x) { return {One::from_bits(x.a), One::from_bits(x.b)}; }
  static STARLING_HD Int add(Int x, Int y) { return {One::add(x.a, y.a), One::add(x.b, y.b)}; }
  static STARLING_HD Int subtract(Int x, Int y) { return {One::subtract(x.a, y.a), One::subtract(x.b, y.b)}; }
  static STARLING_HD TwoWalkers from_int(Int x) { return {One::from_int(x.a), One::from_int(x.b)}; }
  static STARLING_HD Int as_signed(Word x) { return {One::as_signed(x.a), One::as_signed(x.b)}; }
  static STARLING_HD TwoWalkers select(Mask m, TwoWalkers x, TwoWalkers y) {
    return {m.a ? x.a : y.a, m.b ? x.b : y.b};
  }
  static STARLING_HD bool any(Mask m) { return m.a || m.b; }
  static STARLING_HD TwoWalkers larger(TwoWalkers x, TwoWalkers y) {
    return {One::larger(x.a, y.a), One::larger(x.b, y.b)};
  }
  static STARLING_HD TwoWalkers larger_number(TwoWalkers x, TwoWalkers y) {
    return {One::larger_number(x.a, y.a), One::larger_number(x.b, y.b)};
  }
};

}  // namespace starling
