/// A stand-in for cuRAND's header of the same name: its Philox4x32-10, by Starling's own, which gives the
/// same words.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "starling/random.hpp"

#ifndef QUALIFIERS
#define QUALIFIERS static __forceinline__ __device__
#endif

QUALIFIERS uint4 curand_Philox4x32_10(uint4 counter, uint2 key) {
  const starling::Words<std::uint32_t> words =
      starling::philox4x32(starling::Words<std::uint32_t>{{counter.x, counter.y, counter.z, counter.w}},
                           std::uint64_t{key.y} << 32 | key.x);
  return {words.w[0], words.w[1], words.w[2], words.w[3]};
}
