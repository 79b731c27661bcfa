/// The checksum of journals and checkpoints.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>

namespace starling {

/// CRC-32 (as of zip and PNG) of the bytes, going on from that of those before.
inline std::uint32_t checksum_of(const void* data, std::size_t size, std::uint32_t before = 0) {
  return static_cast<std::uint32_t>(crc32_z(before, static_cast<const unsigned char*>(data), size));
}

}  // namespace starling
