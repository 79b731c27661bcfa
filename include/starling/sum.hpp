/// A sum that does not depend on the order of its terms: 128-bit fixed point with a resolution of 2^-48.
#pragma once

#include <cstdint>
#include <limits>

#include "starling/math.hpp"

namespace starling {

/// Terms are doubles below 2^62 in size, rounded down to a multiple of 2^-48 (3.6e-15); their sum is then
/// exact, so it is the same whoever adds, in whatever order or grouping. A NaN, infinite or larger term is
/// remembered: the sum then is what IEEE addition would give for it.
struct FixedSum {
  std::int64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t special = 0;  ///< bit 0: NaN, bit 1: +infinity, bit 2: -infinity

  static STARLING_HD FixedSum of(double v) {
    FixedSum s;
    if (v < 0x1p14 && v > -0x1p14) {  // as most are: one word holds it
      const double scaled = v * 0x1p48;
      const auto towards_zero = static_cast<std::int64_t>(scaled);
      const std::int64_t down = towards_zero - (static_cast<double>(towards_zero) > scaled ? 1 : 0);
      s.high = down < 0 ? -1 : 0;
      s.low = static_cast<std::uint64_t>(down);
      return s;
    }
    if (!(v < 0x1p62 && v > -0x1p62)) {
      s.special = v != v ? 1u : v > 0 ? 2u : 4u;
      return s;
    }
    // |v| 2^48 = high 2^64 + low + a fraction below 1; every step is exact
    const double scaled = (v < 0 ? -v : v) * 0x1p48;
    std::uint64_t h = static_cast<std::uint64_t>(scaled * 0x1p-64);
    const double rest = scaled - static_cast<double>(h) * 0x1p64;
    std::uint64_t l = static_cast<std::uint64_t>(rest);
    if (v < 0) {  // down is away from zero; then two's complement
      if (rest > static_cast<double>(l) && ++l == 0) ++h;
      l = ~l + 1;
      h = ~h + (l == 0 ? 1 : 0);
    }
    s.high = static_cast<std::int64_t>(h);
    s.low = l;
    return s;
  }

  STARLING_HD FixedSum& operator+=(const FixedSum& o) {
    const std::uint64_t l = low + o.low;
    const std::uint64_t carry = l < low ? 1u : 0u;
    high = static_cast<std::int64_t>(static_cast<std::uint64_t>(high) + static_cast<std::uint64_t>(o.high) +
                                     carry);
    low = l;
    special |= o.special;
    return *this;
  }
  friend STARLING_HD FixedSum operator+(FixedSum a, const FixedSum& b) { return a += b; }
  friend STARLING_HD bool operator==(const FixedSum& a, const FixedSum& b) {
    return a.high == b.high && a.low == b.low && a.special == b.special;
  }

  /// The sum, rounded to double.
  [[nodiscard]] double value() const {
    if (special == 2) return std::numeric_limits<double>::infinity();
    if (special == 4) return -std::numeric_limits<double>::infinity();
    if (special != 0) return std::numeric_limits<double>::quiet_NaN();
    const bool negative = high < 0;
    std::uint64_t h = static_cast<std::uint64_t>(high), l = low;
    if (negative) {  // two's complement, so that small negative sums keep their digits
      l = ~l + 1;
      h = ~h + (l == 0 ? 1 : 0);
    }
    const double magnitude = static_cast<double>(h) * 0x1p16 + static_cast<double>(l) * 0x1p-48;
    return negative ? -magnitude : magnitude;
  }
};

}  // namespace starling
