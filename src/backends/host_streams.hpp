/// The host's random numbers for moves of many chains.
#pragma once

#include <cstdint>
#include <vector>

#include "starling/random.hpp"

namespace starling {

/// HostStream(seed, step, chain, purpose) of each chain in [first, first + count). Their first words are
/// made for many chains at once, with SIMD.
std::vector<HostStream> host_streams(std::uint64_t seed, std::uint32_t step, std::uint32_t purpose,
                                     std::uint32_t first, std::size_t count);

}  // namespace starling
