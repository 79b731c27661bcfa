/// Catalogs as CSV text.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/csv_records.hpp"
#include "catalog/files.hpp"
#include "catalog/rows.hpp"
#include "catalog/sha256.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string read_all(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  if (!standard_input) check_readable(path);
  File opened(standard_input ? nullptr : std::fopen(path.c_str(), "rb"), std::fclose);
  std::FILE* file = standard_input ? stdin : opened.get();
  if (file == nullptr) {
    throw InputError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  }
  std::error_code error;
  const auto size = standard_input ? 0 : std::filesystem::file_size(path, error);
  std::string text(error || size == 0 ? 1 << 16 : size + 1, '\0');
  std::size_t used = 0;
  while (const std::size_t got = std::fread(text.data() + used, 1, text.size() - used, file)) {
    used += got;
    if (used == text.size()) text.resize(2 * used);
  }
  if (std::ferror(file) != 0) {
    throw InputError(fmt::format("{}: cannot be read: {}", shown(path), std::strerror(errno)));
  }
  text.resize(used);
  return text;
}

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
  std::vector<double>* values;
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
    for (auto name = names_.begin(); name != names_.end(); ++name) {
      if (std::find(names_.begin(), name, *name) != name) {
        throw InputError(fmt::format("{}: line {} names column '{}' twice", file_, line, *name));
      }
    }
  }

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

/// Reads the fields of one record; false if the row is left out.
class RowReader {
 public:
  RowReader(std::vector<NumberColumn> columns, BadRows& bad) : columns_(std::move(columns)), bad_(bad) {
    values_.resize(columns_.size());
  }

  bool read(const std::vector<std::string_view>& fields, std::size_t row, std::size_t line) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const NumberColumn& column = columns_[c];
      const std::string_view field = fields[column.field];
      const Parsed parsed = parse_number(field, values_[c]);
      const char* expected = complaint(column.role, values_[c]);
      if (parsed == Parsed::number && expected == nullptr) continue;
      const auto where = fmt::format("row {} (line {}), column '{}'", row, line, column.name);
      if (parsed == Parsed::out_of_range) {
        bad_.add(row, fmt::format("{}: '{}' is beyond double precision", where, field), false);
      }
      if (parsed == Parsed::not_a_number) {
        bad_.add(row, fmt::format("{}: '{}' is not a number, expected {}", where, field, wanted(column.role)),
                 false);
      }
      bad_.add(row,
               fmt::format("{}: {}, expected {}", where,
                           field.empty() ? "is empty" : fmt::format("'{}'", field), expected),
               may_be_dropped(column.role, values_[c]));
      return false;
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) columns_[c].values->push_back(values_[c]);
    return true;
  }

 private:
  static const char* wanted(Role role) { return complaint(role, std::numeric_limits<double>::quiet_NaN()); }

  std::vector<NumberColumn> columns_;
  std::vector<double> values_;
  BadRows& bad_;
};

void check_csv_options(const std::filesystem::path& path, const CatalogOptions& options) {
  check_sigma_options(options);
  if (!options.samples.empty() || !options.offsets.empty()) {
    throw InputError(
        fmt::format("{}: posterior samples ('{}') are read from HDF5 only (.h5, .hdf5), not from CSV",
                    shown(path), options.samples.empty() ? options.offsets : options.samples));
  }
  if (!options.interim_prior.empty()) {
    throw InputError(
        fmt::format("{}: an interim prior ('{}') is for posterior samples, which a CSV catalog has not",
                    shown(path), options.interim_prior));
  }
}

}  // namespace

Catalog read_csv(const std::filesystem::path& path, const CatalogOptions& options,
                 std::vector<std::string>* notes) {
  check_csv_options(path, options);
  const std::string text = read_all(path);
  if (std::string_view(text).substr(0, 4096).find('\0') != std::string_view::npos) {
    throw InputError(fmt::format("{}: is not a text file, expected CSV in UTF-8", shown(path)));
  }
  CsvRecords records(text, shown(path));
  if (!records.next()) {
    throw InputError(fmt::format("{}: is empty, expected a header row that names the columns", shown(path)));
  }
  const Header header(records.fields(), records.line(), shown(path));

  Catalog catalog;
  std::vector<NumberColumn> columns;
  const auto add = [&](Role role, std::size_t field, std::vector<double>& values) {
    if (field < header.size()) columns.push_back({role, field, header.name(field), &values});
  };
  add(Role::x, header.column(options.x), catalog.x);
  if (options.sigma_value) {
    catalog.sigma = {*options.sigma_value};
  } else {
    add(Role::sigma, header.optional_column(options.sigma, "sigma"), catalog.sigma);
  }
  add(Role::weight, header.optional_column(options.weight, "weight"), catalog.weight);
  const std::size_t id = header.optional_column(options.id, "id");

  BadRows bad(path, options.drop_bad_rows);
  RowReader reader(columns, bad);
  std::size_t row = 0;
  for (; records.next(); ++row) {
    const auto& fields = records.fields();
    if (fields.size() != header.size()) {
      throw InputError(fmt::format("{}: row {} (line {}) has {} fields, expected {} as in the header row",
                                   shown(path), row, records.line(), fields.size(), header.size()));
    }
    if (reader.read(fields, row, records.line()) && id < header.size()) catalog.id.emplace_back(fields[id]);
  }
  if (row == 0) throw InputError(fmt::format("{}: has a header row but no data rows", shown(path)));
  bad.report(row, notes);
  catalog.source = path.string();
  catalog.hash = sha256_hex(text);
  check(catalog);
  return catalog;
}

void write_csv(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth) {
  const File file(path == "-" ? stdout : std::fopen(path.c_str(), "wb"),
                  path == "-" ? [](std::FILE* f) { return std::fflush(f); } : std::fclose);
  if (!file) throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  std::string text;
  bool row_begins = true;
  const auto column = [&](bool present, std::string_view value) {
    if (!present) return;
    if (!row_begins) text += ',';
    text += value;
    row_begins = false;
  };
  const auto end_row = [&] {
    text += '\n';
    row_begins = true;
  };
  const auto quoted = [](const std::string& value) {
    if (value.find_first_of(",\"\n\r#") == std::string::npos && trimmed(value).size() == value.size())
      return value;
    std::string result = "\"";
    for (const char c : value) result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + '"';
  };
  const auto number = [](double value) { return fmt::format("{:.17g}", value); };
  const auto flush = [&] {
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0) {
      throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
    }
    text.clear();
  };
  const bool has_id = !catalog.id.empty(), has_sigma = !catalog.sigma.empty(),
             has_weight = !catalog.weight.empty();
  column(has_id, "id");
  column(true, "x");
  column(has_sigma, "sigma");
  column(has_weight, "weight");
  column(!truth.empty(), "mu");
  end_row();
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    column(has_id, has_id ? quoted(catalog.id[i]) : "");
    column(true, number(catalog.x[i]));
    column(has_sigma, has_sigma ? number(catalog.sigma_of(i)) : "");
    column(has_weight, has_weight ? number(catalog.weight[i]) : "");
    column(!truth.empty(), truth.empty() ? "" : number(truth[i]));
    end_row();
    if (text.size() > 1 << 20) flush();
  }
  flush();
}

}  // namespace starling
