/// A catalog: N objects, each measured as x with noise sigma, or known by posterior samples of its mu.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "starling/numbers.hpp"

namespace starling {

/// Numbers are vectors of double; those of 256 MiB or more lie on disk.
struct Catalog {
  Numbers x;       ///< [N] measured values; for a samples catalog the median of each object's samples
  Numbers sigma;   ///< [N] noise (standard deviation, > 0); or one number for all; or empty
  Numbers weight;  ///< [N] w_i >= 0 of ln L = sum w_i ln L_i; or empty (all one)
  std::vector<std::string> id;  ///< [N] names of the objects, or empty
  /// All objects' posterior samples mu_ik one after the other; or empty. Of several latents per object the
  /// components of a sample stand side by side.
  Numbers samples;
  std::size_t sample_size = 1;         ///< components of a sample
  std::vector<std::uint64_t> offsets;  ///< [N + 1] object i owns samples [offsets[i], offsets[i + 1])
  Numbers log_interim;                 ///< ln pi0(mu_ik), up to a constant, per sample; empty: flat
  std::string interim_prior = {};      ///< the prior, as parse_prior reads it, that log_interim is of; or ""

  /// By role, such as "trials" or "z": [N] values of what a measurement needs besides x and sigma.
  std::map<std::string, Numbers> columns;

  /// By role, such as "flux": rows of numbers, [N][size / N].
  std::map<std::string, Numbers> arrays = {};

  std::string source;  ///< file it came from, "" if it was made in memory
  std::string hash;    ///< SHA-256 of what was read (hex), "" if it was made in memory

  [[nodiscard]] std::size_t size() const { return x.size(); }
  /// Numbers beside those of the columns: of posterior samples, and of rows.
  [[nodiscard]] std::size_t more_numbers() const {
    std::size_t count = samples.size();
    for (const auto& [role, values] : arrays) count += values.size();
    return count;
  }
  [[nodiscard]] bool has_samples() const { return !samples.empty(); }
  [[nodiscard]] double sigma_of(std::size_t i) const { return sigma.size() == 1 ? sigma[0] : sigma[i]; }
  /// The values in this role. Throws InputError that names the role where the catalog has none.
  [[nodiscard]] const Numbers& column(const std::string& role) const;
  /// What the columns on disk have of objects [begin, end) leaves memory until it is read again.
  void let_go(std::size_t begin, std::size_t end) const;
  /// The row number of the object with this id; without ids the id is the row number from 0.
  /// Throws InputError where there is none, or where several have it.
  [[nodiscard]] std::size_t find(const std::string& id) const;
  /// "17, 20", or "17 (NGC 1275), 20 (M 31)" where there are ids; of many the first five.
  [[nodiscard]] std::string names(std::span<const std::size_t> objects) const;
};

/// Throws InputError unless every number is finite, sigma > 0, weights >= 0, sizes fit together and N >= 1.
void check(const Catalog& catalog);

/// Which columns (CSV, FITS) or datasets (HDF5) to read.
struct CatalogOptions {
  std::string x = "x";                               ///< column; "": none is read, and x is 0
  std::string sigma = "";                            ///< column; "" means "sigma" if there is one
  std::optional<double> sigma_value = std::nullopt;  ///< one number for all objects instead of a column
  std::string weight = "";                           ///< column; "" means "weight" if there is one
  std::string id = "";                               ///< column; "" means "id" if there is one
  /// HDF5: dataset of posterior samples, [N, K], or [N, K, P] as "name:column", or ragged; FITS: a column
  /// with several numbers in each row. NaN at the end of an object's samples is padding, and left out.
  std::string samples = "";
  std::vector<std::string> more_samples = {};  ///< of the other components of mu, where it has several
  std::string offsets = "";                    ///< HDF5: dataset of N + 1 offsets into ragged samples
  /// "": flat. "normal(0, 10)" or another prior's text: the named density; or a dataset / column: pi0 per
  /// sample; "log(NAME)": a dataset / column of ln pi0.
  std::string interim_prior = "";
  bool drop_bad_rows = false;  ///< leave out rows that are not finite or have sigma <= 0, and say which
  /// By role: the column of its values, or a number that stands for all objects. HDF5, FITS: a column of
  /// several numbers per object becomes a row of Catalog::arrays.
  std::map<std::string, std::string> columns = {};
  /// Roles that are read from a column of that name, if there is one and `columns` names no other.
  std::vector<std::string> optional_columns = {};
  std::string mask = "";   ///< HDF5, FITS: column of integers; only rows where it isn't 0 are read
  std::string table = "";  ///< HDF5: table (compound dataset) whose columns are meant; FITS: extension
};

/// Reads .csv, .h5/.hdf5, .fits/.fit/.fits.gz by the file's ending ("-" is CSV from standard input).
/// "cat.fits[NAME]" or "cat.fits[2]" reads that extension of the file.
/// `notes` (may be null) gets one sentence per thing a user should know, such as the rows that were dropped.
/// A column of noise that is the same for all objects becomes one number.
/// Throws InputError with file, row, column and value.
Catalog read_catalog(const std::filesystem::path& path, const CatalogOptions& options = {},
                     std::vector<std::string>* notes = nullptr);
Catalog read_csv(const std::filesystem::path& path, const CatalogOptions& options = {},
                 std::vector<std::string>* notes = nullptr);
Catalog read_hdf5(const std::filesystem::path& path, const CatalogOptions& options = {},
                  std::vector<std::string>* notes = nullptr);
Catalog read_fits(const std::filesystem::path& path, const CatalogOptions& options = {},
                  std::vector<std::string>* notes = nullptr);

/// The file that a catalog's path names: the path without "[extension]".
std::filesystem::path catalog_file(const std::filesystem::path& path);

/// Writes a catalog, by the file's ending; CSV has no samples. `truth` ([N] or empty) is written as column
/// "mu".
void write_catalog(const std::filesystem::path& path, const Catalog& catalog,
                   const std::vector<double>& truth = {});

}  // namespace starling
