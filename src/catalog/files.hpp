/// Writing files as a whole, and the writers of catalogs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "starling/catalog.hpp"

namespace starling {

/// Throws InputError if `path` is a folder or lies in none: said before anything is computed.
void check_writable(const std::filesystem::path& path);

/// Makes the file `path` out of what `write` puts into the temporary file beside it that it is given: flushed
/// to the disk and renamed when it is whole, removed if `write` throws. Pipes and devices are written
/// directly. Throws InputError as check_writable, RunError if the disk refuses.
void replace_file(const std::filesystem::path& path,
                  const std::function<void(const std::filesystem::path&)>& write);

/// Whether so many bytes in a file can be so many in memory, packed as they may be: only damage makes a size
/// that can't, and memory would be asked for that nobody has.
bool can_hold(std::uint64_t stored, std::uint64_t bytes);

/// Brings a folder's names to the disk, after a rename in it. `path` is a file there.
void flush_folder_of(const std::filesystem::path& path);

/// Whether every object has the same number of posterior samples, so that they fit into [N, K].
bool all_have_as_many_samples(const Catalog& catalog);
/// pi0 of every sample. Throws InputError where it is beyond double precision.
std::vector<double> interim_densities(const Catalog& catalog);

// Writers of whole catalogs; throw RunError if the disk refuses.
void write_csv(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth);
void write_hdf5(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth);

void write_fits(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth);

}  // namespace starling
