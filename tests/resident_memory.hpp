/// How much memory this process has.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

/// Bytes of the line of /proc/self/status that begins with `field`.
inline std::size_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::stoul(line.substr(field.size())) * 1024;
  return 0;
}
/// In memory now.
inline std::size_t resident_bytes() {
  return status_bytes("VmRSS:");
}
/// The most of it so far, or since it was last forgotten.
inline std::size_t peak_bytes() {
  return status_bytes("VmHWM:");
}
