/// Reading text in blocks.
#include "catalog/text_blocks.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "catalog/rows.hpp"
#include "starling/error.hpp"

namespace starling {

TextBlocks::TextBlocks(const std::filesystem::path& path, std::size_t size)
    : path_(path), opened_(path == "-" ? nullptr : std::fopen(path.c_str(), "rb"), std::fclose) {
  file_ = path == "-" ? stdin : opened_.get();
  if (file_ == nullptr) {
    throw InputError(fmt::format("{}: cannot be opened: {}", shown(path), std::strerror(errno)));
  }
  struct stat status {};
  if (fstat(fileno(file_), &status) == 0 && S_ISREG(status.st_mode)) {
    file_size_ = static_cast<std::uint64_t>(status.st_size);
  }
  // Of a small file one byte more shows its end; files that the system makes up have no size.
  buffer_.resize(file_size_ > 0 ? std::min<std::uint64_t>(size, file_size_ + 1) : size);
  fill();
}

void TextBlocks::advance(std::size_t bytes) {
  used_ += bytes;
  if (used_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + used_, filled_ - used_);
    filled_ -= used_;
    used_ = 0;
  }
  if (filled_ > buffer_.size() / 2) buffer_.resize(2 * buffer_.size());  // one very long record
  fill();
}

void TextBlocks::fill() {
  while (!last_ && filled_ < buffer_.size()) {
    const std::size_t got = std::fread(buffer_.data() + filled_, 1, buffer_.size() - filled_, file_);
    if (got == 0 && std::ferror(file_) != 0) {
      throw InputError(fmt::format("{}: cannot be read: {}", shown(path_), std::strerror(errno)));
    }
    sum_.update({buffer_.data() + filled_, got});
    filled_ += got;
    last_ = got == 0;
  }
}

}  // namespace starling
