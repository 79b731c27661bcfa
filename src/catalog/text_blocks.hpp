/// A text file, or standard input, a few megabytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/sha256.hpp"

namespace starling {

/// Reads a file once, front to back. Throws InputError if it cannot be read.
class TextBlocks {
 public:
  /// `path`: "-" is standard input. `size`: bytes to read at once.
  explicit TextBlocks(const std::filesystem::path& path, std::size_t size = 1 << 23);

  /// What was read and not yet used.
  [[nodiscard]] std::string_view text() const { return {buffer_.data() + used_, filled_ - used_}; }
  /// Whether the file ends with text().
  [[nodiscard]] bool last() const { return last_; }
  /// Drops the first `bytes` of text() and reads on behind the rest.
  void advance(std::size_t bytes);

  /// Bytes of the file; 0 if that cannot be known before it is read.
  [[nodiscard]] std::uint64_t file_size() const { return file_size_; }
  /// SHA-256 of all that was read. Call it once, at the end.
  std::string hash() { return sum_.hex(); }

 private:
  void fill();

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened_;
  std::FILE* file_;
  std::uint64_t file_size_ = 0;
  std::string buffer_;
  std::size_t used_ = 0, filled_ = 0;
  bool last_ = false;
  Sha256 sum_;
};

}  // namespace starling
