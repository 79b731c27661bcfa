/// A checkpoint: 8-byte signature, number of the run, sweeps, state, and the CRC-32 of all that.
#include "chain/checkpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "catalog/files.hpp"
#include "chain/checksum.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr char signature[8] = {'S', 't', 'a', 'r', 'l', 'C', '0', '2'};
constexpr std::uint64_t head_size = sizeof signature + sizeof(std::uint32_t) + sizeof(std::uint64_t);

fs::path with_ending(fs::path path, const char* ending) {
  path += ending;
  return path;
}
fs::path newest(const fs::path& path) {
  return with_ending(path, ".checkpoint");
}
fs::path previous(const fs::path& path) {
  return with_ending(path, ".checkpoint.old");
}
fs::path unfinished(const fs::path& path) {
  return with_ending(path, ".checkpoint.tmp");
}

[[noreturn]] void fail(const fs::path& path, const char* what) {
  throw RunError(fmt::format("{}: cannot be {}: {}", path.string(), what, std::strerror(errno)));
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
}

/// An open file, its name and the checksum of what went through it.
class CheckedFile {
 public:
  CheckedFile(fs::path path, const char* mode)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), mode)) {
    if (!file_) fail(path_, "opened");
  }
  void write(const void* data, std::size_t size) {
    checksum_ = checksum_of(data, size, checksum_);
    put(data, size);
  }
  void read(void* data, std::size_t size) {
    if (std::fread(data, 1, size, file_.get()) != size) fail(path_, "read to its end");
    checksum_ = checksum_of(data, size, checksum_);
  }
  /// Ends the file with the checksum and brings it to the disk.
  void finish() {
    put(&checksum_, sizeof checksum_);
    if (std::fflush(file_.get()) != 0) fail(path_, "written");
    if (fsync(fileno(file_.get())) != 0) fail(path_, "flushed to the disk");
    if (std::fclose(file_.release()) != 0) fail(path_, "written");
  }
  [[nodiscard]] std::uint32_t checksum() const { return checksum_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void put(const void* data, std::size_t size) {
    if (std::fwrite(data, 1, size, file_.get()) != size) fail(path_, "written");
  }

  fs::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint32_t checksum_ = 0;
};

/// Reads the head; "" or what is wrong with the file.
std::string check(const fs::path& path, Checkpoint& checkpoint) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error || size < head_size + sizeof(std::uint32_t)) return "it is cut short";
  CheckedFile file(path, "rb");
  char begin[sizeof signature];
  file.read(begin, sizeof begin);
  if (std::memcmp(begin, signature, sizeof begin) != 0) return "it is no checkpoint of this version";
  file.read(&checkpoint.run, sizeof checkpoint.run);
  file.read(&checkpoint.sweeps, sizeof checkpoint.sweeps);
  std::vector<char> piece(1 << 20);
  for (std::uint64_t left = size - head_size - sizeof(std::uint32_t); left > 0;) {
    const std::uint64_t count = std::min<std::uint64_t>(left, piece.size());
    file.read(piece.data(), count);
    left -= count;
  }
  const std::uint32_t expected = file.checksum();
  std::uint32_t found = 0;
  file.read(&found, sizeof found);
  return found == expected ? "" : "its checksum is wrong";
}

LoadBytes state_of(const fs::path& path) {
  const auto file = std::make_shared<CheckedFile>(path, "rb");
  char head[head_size];
  file->read(head, sizeof head);
  return [file](void* bytes, std::size_t size) { file->read(bytes, size); };
}

}  // namespace

void write_checkpoint(const fs::path& path, const Checkpoint& checkpoint,
                      const std::function<void(const SaveBytes&)>& save) {
  const fs::path temporary = unfinished(path), last = newest(path);
  try {
    CheckedFile file(temporary, "wb");
    file.write(signature, sizeof signature);
    file.write(&checkpoint.run, sizeof checkpoint.run);
    file.write(&checkpoint.sweeps, sizeof checkpoint.sweeps);
    save([&](const void* bytes, std::size_t size) { file.write(bytes, size); });
    file.finish();
    if (std::rename(last.c_str(), previous(path).c_str()) != 0 && errno != ENOENT) fail(last, "renamed");
    if (std::rename(temporary.c_str(), last.c_str()) != 0) fail(temporary, "renamed");
  } catch (...) {
    remove_file(temporary);
    throw;
  }
  flush_folder_of(path);
}

std::optional<FoundCheckpoint> find_checkpoint(const fs::path& path, std::uint32_t run,
                                               const std::function<bool(std::uint64_t)>& usable,
                                               std::vector<std::string>& notes) {
  std::error_code error;
  std::vector<fs::path> useless;
  for (const auto& candidate : {newest(path), previous(path)}) {
    if (!fs::exists(candidate, error)) continue;
    Checkpoint checkpoint;
    std::string wrong = check(candidate, checkpoint);
    if (wrong.empty() && checkpoint.run != run) wrong = "it is of another run";
    if (wrong.empty() && !usable(checkpoint.sweeps)) wrong = "the journal holds less than it";
    if (wrong.empty()) {
      for (const auto& other : useless) remove_file(other);
      return FoundCheckpoint{checkpoint.sweeps, state_of(candidate)};
    }
    notes.push_back(fmt::format("{}: cannot be used: {}", candidate.string(), wrong));
    useless.push_back(candidate);
  }
  return std::nullopt;
}

void remove_checkpoints(const fs::path& path) {
  for (const auto& file : {unfinished(path), newest(path), previous(path)}) remove_file(file);
}

}  // namespace starling
