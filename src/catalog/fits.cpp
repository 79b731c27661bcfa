/// Binary tables of FITS files and their columns.
#include "catalog/fits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>

#include "catalog/rows.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling::fits {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_zipped(const std::filesystem::path& path) {
  return lower(path.extension().string()) == ".gz";
}

std::optional<LONGLONG> whole_number(const std::string& text) {
  LONGLONG value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The value of a header keyword; "" if it isn't there.
std::string keyword(fitsfile* file, const std::string& name) {
  int status = 0;
  std::array<char, FLEN_VALUE> value{};
  fits_read_key(file, TSTRING, name.c_str(), value.data(), nullptr, &status);
  return status == 0 ? value.data() : "";
}

/// A number of the header; cfitsio's own conversion overruns its memory where there is a long text.
LONGLONG number_of(fitsfile* file, const std::string& path, const std::string& name) {
  const std::string text = keyword(file, name);
  const auto value = whole_number(text);
  if (!value) {
    throw InputError(
        fmt::format("{}: is damaged: {} of a table is '{}', expected a whole number", path, name, text));
  }
  return *value;
}

/// The value of a header's card up to a blank or a comment, a plus sign left out.
std::string value_of(std::string_view card) {
  auto begin = std::min(card.find_first_not_of(' ', card.find('=') + 1), card.size());
  if (begin < card.size() && card[begin] == '+') ++begin;
  return std::string(card.substr(begin, card.find_first_of(" /", begin) - begin));
}

/// How many bytes follow a header with these numbers, if so many can be counted.
std::optional<std::uint64_t> bytes_after(std::map<std::string, LONGLONG> header) {
  LONGLONG bytes = header["NAXIS"] > 0 ? 1 : 0;
  for (LONGLONG j = 1; j <= std::min<LONGLONG>(header["NAXIS"], 999); ++j)
    if (__builtin_mul_overflow(bytes, header[fmt::format("NAXIS{}", j)], &bytes)) return std::nullopt;
  const LONGLONG groups = header.contains("GCOUNT") ? header["GCOUNT"] : 1;
  if (__builtin_add_overflow(bytes, header["PCOUNT"], &bytes) ||
      __builtin_mul_overflow(bytes, groups, &bytes) ||
      __builtin_mul_overflow(bytes, header["BITPIX"] / 8, &bytes))
    return std::nullopt;
  // BITPIX < 0: real numbers
  return static_cast<std::uint64_t>(std::abs(std::max(bytes, -std::numeric_limits<LONGLONG>::max())));
}

/// The whole numbers that say how large an HDU is. Before it reads a column cfitsio takes memory for as many
/// as a table's header says, or, where a number before is none, as memory that it never set says: the header
/// of a table must have all of them, and no more columns than the standard allows (FITS 4.0, section 7.3.1).
/// What else is wrong with a file is for cfitsio to say.
void check_headers(const std::filesystem::path& path) {
  constexpr std::size_t kBlock = 2880, kCard = 80;
  constexpr LONGLONG kMostColumns = 999;
  const std::vector<std::string> sizes{"BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "TFIELDS"};
  std::ifstream file(path, std::ios::binary);
  std::string block(kBlock, ' ');
  while (file.read(block.data(), kBlock)) {
    std::map<std::string, LONGLONG> numbers;
    bool at_end = false, is_table = false;
    for (std::size_t at = 0; !at_end; at += kCard) {
      if (at == kBlock) {
        if (!file.read(block.data(), kBlock)) return;
        at = 0;
      }
      const std::string_view card(block.data() + at, kCard);
      const std::string name(card.substr(0, card.find_first_of(" =")));
      at_end = name == "END";
      is_table = is_table || (name == "XTENSION" && card.find("TABLE") != card.npos);
      const bool is_size = std::find(sizes.begin(), sizes.end(), name) != sizes.end();
      if (!is_size && !name.starts_with("NAXIS")) continue;
      const std::string text = value_of(card);
      const auto value = whole_number(text);
      if (is_size && !value)
        throw InputError(
            fmt::format("{}: is damaged: {} is '{}', expected a whole number", path.string(), name, text));
      if (name == "TFIELDS" && (*value < 0 || *value > kMostColumns))
        throw InputError(fmt::format("{}: is damaged: a table of {} columns (TFIELDS), expected 0 to {}",
                                     path.string(), *value, kMostColumns));
      if (value) numbers.emplace(name, *value);
    }
    for (const auto& name : sizes)
      if (is_table && !numbers.contains(name))
        throw InputError(fmt::format("{}: is damaged: the header of a table has no {}", path.string(), name));
    const auto bytes = bytes_after(std::move(numbers));
    if (!bytes) return;
    const auto blocks = (*bytes + kBlock - 1) / kBlock;
    file.seekg(static_cast<std::streamoff>(blocks * kBlock), std::ios::cur);
  }
}

std::string described(fitsfile* file, int number, int kind) {
  const std::string name = keyword(file, "EXTNAME");
  return fmt::format("{}{}{}", number, name.empty() ? "" : " " + name,
                     kind == BINARY_TBL  ? ""
                     : kind == ASCII_TBL ? " (ASCII table)"
                                         : " (image)");
}

}  // namespace

std::string reason(int status) {
  std::array<char, FLEN_STATUS> text{};
  fits_get_errstatus(status, text.data());
  fits_clear_errmsg();
  return text.data();
}

Table::Table(const std::filesystem::path& path, const std::string& extension) : path_(path.string()) {
  int status = 0;
  fitsfile* opened = nullptr;
  if (!is_zipped(path)) check_headers(path);
  fits_open_diskfile(&opened, path.c_str(), READONLY, &status);
  if (status != 0) {
    throw InputError(
        fmt::format("{}: is not a FITS file, or damaged or cut short ({})", path_, reason(status)));
  }
  file_.reset(opened);
  extension.empty() ? choose_first() : choose(extension);
  check_length(path);
  read_names();
}

/// Moves to the extension; lists what there is if it isn't a binary table.
void Table::choose(const std::string& extension) {
  std::vector<std::string> known, names;
  int count = 0, status = 0, kind = 0, found = 0;
  fits_get_num_hdus(file_.get(), &count, &status);
  const auto number = whole_number(extension);
  for (int i = 1; i < count; ++i) {
    fits_movabs_hdu(file_.get(), i + 1, &kind, &status);
    if (status != 0) break;
    known.push_back(described(file_.get(), i, kind));
    names.push_back(keyword(file_.get(), "EXTNAME"));
    const bool asked = number ? *number == i : lower(names.back()) == lower(extension);
    if (asked && found == 0) found = i;
  }
  const std::string there = known.empty() ? "none" : listed(known);
  if (found == 0) {
    throw InputError(fmt::format("{}: has no extension '{}'{}; its extensions: {}", path_, extension,
                                 did_you_mean(extension, names), there));
  }
  status = 0;
  fits_movabs_hdu(file_.get(), found + 1, &kind, &status);
  if (kind != BINARY_TBL) {
    throw InputError(
        fmt::format("{}: extension '{}' is no binary table; its extensions: {}", path_, extension, there));
  }
}

void Table::choose_first() {
  int status = 0, kind = 0;
  for (int i = 2; fits_movabs_hdu(file_.get(), i, &kind, &status) == 0; ++i) {
    if (kind == BINARY_TBL) return;
  }
  throw InputError(
      fmt::format("{}: has no binary table{}", path_, status == END_OF_FILE ? "" : ": " + reason(status)));
}

void Table::read_names() {
  int status = 0, count = 0;
  fits_get_num_cols(file_.get(), &count, &status);
  for (int i = 1; i <= count; ++i) names_.push_back(keyword(file_.get(), fmt::format("TTYPE{}", i)));
}

/// cfitsio notices a missing end only where it reads, and takes any number of rows from a header.
void Table::check_length(const std::filesystem::path& path) const {
  int status = 0;
  LONGLONG head = 0, data = 0, end = 0, rows = 0;
  fits_get_hduaddrll(file_.get(), &head, &data, &end, &status);
  fits_get_num_rowsll(file_.get(), &rows, &status);
  if (status != 0) throw InputError(fmt::format("{}: is damaged: {}", path_, reason(status)));
  const LONGLONG width = number_of(file_.get(), path_, "NAXIS1"),
                 heap = number_of(file_.get(), path_, "PCOUNT");
  LONGLONG needed = 0;
  if (width < 0 || rows < 0 || heap < 0 || __builtin_mul_overflow(width, rows, &needed) ||
      __builtin_add_overflow(needed, heap, &needed) || __builtin_add_overflow(needed, data, &needed)) {
    throw InputError(fmt::format(
        "{}: is damaged: its table has {} rows of {} bytes and {} more, expected sizes that a file "
        "can have",
        path_, rows, width, heap));
  }
  if (is_zipped(path)) {  // unpacked, it may be of any size
    unsigned char last = 0;
    if (rows > 0 && width > 0) fits_read_tblbytes(file_.get(), rows, width, 1, &last, &status);
    if (status != 0) throw InputError(fmt::format("{}: is cut short: {}", path_, reason(status)));
    return;
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size < static_cast<std::uintmax_t>(needed)) {
    throw InputError(
        fmt::format("{}: is cut short: it has {} bytes, expected {} at least", path_, size, needed));
  }
}

int Table::find(const std::string& name) const {
  const auto exact = std::find(names_.begin(), names_.end(), name);
  if (exact != names_.end()) return static_cast<int>(exact - names_.begin()) + 1;
  const auto same = [&](const std::string& other) { return lower(other) == lower(name); };
  const auto found = std::find_if(names_.begin(), names_.end(), same);
  if (found == names_.end()) return 0;
  if (std::count_if(names_.begin(), names_.end(), same) > 1) {
    throw InputError(fmt::format("{}: has several columns '{}' that differ in case; its columns: {}", path_,
                                 name, listed(names_)));
  }
  return static_cast<int>(found - names_.begin()) + 1;
}

bool Table::has(const std::string& name) const {
  return find(name) != 0 || find(name.substr(0, name.rfind(':'))) != 0;
}

std::unique_ptr<FileColumn> Table::open(const std::string& name) const {
  if (const int number = find(name)) return std::make_unique<Column>(file_.get(), path_, name, number, "");
  const auto colon = name.rfind(':');
  const int number = find(name.substr(0, colon));
  if (colon == std::string::npos || number == 0) {
    throw InputError(fmt::format("{}: has no column '{}'{}; its columns: {}", path_, name,
                                 did_you_mean(name, names_), listed(names_)));
  }
  return std::make_unique<Column>(file_.get(), path_, name, number, name.substr(colon + 1));
}

Column::Column(fitsfile* file, std::string path, std::string name, int number, const std::string& position)
    : file_(file), path_(std::move(path)), name_(std::move(name)), number_(number) {
  int status = 0;
  LONGLONG width = 0, rows = 0;
  fits_get_eqcoltypell(file_, number_, &type_, &each_, &width, &status);
  fits_get_num_rowsll(file_, &rows, &status);
  check(status);
  int stored = 0;
  LONGLONG unused = 0;
  fits_get_coltypell(file_, number_, &stored, &unused, &unused, &status);
  check(status);
  stored_whole_ = std::abs(stored) != TFLOAT && std::abs(stored) != TDOUBLE;
  variable_ = type_ < 0;
  type_ = std::abs(type_);
  shape_ = {static_cast<std::size_t>(rows)};
  if (variable_) {
    heap_ = number_of(file_, path_, "PCOUNT");
    shape_.push_back(0);
  } else if (type_ == TSTRING) {
    if (width > 0 && each_ > width) shape_.push_back(static_cast<std::size_t>(each_ / width));
  } else if (each_ != 1) {
    std::array<LONGLONG, 9> sizes{};
    int dimensions = 0;
    fits_read_tdimll(file_, number_, static_cast<int>(sizes.size()), &dimensions, sizes.data(), &status);
    check(status);
    for (int d = std::min<int>(dimensions, static_cast<int>(sizes.size())); d-- > 0;) {
      shape_.push_back(static_cast<std::size_t>(sizes[static_cast<std::size_t>(d)]));
    }
  }
  if (!position.empty()) choose_position(position);
}

void Column::choose_position(const std::string& position) {
  const auto chosen = whole_number(position);
  if (shape_.size() < 2 || shape_.back() == 0 || variable_) {
    throw InputError(fmt::format("{}: column '{}' has rows without positions to choose '{}' from", path_,
                                 name_, position));
  }
  if (!chosen || *chosen < 0 || static_cast<std::size_t>(*chosen) >= shape_.back()) {
    throw InputError(fmt::format("{}: column '{}' has no position '{}', expected a number from 0 to {}",
                                 path_, name_, position, shape_.back() - 1));
  }
  position_ = static_cast<std::size_t>(*chosen);
  stride_ = shape_.back();
  shape_.pop_back();
}

void Column::check(int status) const {
  if (status == 0) return;
  throw InputError(fmt::format("{}: column '{}' cannot be read: {}", path_, name_, reason(status)));
}

/// The number of values in a row of variable length.
LONGLONG Column::values_in(std::size_t row) const {
  int status = 0;
  LONGLONG length = 0, at = 0;
  fits_read_descriptll(file_, number_, static_cast<LONGLONG>(row) + 1, &length, &at, &status);
  check(status);
  if (length < 0 || length > heap_) {
    throw InputError(fmt::format(
        "{}: row {}, column '{}' has {} values, expected no more than the {} bytes that the table "
        "has for them",
        path_, row, name_, length, heap_));
  }
  return length;
}

std::vector<std::uint64_t> Column::offsets() const {
  if (!variable_) return {};
  std::vector<std::uint64_t> offsets{0};
  offsets.reserve(shape_[0] + 1);
  for (std::size_t row = 0; row < shape_[0]; ++row)
    offsets.push_back(offsets.back() + static_cast<std::uint64_t>(values_in(row)));
  return offsets;
}

bool Column::is_whole() const {
  constexpr int whole[] = {TLOGICAL, TBYTE, TSBYTE, TSHORT,    TUSHORT,   TINT,
                           TUINT,    TLONG, TULONG, TLONGLONG, TULONGLONG};
  return std::find(std::begin(whole), std::end(whole), type_) != std::end(whole);
}

/// `count` values from the beginning of row `first`.
void Column::read_numbers(std::size_t first, std::size_t count, double* to) const {
  int status = 0, any = 0;
  const auto row = static_cast<LONGLONG>(first) + 1, values = static_cast<LONGLONG>(count);
  if (type_ == TLOGICAL) {
    std::vector<char> truth(count);
    char missing = 2;
    fits_read_col(file_, TLOGICAL, number_, row, 1, values, &missing, truth.data(), &any, &status);
    std::transform(truth.begin(), truth.end(), to, [](char value) {
      return value == 2 ? std::numeric_limits<double>::quiet_NaN() : value != 0 ? 1.0 : 0.0;
    });
  } else {
    // Looking for missing values, which only integers need, would make 0 of -0 and of the smallest numbers.
    double missing = std::numeric_limits<double>::quiet_NaN();
    fits_read_col(file_, TDOUBLE, number_, row, 1, values, stored_whole_ ? &missing : nullptr, to, &any,
                  &status);
  }
  check(status);
}

void Column::read_variable(std::size_t first, std::size_t rows, double* to) const {
  for (std::size_t row = first; row < first + rows; ++row) {
    const LONGLONG length = values_in(row);
    if (length > 0) read_numbers(row, static_cast<std::size_t>(length), to);
    to += length;
  }
}

void Column::read(std::size_t first, std::size_t rows, double* to) const {
  if (type_ == TSTRING || type_ == TBIT || type_ == TCOMPLEX || type_ == TDBLCOMPLEX) {
    throw InputError(fmt::format("{}: column '{}' holds {}, expected numbers", path_, name_,
                                 type_ == TSTRING ? "text" : "no real numbers"));
  }
  if (variable_) return read_variable(first, rows, to);
  const auto count = rows * static_cast<std::size_t>(each_);
  if (!position_) return read_numbers(first, count, to);
  std::vector<double> all(count);
  read_numbers(first, count, all.data());
  for (std::size_t i = *position_; i < count; i += stride_) *to++ = all[i];
}

void Column::read_texts(std::size_t first, std::size_t rows, std::vector<std::string>& to) const {
  int status = 0, shown_width = 0, any = 0, type = 0;
  LONGLONG each = 0, width = 0;
  fits_get_col_display_width(file_, number_, &shown_width, &status);
  fits_get_coltypell(file_, number_, &type, &each, &width, &status);
  check(status);
  // cfitsio writes as much as is stored, whatever the width that the file wants to be shown (TDISP)
  const auto room = static_cast<std::size_t>(std::max({LONGLONG{shown_width}, each, width, LONGLONG{0}})) + 2;
  std::vector<char> bytes(room * rows);
  std::vector<char*> texts(rows);
  for (std::size_t i = 0; i < rows; ++i) texts[i] = bytes.data() + i * room;
  std::array<char, 1> missing{};
  fits_read_col_str(file_, number_, static_cast<LONGLONG>(first) + 1, 1, static_cast<LONGLONG>(rows),
                    missing.data(), texts.data(), &any, &status);
  check(status);
  to.insert(to.end(), texts.begin(), texts.end());
}

/// Integers as text; missing ones as "".
template <class Whole>
void Column::read_digits(int type, std::size_t first, std::size_t rows, std::vector<std::string>& to) const {
  int status = 0, any = 0;
  std::vector<Whole> values(rows);
  std::vector<char> missing(rows);
  fits_read_colnull(file_, type, number_, static_cast<LONGLONG>(first) + 1, 1, static_cast<LONGLONG>(rows),
                    values.data(), missing.data(), &any, &status);
  check(status);
  for (std::size_t i = 0; i < rows; ++i) to.push_back(missing[i] != 0 ? "" : std::to_string(values[i]));
}

void Column::read(std::size_t first, std::size_t rows, std::vector<std::string>& to) const {
  if (type_ == TSTRING) return read_texts(first, rows, to);
  if (type_ == TULONGLONG) return read_digits<std::uint64_t>(TULONGLONG, first, rows, to);
  if (is_whole() && type_ != TLOGICAL) return read_digits<LONGLONG>(TLONGLONG, first, rows, to);
  std::vector<double> values(rows);
  read(first, rows, values.data());
  for (const double value : values) to.push_back(fmt::format("{}", value));
}

}  // namespace starling::fits
