/// Files that appear whole or not at all.
#include "catalog/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "starling/error.hpp"

namespace starling {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw RunError(fmt::format("{}: cannot be {}: {}", path.string(), what, std::strerror(errno)));
}

void flush_to_disk(const std::filesystem::path& path, int flags) {
  const int file = open(path.c_str(), flags);
  if (file < 0) fail(path, "opened");
  const bool done = fsync(file) == 0 || errno == EINVAL;  // some file systems have no fsync for folders
  const int error = errno;
  close(file);
  errno = error;
  if (!done) fail(path, "flushed to the disk");
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

bool can_hold(std::uint64_t stored, std::uint64_t bytes) {
  constexpr std::uint64_t densest = 1 << 16, always = 1 << 27;
  return bytes <= always || bytes / densest <= stored;
}

void check_writable(const std::filesystem::path& path) {
  std::error_code error;
  if (path.empty()) throw InputError("the name of the output file is empty");
  if (std::filesystem::is_directory(path, error)) {
    throw InputError(fmt::format("{}: is a folder, expected the name of a file to write", path.string()));
  }
  const auto folder = folder_of(path);
  if (!std::filesystem::is_directory(folder, error)) {
    throw InputError(
        fmt::format("{}: cannot be written: there is no folder '{}'", path.string(), folder.string()));
  }
}

void replace_file(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& write) {
  check_writable(path);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return write(path);
  auto temporary = path;
  temporary += ".tmp";
  try {
    write(temporary);
    flush_to_disk(temporary, O_RDONLY);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "written");
  } catch (...) {
    std::filesystem::remove(temporary, error);
    throw;
  }
  flush_folder_of(path);
}

void flush_folder_of(const std::filesystem::path& path) {
  flush_to_disk(folder_of(path), O_RDONLY | O_DIRECTORY);
}

}  // namespace starling
