/// Making a chain file out of a journal.
#pragma once

#include <cstddef>
#include <filesystem>

namespace starling {

/// Writes the chain file `path` (in place of an old one, as a whole) from all whole records of the journal,
/// in memory that doesn't grow with their number. Returns how many sweeps it holds. Throws RunError if the
/// disk refuses.
std::size_t build_chain_file(const std::filesystem::path& journal, const std::filesystem::path& path);

}  // namespace starling
