/// Checkpoints: the state of a run in a file beside its chain file. docs/file-formats.md describes the bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "starling/chain.hpp"

namespace starling {

struct Checkpoint {
  std::uint32_t run = 0;     ///< number of the run's journal
  std::uint64_t sweeps = 0;  ///< that were made
};

/// Writes `path`.checkpoint: flushed to the disk before it takes the place of the last one, which stays as
/// `path`.checkpoint.old. Throws RunError if the disk refuses; the last one is then still in its place.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                      const std::function<void(const SaveBytes&)>& save);

/// A checkpoint whose checksum was found right.
struct FoundCheckpoint {
  std::uint64_t sweeps = 0;
  LoadBytes state;
};

/// The newest whole checkpoint of the run that is `usable` (asked with its sweeps), or none. Those that are
/// not are removed if there is one; what is damaged goes to `notes`.
std::optional<FoundCheckpoint> find_checkpoint(const std::filesystem::path& path, std::uint32_t run,
                                               const std::function<bool(std::uint64_t)>& usable,
                                               std::vector<std::string>& notes);

/// Removes the checkpoints beside `path`, if there are any.
void remove_checkpoints(const std::filesystem::path& path);

}  // namespace starling
