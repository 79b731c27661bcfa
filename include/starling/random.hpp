/// Random numbers as a pure function of (seed, chain, step, object, purpose): Philox4x32-10
/// (Salmon, Moraes, Dror & Shaw 2011). Nothing about threads, tiles or devices enters.
///
/// Counter words: {block, step, chain, purpose}; key: the seed. In cuRAND's terms that is
/// curand_init(seed, subsequence = chain + 2^32 purpose, offset = 4 (block + 2^32 step)), and CUDA kernels
/// call cuRAND's own Philox; in Random123's, Philox4x32 with this counter and key {seed low, seed high}.
#pragma once

#include <array>
#include <cstdint>

#include "starling/math.hpp"

#ifdef __CUDACC__
#define QUALIFIERS static __forceinline__ __host__ __device__
#include <curand_philox4x32_x.h>
#endif

namespace starling {

/// What a stream of random numbers is for; part of the counter. Sub-purposes (the number of a move, of a
/// Metropolis update) are added in bits 8 and up.
enum class Purpose : std::uint32_t {
  latent = 1,              ///< update of a latent
  latent_start = 2,        ///< first value of a latent
  walker_start = 3,        ///< first theta of a walker
  move_centred = 4,        ///< theta given the latents
  move_noncentred = 5,     ///< theta given eta
  move_marginal = 6,       ///< theta on the marginal or naive likelihood
  latent_given_theta = 7,  ///< latents drawn after a marginal fit
  simulation = 8,
};

constexpr std::uint32_t purpose_word(Purpose purpose, std::uint32_t sub = 0) {
  return static_cast<std::uint32_t>(purpose) | sub << 8;
}

template <class W>
struct Words {
  W w[4];
};

/// 32 x 32 -> 64 bit products. SIMD batches have their own (src/backends/simd.hpp).
template <class W>
struct WordOps;
template <>
struct WordOps<std::uint32_t> {
  static STARLING_HD void multiply(std::uint32_t a, std::uint32_t b, std::uint32_t& high,
                                   std::uint32_t& low) {
    const std::uint64_t p = static_cast<std::uint64_t>(a) * b;
    high = static_cast<std::uint32_t>(p >> 32);
    low = static_cast<std::uint32_t>(p);
  }
};

/// Four random words from a counter and a seed.
template <class W>
STARLING_HD Words<W> philox4x32(Words<W> c, std::uint64_t seed) {
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
#ifdef __CUDA_ARCH__
  const uint4 r = curand_Philox4x32_10(make_uint4(c.w[0], c.w[1], c.w[2], c.w[3]), make_uint2(k0, k1));
  return {{r.x, r.y, r.z, r.w}};
#else
  for (int round = 0; round < 10; ++round) {
    W high0, low0, high1, low1;
    WordOps<W>::multiply(c.w[0], 0xD2511F53u, high0, low0);
    WordOps<W>::multiply(c.w[2], 0xCD9E8D57u, high1, low1);
    c = {{high1 ^ c.w[1] ^ W(k0), low1, high0 ^ c.w[3] ^ W(k1), low0}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
#endif
}

/// Uniform on (0, 1], never 0: (word / 2 + 1/2) / 2^31, rounded to float.
template <class R>
STARLING_HD R uniform01(typename math::Ops<R>::Word word) {
  using O = math::Ops<R>;
  return math::fma(O::from_int(O::as_signed(word >> 1)), R(4.65661287e-10f), R(2.32830644e-10f));
}

/// Two independent standard normals (Box & Muller 1958), |z| < 6.7.
template <class R>
STARLING_HD_INLINED void normal_pair(typename math::Ops<R>::Word a, typename math::Ops<R>::Word b, R& z0,
                                     R& z1) {
  using O = math::Ops<R>;
  const R radius = math::sqrt(R(-2.0f) * math::log_normal_number(uniform01<R>(a)));
  R sine, cosine;
  math::sincos_turns(O::from_int(O::as_signed(b)) * R(2.32830644e-10f), sine, cosine);
  z0 = radius * cosine;
  z1 = radius * sine;
}

/// A sequence of double-precision numbers for the host: moves, starts, simulations.
class HostStream {
 public:
  HostStream(std::uint64_t seed, std::uint32_t step, std::uint32_t chain, std::uint32_t purpose,
             std::uint32_t first_block = 0)
      : seed_(seed), step_(step), chain_(chain), purpose_(purpose), block_(first_block) {}
  /// Pairs of words, as pair() puts them together.
  using Pairs = std::array<std::uint64_t, 8>;
  /// The same from block 0 on; `pairs`: the words of blocks 0 to 3.
  HostStream(std::uint64_t seed, std::uint32_t step, std::uint32_t chain, std::uint32_t purpose,
             const Pairs& pairs)
      : seed_(seed), step_(step), chain_(chain), purpose_(purpose), block_(4), pairs_(pairs), used_(0) {}
  static std::uint64_t pair(std::uint32_t first, std::uint32_t second) {
    return std::uint64_t{first} << 32 | second;
  }
  /// Uniform on (0, 1), 53 bits.
  double uniform() {
    if (used_ == pairs_.size()) refill();
    return (static_cast<double>(static_cast<std::int64_t>(pairs_[used_++] >> 11)) + 0.5) * 0x1p-53;
  }
  /// Standard normal.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586477 * uniform());
  }
  /// Two independent standard normals (Box & Muller 1958).
  std::array<double, 2> normal_pair() {
    const double radius = std::sqrt(-2 * std::log(uniform())), turn = 6.283185307179586477 * uniform();
    return {radius * std::cos(turn), radius * std::sin(turn)};
  }
  /// 0 <= k < n.
  std::size_t below(std::size_t n) {
    const auto count = static_cast<std::int64_t>(n);
    const auto k = static_cast<std::int64_t>(uniform() * static_cast<double>(count));
    return static_cast<std::size_t>(k < count ? k : count - 1);
  }

 private:
  /// Two blocks at once keep the multiplier busy.
  void refill() {
    Words<std::uint32_t> made[2];
    for (auto& block : made)
      block = philox4x32(Words<std::uint32_t>{{block_++, step_, chain_, purpose_}}, seed_);
    used_ = pairs_.size() - 4;
    for (std::size_t k = 0; k < 4; ++k)
      pairs_[used_ + k] = pair(made[k / 2].w[2 * (k % 2)], made[k / 2].w[2 * (k % 2) + 1]);
  }

  std::uint64_t seed_;
  std::uint32_t step_, chain_, purpose_, block_;
  Pairs pairs_{};
  std::size_t used_ = pairs_.size();  // of them
};

}  // namespace starling
