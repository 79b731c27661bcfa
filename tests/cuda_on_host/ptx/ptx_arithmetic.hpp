/// PTX's arithmetic on raw register bits, as the PTX ISA defines it.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "cuda_on_host/engine/engine.hpp"

namespace cuda_on_host::ptx {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
__extension__ using u128 = unsigned __int128;
__extension__ using s128 = __int128;

// ---- registers

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, u32, u64>;  // of a floating-point type

template <class T>
T bits(auto value) {
  return std::bit_cast<T>(value);
}
/// A register's, or an immediate's, bits as a value.
template <class T, class R>
T read(R reg) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>(static_cast<BitsOf<T>>(reg));
  } else {
    return static_cast<T>(reg);
  }
}
template <class T>
T immediate(u64 value) {
  return read<T>(value);
}
template <class R, class T>
void write(R& reg, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    reg = static_cast<R>(std::bit_cast<BitsOf<T>>(value));
  } else if constexpr (std::is_same_v<R, bool> || std::is_same_v<T, bool>) {
    reg = static_cast<R>(value);
  } else {
    reg = static_cast<R>(static_cast<std::make_unsigned_t<T>>(value));
  }
}
/// Loads and conversions sign-extend a signed type to a wider register.
template <class R, class T>
void write_loaded(R& reg, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    write(reg, value);
  } else {
    reg = static_cast<R>(value);
  }
}

// ---- floating point

inline float flush(float x) {
  return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
}
inline double flush(double x) {
  return x;
}

template <class T>
T saturate(T x) {
  return x > 0 ? (x < 1 ? x : T{1}) : T{0};  // NaN becomes 0
}
/// f() under another rounding mode.
template <int kMode, class F>
[[gnu::noinline]] auto rounded(F f) {
  const int before = std::fegetround();
  std::fesetround(kMode);
  auto result = f();
  asm volatile("" : "+m"(result));  // not before, not after
  std::fesetround(before);
  return result;
}
template <class T>
bool unordered(T a, T b) {
  return a != a || b != b;
}
template <class T>
T canonical_nan() {
  return std::bit_cast<T>(std::numeric_limits<BitsOf<T>>::max() >> 1);
}
template <bool kNaN, class T>
T float_min(T a, T b) {
  if (kNaN && unordered(a, b)) return canonical_nan<T>();
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;  // -0 < +0
  return std::fmin(a, b);
}
template <bool kNaN, class T>
T float_max(T a, T b) {
  if (kNaN && unordered(a, b)) return canonical_nan<T>();
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return std::fmax(a, b);
}
/// What {rcp,rsqrt}.approx.ftz.f64 read and write: the upper 32 bits.
inline double high_half(double x) {
  return bits<double>(bits<u64>(x) & 0xffffffff00000000ull);
}

float half_to_float(u16 h);
u16 float_to_half(float f);

/// cvt to an integer: clamps; NaN becomes 0, or the least s64 / 2^63.
template <class T, class F>
T to_integer(F x) {
  if (x != x) return sizeof(T) == 8 ? static_cast<T>(u64{1} << 63) : T{0};
  if (x <= static_cast<F>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (x >= static_cast<F>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(x);
}

// ---- integers

template <class T, class F>
T saturate_integer(F x) {
  if (std::cmp_less(x, std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (std::cmp_greater(x, std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(x);
}
inline s64 clamp_s32(s64 v) {
  return std::clamp<s64>(v, INT32_MIN, INT32_MAX);
}

/// Division by zero is unspecified in PTX; all-ones is what GPUs give.
template <class T>
T divide(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
  }
  return a / b;
}
template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
  }
  return a % b;
}

// ---- bits

/// Bit (4 a + 2 b + c) of `table` says what becomes of bits a, b, c.
inline u32 lop3(u32 a, u32 b, u32 c, u32 table) {
  u32 result = 0;
  for (u32 k = 0; k < 8; ++k) {
    if (table >> k & 1) result |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
  }
  return result;
}
template <class T>
T shift_left(T a, u32 n) {
  return n >= sizeof(T) * 8 ? T{0} : static_cast<T>(a << n);
}
template <class T>
T shift_right(T a, u32 n) {
  if (n < sizeof(T) * 8) return static_cast<T>(a >> n);
  return std::is_signed_v<T> && a < T{0} ? static_cast<T>(-1) : T{0};
}
/// 32 bits out of the 64-bit high:low, shifted.
template <bool kLeft, bool kWrap>
u32 funnel_shift(u32 low, u32 high, u32 n) {
  n = kWrap ? n & 31 : std::min(n, 32u);
  const u64 both = u64{high} << 32 | low;
  if (!kLeft) return static_cast<u32>(both >> n);
  return n == 32 ? low : static_cast<u32>((both << n) >> 32);
}
/// Four bytes picked from b:a; bit 3 of a selector replicates the byte's sign.
inline u32 prmt(u32 a, u32 b, u32 selectors) {
  const u64 both = u64{b} << 32 | a;
  u32 result = 0;
  for (u32 i = 0; i < 4; ++i) {
    const u32 selector = selectors >> (4 * i);
    u32 byte = static_cast<u8>(both >> (8 * (selector & 7)));
    if (selector & 8) byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}
/// Bits beyond the field, or beyond the register, are copies of the field's sign (signed types) or 0.
template <class T>
T bit_field_extract(T a, u32 position, u32 length) {
  using U = std::make_unsigned_t<T>;
  constexpr u32 kBits = sizeof(T) * 8;
  const U v = static_cast<U>(a);
  position &= 255;
  length &= 255;
  if (length == 0) return 0;
  const U sign = std::is_signed_v<T> ? v >> std::min(position + length - 1, kBits - 1) & 1 : U{0};
  U field = 0;
  for (u32 i = 0; i < kBits; ++i) {
    const bool inside = i < length && position + i < kBits;
    field |= (inside ? v >> (position + i) & 1 : sign) << i;
  }
  return static_cast<T>(field);
}
template <class T>
T bit_field_insert(T field, T into, u32 position, u32 length) {
  constexpr u32 kBits = sizeof(T) * 8;
  position &= 255;
  length &= 255;
  if (position >= kBits || length == 0) return into;
  const T mask = (length >= kBits ? ~T{0} : (T{1} << length) - 1) << position;
  return (into & ~mask) | ((field << position) & mask);
}
/// Position of the highest bit that is not a sign bit; all-ones if there is none.
template <class T, bool kShiftAmount>
u32 bit_find(T a) {
  u64 v = static_cast<std::make_unsigned_t<T>>(std::is_signed_v<T> && a < T{0} ? static_cast<T>(~a) : a);
  if (v == 0) return ~0u;
  const u32 position = 63 - static_cast<u32>(std::countl_zero(v));
  return kShiftAmount ? static_cast<u32>(sizeof(T) * 8 - 1) - position : position;
}
/// `length` ones from bit `position` on.
inline u32 bit_mask(u32 position, u32 length, bool wrap) {
  position = wrap ? position & 31 : std::min(position, 32u);
  length = wrap ? length & 31 : std::min(length, 32u);
  return static_cast<u32>(((u64{1} << length) - 1) << position);
}
template <class T>
T bit_reverse(T v) {
  constexpr u32 kBits = sizeof(T) * 8;
  T result = 0;
  for (u32 i = 0; i < kBits; ++i) result |= static_cast<T>(v >> i & 1) << (kBits - 1 - i);
  return result;
}

}  // namespace cuda_on_host::ptx
