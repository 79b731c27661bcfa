/// Catalogs as CSV text.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <exception>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "catalog/csv_records.hpp"
#include "catalog/rows.hpp"
#include "catalog/text_blocks.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

bool is_missing(std::string_view field) {
  std::string word(field);
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word.empty() || word == "na" || word == "n/a" || word == "null" || word == "none";
}

enum class Parsed { number, not_a_number, out_of_range };

Parsed parse_number(std::string_view field, double& value) {
  std::string_view digits = field;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool two_signs = field != digits && digits.find_first_of("+-") == 0;
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size() || two_signs) {
    if (!is_missing(field)) return Parsed::not_a_number;
    value = std::numeric_limits<double>::quiet_NaN();
    return Parsed::number;
  }
  return error == std::errc::result_out_of_range ? Parsed::out_of_range : Parsed::number;
}

/// A column of the file that is read as numbers.
struct NumberColumn {
  Role role;
  std::size_t field;
  std::string name;
  Numbers* values;
};

/// The header row, and which field each wanted column is.
class Header {
 public:
  Header(const std::vector<std::string_view>& fields, std::size_t line, std::string file)
      : names_(fields.begin(), fields.end()), file_(std::move(file)) {
    const bool numbers = std::all_of(fields.begin(), fields.end(), [](std::string_view field) {
      double value = 0;
      return !is_missing(field) && parse_number(field, value) == Parsed::number;
    });
    if (numbers) {
      throw InputError(
          fmt::format("{}: line {} holds numbers ('{}'), expected a header row that names the columns", file_,
                      line, fields.front()));
    }
    std::unordered_set<std::string_view> seen;
    for (const std::string& name : names_)
      if (!seen.insert(name).second)
        throw InputError(fmt::format("{}: line {} names column '{}' twice", file_, line, name));
  }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t field) const { return names_[field]; }

  /// `usual` is looked for if the user asked for none; size() if it isn't there.
  [[nodiscard]] std::size_t optional_column(const std::string& asked, const std::string& usual) const {
    if (!asked.empty()) return column(asked);
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), usual) - names_.begin());
  }

  [[nodiscard]] std::size_t column(const std::string& asked) const {
    const auto found = std::find(names_.begin(), names_.end(), asked);
    if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
    std::string hint = did_you_mean(asked, names_);
    if (names_.size() == 1 && names_[0].find_first_of(";\t |") != std::string::npos) {
      hint = "; fields must be separated by commas";
    }
    throw InputError(
        fmt::format("{}: has no column '{}'{}; its columns: {}", file_, asked, hint, listed(names_)));
  }

 private:
  std::vector<std::string> names_;
  std::string file_;
};

/// What is read of each record.
struct Wanted {
  std::vector<NumberColumn> numbers;
  std::size_t id = 0;      // field of the ids
  std::size_t fields = 0;  // of a record; `id` is not below it if there are no ids
  [[nodiscard]] bool has_id() const { return id < fields; }
};

/// Rows that were read one after the other.
struct Rows {
  std::vector<double> values;  // row by row
  std::vector<std::string> ids;
  std::size_t rows = 0, lines = 0;
  bool good = true;  // false: something is wrong in the row that follows
};

/// Reads the rows of a text up to the first in which anything is wrong. Throws InputError for broken quotes.
void read_piece(std::string_view text, const Wanted& wanted, Rows& to) {
  to.values.clear();
  to.ids.clear();
  to.rows = 0;
  CsvRecords records(text, "", 2);
  while (records.next()) {
    const auto& fields = records.fields();
    to.good = fields.size() == wanted.fields;
    for (std::size_t c = 0; to.good && c < wanted.numbers.size(); ++c) {
      double value = 0;
      const NumberColumn& column = wanted.numbers[c];
      to.good = parse_number(fields[column.field], value) == Parsed::number &&
                complaint(column.role, value) == nullptr;
      to.values.push_back(value);
    }
    if (!to.good) return;
    if (wanted.has_id()) to.ids.emplace_back(fields[wanted.id]);
    ++to.rows;
  }
  to.lines = records.next_line() - 2;
}

/// Cuts text into `count` pieces, or fewer, at ends of lines.
std::vector<std::string_view> pieces_of(std::string_view text, std::size_t count) {
  std::vector<std::string_view> pieces;
  const std::size_t size = text.size() / count + 1;
  while (!text.empty()) {
    const auto end = text.size() <= size ? std::string_view::npos : text.find('\n', size - 1);
    pieces.push_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

/// Reads the rows of a file into a catalog, text by text.
class RowsReader {
 public:
  RowsReader(Wanted wanted, std::vector<std::string>& ids, std::size_t line, std::uint64_t file_size,
             const std::filesystem::path& path, BadRows& bad)
      : wanted_(std::move(wanted)), ids_(ids), line_(line), file_size_(file_size), path_(path), bad_(bad) {}

  /// Reads the text up to its last whole record; how much of it that was. `last`: the file ends with it.
  std::size_t read(std::string_view text, bool last) {
    const auto end = last ? text.size() : text.rfind('\n') + 1;
    std::size_t used = end;
    if (end < worth_sharing || !read_shared(text.substr(0, end))) {
      used = read_carefully(text, last);
    }
    bytes_ += used;
    return used;
  }

  [[nodiscard]] std::size_t rows() const { return row_; }

 private:
  static constexpr std::size_t worth_sharing = 1 << 20;
  static constexpr std::size_t pieces_at_most = 8;

  /// Several threads at once; false, and nothing is kept, if a row is wrong, or if a quoted field goes beyond
  /// the piece of text in which it begins, which then seems never to be closed.
  bool read_shared(std::string_view text) {
    const auto pieces = pieces_of(text, pieces_at_most);
    parts_.resize(pieces.size());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t p = 0; p < pieces.size(); ++p) {
      try {
        read_piece(pieces[p], wanted_, parts_[p]);
      } catch (const std::exception&) {
        parts_[p].good = false;  // nothing may leave a parallel loop
      }
    }
    if (!std::all_of(parts_.begin(), parts_.end(), [](const Rows& part) { return part.good; })) return false;
    for (Rows& part : parts_) {
      row_ += part.rows;
      line_ += part.lines;
    }
    reserve(text.size());
    for (Rows& part : parts_) append(part);
    return true;
  }

  /// Row by row; says what is wrong.
  std::size_t read_carefully(std::string_view text, bool last) {
    CsvRecords records(text, shown(path_), line_, last);
    Rows& part = parts_.front();
    part = {};
    for (; records.next(); ++row_) {
      const auto& fields = records.fields();
      if (fields.size() != wanted_.fields) {
        throw InputError(fmt::format("{}: row {} (line {}) has {} fields, expected {} as in the header row",
                                     shown(path_), row_, records.line(), fields.size(), wanted_.fields));
      }
      if (read_record(fields, records.line(), part) && wanted_.has_id())
        part.ids.emplace_back(fields[wanted_.id]);
    }
    line_ = records.next_line();
    reserve(records.position());
    append(part);
    return records.position();
  }

  bool read_record(const std::vector<std::string_view>& fields, std::size_t line, Rows& to) {
    const std::size_t before = to.values.size();
    for (const NumberColumn& column : wanted_.numbers) {
      double value = 0;
      const std::string_view field = fields[column.field];
      const Parsed parsed = parse_number(field, value);
      const char* expected = complaint(column.role, value);
      to.values.push_back(value);
      if (parsed == Parsed::number && expected == nullptr) continue;
      blame(column, field, parsed, value, line);
      to.values.resize(before);
      return false;
    }
    return true;
  }

  void blame(const NumberColumn& column, std::string_view field, Parsed parsed, double value,
             std::size_t line) {
    const auto where = fmt::format("row {} (line {}), column '{}'", row_, line, column.name);
    if (parsed == Parsed::out_of_range) {
      bad_.add(row_, fmt::format("{}: '{}' is beyond double precision", where, field), false);
    }
    if (parsed == Parsed::not_a_number) {
      const char* number = complaint(column.role, std::numeric_limits<double>::quiet_NaN());
      bad_.add(row_, fmt::format("{}: '{}' is not a number, expected {}", where, field, number), false);
    }
    bad_.add(
        row_,
        fmt::format("{}: {}, expected {}", where, field.empty() ? "is empty" : fmt::format("'{}'", field),
                    complaint(column.role, value)),
        may_be_dropped(column.role, value));
  }

  /// Makes room for all rows of the file, judged by those in `bytes` more of it: reserved memory that stays
  /// untouched takes no room, and growing would need the columns twice.
  void reserve(std::size_t bytes) {
    const auto& first = *wanted_.numbers.front().values;
    std::size_t more = 0;
    for (const Rows& part : parts_) more += part.values.size() / wanted_.numbers.size();
    if (file_size_ == 0 || first.capacity() >= objects_ + more) return;
    const double share = static_cast<double>(bytes_ + bytes) / static_cast<double>(file_size_);
    const auto all = static_cast<std::size_t>(1.05 * static_cast<double>(objects_ + more) / share) + 64;
    for (const NumberColumn& column : wanted_.numbers) column.values->reserve(all);
    if (wanted_.has_id()) ids_.reserve(all);
  }

  void append(Rows& part) {
    const std::size_t columns = wanted_.numbers.size(), rows = part.values.size() / columns;
    for (std::size_t c = 0; c < columns; ++c) {
      const NumberColumn& column = wanted_.numbers[c];
      const auto at = [&](std::size_t row) { return part.values[row * columns + c]; };
      if (column.role == Role::sigma) {
        for (std::size_t i = 0; i < rows; ++i) append_noise(*column.values, objects_ + i, at(i));
      } else {
        for (std::size_t i = 0; i < rows; ++i) column.values->push_back(at(i));
      }
      column.values->let_go(column.values->size() - std::min(column.values->size(), rows),
                            column.values->size());
    }
    objects_ += rows;
    std::move(part.ids.begin(), part.ids.end(), std::back_inserter(ids_));
    part.values.clear();
    part.ids.clear();
  }

  Wanted wanted_;
  std::vector<std::string>& ids_;
  std::size_t row_ = 0, line_, objects_ = 0;  // objects: rows that were right
  std::uint64_t file_size_, bytes_ = 0;
  const std::filesystem::path& path_;
  BadRows& bad_;
  std::vector<Rows> parts_ = std::vector<Rows>(1);
};

void check_csv_options(const std::filesystem::path& path, const CatalogOptions& options) {
  check_sigma_options(options);
  check_column_options(options);
  if (!options.mask.empty() || !options.table.empty()) {
    throw InputError(fmt::format("{}: a {} ('{}') is for HDF5 and FITS files, which a CSV file is not",
                                 shown(path), options.mask.empty() ? "table" : "mask",
                                 options.mask.empty() ? options.table : options.mask));
  }
  if (!options.samples.empty() || !options.offsets.empty()) {
    throw InputError(fmt::format(
        "{}: posterior samples ('{}') are read from HDF5 and FITS only (.h5, .hdf5, .fits), not from CSV",
        shown(path), options.samples.empty() ? options.offsets : options.samples));
  }
  if (!options.interim_prior.empty()) {
    throw InputError(
        fmt::format("{}: an interim prior ('{}') is for posterior samples, which a CSV catalog has not",
                    shown(path), options.interim_prior));
  }
}

/// The header row; how much text and how many lines it and what stands before it take.
struct HeaderRow {
  Header header;
  std::size_t bytes, next_line;
};

HeaderRow read_header(TextBlocks& blocks, const std::filesystem::path& path) {
  if (blocks.text().substr(0, 4096).find('\0') != std::string_view::npos) {
    throw InputError(fmt::format("{}: is not a text file, expected CSV in UTF-8", shown(path)));
  }
  for (;; blocks.advance(0)) {
    CsvRecords records(blocks.text(), shown(path), 1, blocks.last());
    if (records.next()) {
      return {Header(records.fields(), records.line(), shown(path)), records.position(), records.next_line()};
    }
    if (blocks.last()) {
      throw InputError(
          fmt::format("{}: is empty, expected a header row that names the columns", shown(path)));
    }
  }
}

/// The columns that the options ask for, to be read into the catalog.
Wanted wanted_columns(const Header& header, const CatalogOptions& options, Catalog& catalog) {
  Wanted wanted;
  wanted.fields = header.size();
  wanted.id = header.optional_column(options.id, "id");
  const auto add = [&](Role role, std::size_t field, Numbers& values) {
    if (field < header.size()) wanted.numbers.push_back({role, field, header.name(field), &values});
  };
  if (!options.x.empty()) add(Role::x, header.column(options.x), catalog.x);
  if (!options.sigma_value) add(Role::sigma, header.optional_column(options.sigma, "sigma"), catalog.sigma);
  add(Role::weight, header.optional_column(options.weight, "weight"), catalog.weight);
  for_each_role(
      options, [&](const std::string& role) { return header.optional_column("", role) < header.size(); },
      [](const std::string&, double) {},
      [&](const std::string& role, const std::string& name) {
        add(Role::other, header.column(name), catalog.columns[role]);
      });
  if (options.x.empty() && catalog.columns.empty())
    throw InputError(fmt::format("{}: no column of it is asked for", header.file()));
  return wanted;
}

}  // namespace

Catalog read_csv(const std::filesystem::path& path, const CatalogOptions& options,
                 std::vector<std::string>* notes) {
  check_csv_options(path, options);
  if (path != "-") check_readable(path);
  TextBlocks blocks(path);
  const auto [header, header_bytes, line] = read_header(blocks, path);

  Catalog catalog;
  BadRows bad(path, options.drop_bad_rows);
  RowsReader reader(wanted_columns(header, options, catalog), catalog.id, line, blocks.file_size(), path,
                    bad);
  blocks.advance(header_bytes);
  for (;;) {
    const std::size_t used = reader.read(blocks.text(), blocks.last());
    if (blocks.last()) break;
    blocks.advance(used);
  }
  if (reader.rows() == 0) {
    throw InputError(fmt::format("{}: has a header row but no data rows", shown(path)));
  }
  bad.report(reader.rows(), notes);
  if (options.x.empty()) catalog.x.assign(catalog.columns.begin()->second.size(), 0.0);
  if (options.sigma_value) catalog.sigma = {*options.sigma_value};
  if (catalog.sigma.size() == 1) catalog.sigma.shrink_to_fit();
  for_each_role(
      options, [](const std::string&) { return false; },
      [&](const std::string& role, double value) { catalog.columns[role].assign(catalog.size(), value); },
      [](const std::string&, const std::string&) {});
  catalog.source = path.string();
  catalog.hash = blocks.hash();
  check(catalog);
  return catalog;
}

}  // namespace starling
