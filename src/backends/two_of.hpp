/// Walkers, or batches of them, two at a time: what is read of an object serves both, and while one waits for
/// a result the other can be worked on. The formulas see one more real type.
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
  template <class U>
  static STARLING_HD TwoOf<U> two(U first, U second) {
    return {first, second};
  }

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
  friend STARLING_HD auto operator<(TwoOf x, TwoOf y) { return two(x.a < y.a, x.b < y.b); }
  friend STARLING_HD auto operator>(TwoOf x, TwoOf y) { return two(x.a > y.a, x.b > y.b); }
  friend STARLING_HD auto operator<=(TwoOf x, TwoOf y) { return two(x.a <= y.a, x.b <= y.b); }
  friend STARLING_HD auto operator>=(TwoOf x, TwoOf y) { return two(x.a >= y.a, x.b >= y.b); }
  friend STARLING_HD auto operator==(TwoOf x, TwoOf y) { return two(x.a == y.a, x.b == y.b); }
};

template <class R>
struct math::Ops<TwoOf<R>> {
  using One = Ops<R>;
  using Two = TwoOf<R>;
  using Int = TwoOf<typename One::Int>;
  using Word = TwoOf<typename One::Word>;
  using Mask = TwoOf<typename One::Mask>;
  static STARLING_HD Two fma(Two x, Two y, Two z) {
    return {One::fma(x.a, y.a, z.a), One::fma(x.b, y.b, z.b)};
  }
  static STARLING_HD Two sqrt(Two x) { return {One::sqrt(x.a), One::sqrt(x.b)}; }
  static STARLING_HD Int bits(Two x) { return {One::bits(x.a), One::bits(x.b)}; }
  static STARLING_HD Two from_bits(Int x) { return {One::from_bits(x.a), One::from_bits(x.b)}; }
  static STARLING_HD Int add(Int x, Int y) { return {One::add(x.a, y.a), One::add(x.b, y.b)}; }
  static STARLING_HD Int subtract(Int x, Int y) { return {One::subtract(x.a, y.a), One::subtract(x.b, y.b)}; }
  static STARLING_HD Two from_int(Int x) { return {One::from_int(x.a), One::from_int(x.b)}; }
  static STARLING_HD Int as_signed(Word x) { return {One::as_signed(x.a), One::as_signed(x.b)}; }
  static STARLING_HD Two select(Mask m, Two x, Two y) {
    return {One::select(m.a, x.a, y.a), One::select(m.b, x.b, y.b)};
  }
  static STARLING_HD bool any(Mask m) { return One::any(m.a) || One::any(m.b); }
  static STARLING_HD Two larger(Two x, Two y) { return {One::larger(x.a, y.a), One::larger(x.b, y.b)}; }
  static STARLING_HD Two larger_number(Two x, Two y) {
    return {One::larger_number(x.a, y.a), One::larger_number(x.b, y.b)};
  }
};

}  // namespace starling
