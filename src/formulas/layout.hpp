/// How objects and walkers are cut into pieces. Constants of the build, never of the machine: they fix the
/// order of every sum, and with it the bits of every result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace starling {

/// Objects whose terms are added one after the other in the kernels' real type.
inline constexpr std::uint64_t kStrip = 32;
/// Objects whose strips are added one after the other in double; tiles are then added in fixed point, in any
/// order.
inline constexpr std::uint64_t kTile = 256;
inline constexpr std::uint64_t kStripsPerTile = kTile / kStrip;
/// Walkers that are updated side by side: a warp on the GPU, a few SIMD batches on the CPU.
inline constexpr std::uint64_t kGroup = 32;

inline constexpr std::uint64_t tiles_of(std::uint64_t objects) {
  return (objects + kTile - 1) / kTile;
}
inline constexpr std::uint64_t groups_of(std::uint64_t walkers) {
  return (walkers + kGroup - 1) / kGroup;
}
inline constexpr std::uint64_t padded(std::uint64_t walkers) {
  return groups_of(walkers) * kGroup;
}
/// The walkers of a group: the last one may have fewer than kGroup.
inline constexpr std::uint64_t lanes_of(std::uint64_t group, std::uint64_t walkers) {
  const std::uint64_t left = walkers - group * kGroup;
  return left < kGroup ? left : kGroup;
}
/// Latents of all walkers side by side on the CPU: as many as fill SIMD batches.
inline constexpr std::uint64_t kWidestBatch = 16;
inline constexpr std::uint64_t latent_row(std::uint64_t walkers) {
  return (walkers + kWidestBatch - 1) / kWidestBatch * kWidestBatch;
}

}  // namespace starling
