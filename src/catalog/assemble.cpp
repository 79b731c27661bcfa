/// Catalogs from files of columns: rows are read a stretch at a time, so that no column is in memory twice.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "catalog/column_file.hpp"
#include "catalog/rows.hpp"
#include "starling/error.hpp"
#include "starling/prior.hpp"

namespace starling {
namespace {

constexpr std::size_t numbers_at_once = 1 << 17;  // 1 MiB

/// The posterior samples in the file: each object's are a row, or a stretch of one long row.
struct SamplesLayout {
  std::vector<std::uint64_t> offsets;  // empty: all objects have `each`
  std::size_t each = 0;
  bool flat = false;

  [[nodiscard]] std::uint64_t begin(std::size_t row) const {
    return offsets.empty() ? std::uint64_t{row} * each : offsets[row];
  }
  /// Some rows, but one at least, that have no more numbers than can be read at once.
  [[nodiscard]] std::size_t stretch(std::size_t first, std::size_t rows) const {
    if (offsets.empty()) return std::min(first + std::max<std::size_t>(numbers_at_once / each, 1), rows);
    std::size_t last = first + 1;
    while (last < rows && begin(last + 1) - begin(first) <= numbers_at_once) ++last;
    return last;
  }
  void read(const FileColumn& column, std::size_t first, std::size_t last, std::vector<double>& to) const {
    to.resize(begin(last) - begin(first));
    if (to.empty()) return;
    flat ? column.read(begin(first), to.size(), to.data()) : column.read(first, last - first, to.data());
  }
};

class Assembly {
 public:
  Assembly(const std::filesystem::path& path, const ColumnFile& file, const CatalogOptions& options,
           std::vector<std::string>* notes)
      : path_(path), file_(file), options_(options), notes_(notes) {}

  Catalog read() {
    if (!options_.mask.empty()) read_mask();
    if (options_.samples.empty()) {
      refuse_lonely_options();
      if (!options_.x.empty()) catalog_.x = per_object(options_.x);
    } else {
      read_samples();
      apply_named_interim();
    }
    if (options_.sigma_value) {
      catalog_.sigma = {*options_.sigma_value};
    } else if (const auto name = optional_name(options_.sigma, "sigma")) {
      catalog_.sigma = noise(*name);
    }
    if (const auto name = optional_name(options_.weight, "weight")) catalog_.weight = per_object(*name);
    if (const auto name = optional_name(options_.id, "id")) read_ids(*name);
    read_roles();
    if (options_.x.empty() && options_.samples.empty()) {
      if (!rows_) throw InputError(fmt::format("{}: no column of it is asked for", path_.string()));
      catalog_.x.assign(objects_, 0.0);
    }
    drop_bad_rows();
    take_medians();
    join_components();
    return std::move(catalog_);
  }

 private:
  [[nodiscard]] InputError error(const FileColumn& column, const std::string& what) const {
    return InputError(fmt::format("{}: {} '{}' {}", path_.string(), file_.kind(), column.name(), what));
  }
  [[nodiscard]] InputError shape_error(const FileColumn& column, const std::string& expected) const {
    return error(column,
                 fmt::format("has shape [{}], expected {}", fmt::join(column.shape(), ", "), expected));
  }

  void refuse_lonely_options() const {
    if (options_.offsets.empty() && options_.interim_prior.empty()) return;
    const bool prior = options_.offsets.empty();
    throw InputError(fmt::format("{}: {} '{}' is given without the name of a {} of posterior samples",
                                 path_.string(), prior ? "interim prior" : "offsets dataset",
                                 prior ? options_.interim_prior : options_.offsets, file_.kind()));
  }

  [[nodiscard]] std::optional<std::string> optional_name(const std::string& asked,
                                                         const std::string& usual) const {
    if (!asked.empty()) return asked;
    if (file_.has(usual)) return usual;
    return std::nullopt;
  }

  [[nodiscard]] bool kept(std::size_t row) const { return mask_.empty() || mask_[row]; }
  [[nodiscard]] std::size_t objects() const {
    return catalog_.offsets.empty() ? catalog_.x.size() : catalog_.offsets.size() - 1;
  }

  void set_rows(const FileColumn& column, std::size_t rows) {
    if (rows_ && *rows_ != rows) {
      throw error(column, fmt::format("has {} values, expected {}, the number of objects", rows, *rows_));
    }
    if (rows == 0) throw error(column, "is empty");
    rows_ = rows;
    if (mask_.empty()) objects_ = rows;
  }

  /// A column with one value per row.
  std::unique_ptr<FileColumn> open_single(const std::string& name) {
    auto column = file_.open(name);
    if (column->shape().size() != 1) throw shape_error(*column, "one value per object: [N]");
    set_rows(*column, column->shape()[0]);
    return column;
  }

  /// Calls visit(row, value) for all rows of a column.
  template <class Visit>
  void for_each_value(const FileColumn& column, Visit&& visit) const {
    std::vector<double> values;
    for (std::size_t first = 0; first < column.shape()[0]; first += values.size()) {
      values.resize(std::min(numbers_at_once, column.shape()[0] - first));
      column.read(first, values.size(), values.data());
      for (std::size_t i = 0; i < values.size(); ++i) visit(first + i, values[i]);
    }
  }

  void read_mask() {
    const auto column = open_single(options_.mask);
    if (!column->is_whole()) throw error(*column, "holds no integers, expected a mask of 0 and 1");
    std::vector<bool> mask(*rows_);
    for_each_value(*column, [&](std::size_t row, double value) {
      if (!std::isfinite(value)) throw error(*column, fmt::format("has no value in row {}", row));
      mask[row] = value != 0;
    });
    mask_ = std::move(mask);
    objects_ = static_cast<std::size_t>(std::count(mask_.begin(), mask_.end(), true));
    if (objects_ == 0) throw error(*column, fmt::format("masks all {} rows out", *rows_));
    note(fmt::format("the mask '{}' leaves {} of {} rows", options_.mask, objects_, *rows_));
  }

  void note(const std::string& text) const {
    if (notes_ != nullptr) notes_->push_back(fmt::format("{}: {}", path_.string(), text));
  }

  /// One number per object. append(values, before, value): adds the next after that of `before` objects.
  template <class Append>
  Numbers per_object(const std::string& name, Append&& append) {
    const auto column = open_single(name);
    Numbers values;
    values.reserve(objects_);
    std::size_t before = 0;
    for_each_value(*column, [&](std::size_t row, double value) {
      if (!kept(row)) return;
      append(values, before++, value);
      if (values.size() % numbers_at_once == 0) values.let_go(values.size() - numbers_at_once, values.size());
    });
    return values;
  }
  Numbers per_object(const std::string& name) {
    return per_object(name, [](Numbers& values, std::size_t, double value) { values.push_back(value); });
  }
  Numbers noise(const std::string& name) {
    Numbers sigma = per_object(name, append_noise);
    if (sigma.size() == 1) sigma.shrink_to_fit();
    return sigma;
  }
  /// Rows of several numbers, one per object, all as long: [object][number].
  Numbers rows_of_numbers(const FileColumn& column) {
    const std::size_t each = column.shape()[1];
    if (!column.offsets().empty() || each == 0)
      throw error(column, "has rows of different lengths, expected as many numbers for every object");
    set_rows(column, column.shape()[0]);
    Numbers all;
    std::vector<double> some;
    all.reserve(objects_ * each);
    for (std::size_t first = 0, last = 0; first < *rows_; first = last) {
      last = std::min(first + std::max<std::size_t>(numbers_at_once / each, 1), *rows_);
      some.resize((last - first) * each);
      column.read(first, last - first, some.data());
      for (std::size_t row = first; row < last; ++row) {
        if (!kept(row)) continue;
        const auto begin = some.begin() + static_cast<std::ptrdiff_t>((row - first) * each);
        all.insert(all.end(), begin, begin + static_cast<std::ptrdiff_t>(each));
      }
    }
    return all;
  }

  void read_ids(const std::string& name) {
    const auto column = open_single(name);
    catalog_.id.reserve(objects_);
    std::vector<std::string> texts;
    for (std::size_t first = 0; first < *rows_; first += texts.size()) {
      texts.clear();
      column->read(first, std::min(numbers_at_once / 16, *rows_ - first), texts);
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (kept(first + i)) catalog_.id.push_back(std::move(texts[i]));
      }
    }
  }

  void read_roles() {
    for_each_role(
        options_, [&](const std::string& role) { return file_.has(role); },
        [&](const std::string& role, double value) { catalog_.columns[role].assign(objects(), value); },
        [&](const std::string& role, const std::string& name) {
          const auto column = file_.open(name);
          if (column->shape().size() == 2) {
            catalog_.arrays[role] = rows_of_numbers(*column);
            return;
          }
          catalog_.columns[role] = per_object(name);
          role_names_[role] = name;
        });
  }

  SamplesLayout layout_of(const FileColumn& column) {
    const auto& shape = column.shape();
    SamplesLayout layout;
    if (!options_.offsets.empty()) {
      if (shape.size() != 1) throw shape_error(column, "[number of all samples], as offsets are given");
      layout.offsets = read_offsets(shape[0]);
      layout.flat = true;
    } else if (shape.size() == 2 || (shape.size() == 1 && file_.rows_are_objects())) {
      layout.offsets = column.offsets();
      layout.each = shape.size() == 2 ? shape[1] : 1;
      set_rows(column, shape[0]);
    } else {
      throw shape_error(column, shape.size() == 3   ? "[N, K], or the name or number of a column after a ':'"
                                : shape.size() == 1 ? "[N, K], or a dataset of offsets with it"
                                                    : "[N, K]");
    }
    if (layout.begin(*rows_) == 0) throw error(column, "is empty");
    return layout;
  }

  std::vector<std::uint64_t> read_offsets(std::size_t samples) {
    const auto column = file_.open(options_.offsets);
    if (column->shape().size() != 1 || column->shape()[0] < 2) throw shape_error(*column, "[N + 1] offsets");
    if (!column->is_whole()) throw error(*column, "does not hold integers");
    std::vector<std::uint64_t> offsets;
    offsets.reserve(column->shape()[0]);
    const auto wrong = [&](std::size_t row, double value, const std::string& expected) {
      return InputError(fmt::format("{}: row {}, {} '{}': {}{}", path_.string(), row, file_.kind(),
                                    column->name(), value, expected));
    };
    for_each_value(*column, [&](std::size_t row, double value) {
      if (value < 0) throw wrong(row, value, " is negative, expected a count");
      if (!(value <= static_cast<double>(samples)))
        throw wrong(
            row, value,
            fmt::format(", expected at most {}, the number of samples in '{}'", samples, options_.samples));
      if (row == 0 && value != 0)
        throw wrong(0, value, ", expected 0, where the first object's samples begin");
      if (row > 0 && value < static_cast<double>(offsets.back())) {
        throw wrong(row, value, fmt::format(", expected at least {}, the offset before it", offsets.back()));
      }
      offsets.push_back(static_cast<std::uint64_t>(value));
    });
    if (offsets.back() != samples) {
      throw wrong(offsets.size() - 1, static_cast<double>(offsets.back()),
                  fmt::format(", expected {}, the number of samples in '{}'", samples, options_.samples));
    }
    set_rows(*column, offsets.size() - 1);
    return offsets;
  }

  /// The column in log(COLUMN), which holds logarithms; "" if the interim prior is said in another way.
  [[nodiscard]] std::string column_of_logarithms() const {
    const std::string& text = options_.interim_prior;
    if (file_.has(text) || !text.starts_with("log(") || !text.ends_with(")")) return "";
    return text.substr(4, text.size() - 5);
  }
  [[nodiscard]] bool named_interim() const {
    return !file_.has(options_.interim_prior) && column_of_logarithms().empty() &&
           options_.interim_prior.find('(') != std::string::npos;
  }

  /// The column of interim densities, if one is asked for.
  [[nodiscard]] std::unique_ptr<FileColumn> open_densities(const FileColumn& samples) const {
    if (options_.interim_prior.empty() || named_interim()) return nullptr;
    const auto logarithms = column_of_logarithms();
    auto column = file_.open(logarithms.empty() ? options_.interim_prior : logarithms);
    if (column->shape() != samples.shape()) {
      throw shape_error(*column,
                        fmt::format("[{}] as '{}'", fmt::join(samples.shape(), ", "), samples.name()));
    }
    if (column->offsets() != samples.offsets()) {
      throw error(*column, fmt::format("has other numbers of values in its rows than '{}'", samples.name()));
    }
    return column;
  }

  void read_samples() {
    const auto column = file_.open(options_.samples);
    const SamplesLayout layout = layout_of(*column);
    const auto densities = open_densities(*column);
    std::vector<std::unique_ptr<FileColumn>> others;
    for (const auto& name : options_.more_samples) {
      others.push_back(file_.open(name));
      if (others.back()->shape() != column->shape() || others.back()->offsets() != column->offsets())
        throw shape_error(*others.back(), fmt::format("[{}] as '{}', one number for each of its samples",
                                                      fmt::join(column->shape(), ", "), column->name()));
    }
    other_components_.resize(others.size());
    catalog_.offsets.reserve(objects_ + 1);
    catalog_.offsets.push_back(0);
    // memory that is reserved and stays untouched takes no room
    const auto most = layout.offsets.empty() ? objects_ * layout.each : layout.begin(*rows_);
    catalog_.samples.reserve(most);
    if (densities) catalog_.log_interim.reserve(most);
    std::vector<double> values, density;
    std::vector<std::vector<double>> more(others.size());
    for (std::size_t first = 0, last = 0; first < *rows_; first = last) {
      last = layout.stretch(first, *rows_);
      layout.read(*column, first, last, values);
      for (std::size_t j = 0; j < others.size(); ++j) layout.read(*others[j], first, last, more[j]);
      if (densities) layout.read(*densities, first, last, density);
      for (std::size_t row = first; row < last; ++row) {
        if (!kept(row)) continue;
        const auto begin = layout.begin(row) - layout.begin(first),
                   end = layout.begin(row + 1) - layout.begin(first);
        const auto own_end = layout.flat ? end : without_padding(values, begin, end);
        for (std::size_t j = 0; j < more.size(); ++j)
          other_components_[j].insert(other_components_[j].end(), more[j].data() + begin,
                                      more[j].data() + own_end);
        add_object(values, begin, own_end, density);
      }
    }
    has_densities_ = densities != nullptr;
    are_logarithms_ = !column_of_logarithms().empty();
    if (padded_ > 0) {
      note(fmt::format("'{}' is padded with NaN for {} of {} objects: those samples are left out",
                       options_.samples, padded_, objects_));
    }
  }

  /// The end of an object's samples without the NaN that fill its row up.
  std::uint64_t without_padding(const std::vector<double>& values, std::uint64_t begin, std::uint64_t end) {
    const auto whole = end;
    while (end > begin && std::isnan(values[end - 1])) --end;
    padded_ += end == whole ? 0 : 1;
    return end;
  }

  void add_object(const std::vector<double>& values, std::uint64_t begin, std::uint64_t end,
                  const std::vector<double>& density) {
    catalog_.samples.insert(catalog_.samples.end(), values.data() + begin, values.data() + end);
    if (!density.empty()) {
      catalog_.log_interim.insert(catalog_.log_interim.end(), density.data() + begin, density.data() + end);
    }
    catalog_.offsets.push_back(catalog_.samples.size());
  }

  /// Calls visit(object, its row in the file).
  template <class Visit>
  void for_each_object(Visit&& visit) const {
    std::size_t object = 0;
    for (std::size_t row = 0; row < *rows_; ++row) {
      if (kept(row)) visit(object++, row);
    }
  }

  void apply_named_interim() {
    if (options_.interim_prior.empty() || !named_interim()) return;
    if (!options_.more_samples.empty())
      throw InputError(
          fmt::format("{}: interim prior {}: a named one is of one latent; give the density of every sample",
                      path_.string(), options_.interim_prior));
    const Prior prior = parse_prior(options_.interim_prior);
    catalog_.interim_prior = prior.text();
    catalog_.log_interim.resize(catalog_.samples.size());
    for_each_object([&](std::size_t i, std::size_t row) {
      for (auto k = catalog_.offsets[i]; k < catalog_.offsets[i + 1]; ++k) {
        const double sample = catalog_.samples[k];
        catalog_.log_interim[k] = std::isfinite(sample) ? prior.log_density(sample) : 0;
        if (std::isinf(catalog_.log_interim[k])) {
          throw InputError(fmt::format("{}: row {}, sample {} of '{}': {} lies outside the interim prior {}",
                                       path_.string(), row, k - catalog_.offsets[i], options_.samples, sample,
                                       options_.interim_prior));
        }
      }
    });
  }

  /// Adds the row to `bad` if a value in it is wrong.
  void check_row(std::size_t i, std::size_t row, BadRows& bad) const {
    const auto check = [&](Role role, double value, const auto& where) {
      const char* expected = complaint(role, value);
      if (expected == nullptr) return;
      bad.add(row, fmt::format("row {}, {}: {}, expected {}", row, where(), value, expected),
              may_be_dropped(role, value));
    };
    const auto check_column = [&](Role role, double value, const std::string& asked, const char* usual) {
      check(role, value, [&] { return fmt::format("{} '{}'", file_.kind(), asked.empty() ? usual : asked); });
    };
    if (!catalog_.x.empty()) check_column(Role::x, catalog_.x[i], options_.x, "x");
    for (const auto& [role, values] : catalog_.arrays) {
      const std::size_t each = values.size() / objects();
      for (std::size_t k = 0; k < each; ++k)
        check(Role::x, values[i * each + k],
              [&, &role = role] { return fmt::format("number {} of '{}'", k, role); });
    }
    if (!options_.sigma_value && !catalog_.sigma.empty()) {
      check_column(Role::sigma, catalog_.sigma_of(i), options_.sigma, "sigma");
    }
    if (!catalog_.weight.empty()) check_column(Role::weight, catalog_.weight[i], options_.weight, "weight");
    for (const auto& [role, name] : role_names_) {
      check_column(Role::other, catalog_.columns.at(role)[i], name, "");
    }
    if (catalog_.offsets.empty()) return;
    const auto first = catalog_.offsets[i], last = catalog_.offsets[i + 1];
    if (first == last) {
      bad.add(row, fmt::format("row {} has no samples in '{}', expected at least one", row, options_.samples),
              true);
    }
    const auto check_sample = [&](Role role, double value, std::uint64_t k, const std::string& name) {
      check(role, value, [&] { return fmt::format("sample {} of '{}'", k - first, name); });
    };
    for (auto k = first; k < last; ++k) {
      check_sample(Role::sample, catalog_.samples[k], k, options_.samples);
      for (std::size_t j = 0; j < other_components_.size(); ++j)
        check_sample(Role::sample, other_components_[j][k], k, options_.more_samples[j]);
      if (has_densities_)
        check_sample(are_logarithms_ ? Role::sample : Role::density, catalog_.log_interim[k], k,
                     options_.interim_prior);
    }
  }

  void drop_bad_rows() {
    BadRows bad(path_, options_.drop_bad_rows);
    std::vector<std::size_t> objects_left_out;
    for_each_object([&](std::size_t i, std::size_t row) {
      const std::size_t before = bad.rows().size();
      check_row(i, row, bad);
      if (bad.rows().size() != before) objects_left_out.push_back(i);
      if (i % numbers_at_once == numbers_at_once - 1) catalog_.let_go(i + 1 - numbers_at_once, i + 1);
    });
    bad.report(objects(), notes_);
    if (!objects_left_out.empty()) leave_out(objects_left_out, objects());
    if (!has_densities_ || are_logarithms_) return;
    for (double& density : catalog_.log_interim) density = std::log(density);
  }

  void leave_out(const std::vector<std::size_t>& left_out, std::size_t n) {
    std::vector<bool> keep(n, true);
    for (const std::size_t i : left_out) keep[i] = false;
    const auto compact = [&](auto& values) {
      if (values.size() != n) return;
      std::size_t to = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (!keep[i]) continue;
        if (to != i) values[to] = std::move(values[i]);
        ++to;
      }
      values.resize(to);
    };
    compact(catalog_.x);
    if (!options_.sigma_value) compact(catalog_.sigma);
    compact(catalog_.weight);
    compact(catalog_.id);
    for (auto& [role, values] : catalog_.columns) compact(values);
    for (auto& [role, values] : catalog_.arrays) {
      const auto each = static_cast<std::ptrdiff_t>(values.size() / n);
      auto to = values.begin();
      for (std::size_t i = 0; i < n; ++i)
        if (keep[i]) {
          const auto from = values.begin() + static_cast<std::ptrdiff_t>(i) * each;
          to = std::move(from, from + each, to);
        }
      values.erase(to, values.end());
    }
    if (catalog_.offsets.empty()) return;
    std::uint64_t to = 0, begin = 0;
    std::size_t objects = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto end = catalog_.offsets[i + 1];
      if (keep[i]) {
        for (auto k = begin; k < end; ++k, ++to) {
          catalog_.samples[to] = catalog_.samples[k];
          for (auto& component : other_components_) component[to] = component[k];
          if (!catalog_.log_interim.empty()) catalog_.log_interim[to] = catalog_.log_interim[k];
        }
        catalog_.offsets[++objects] = to;
      }
      begin = end;
    }
    catalog_.offsets.resize(objects + 1);
    catalog_.samples.resize(to);
    for (auto& component : other_components_) component.resize(to);
    if (!catalog_.log_interim.empty()) catalog_.log_interim.resize(to);
  }

  void take_medians() {
    if (!catalog_.has_samples()) return;
    std::vector<double> own;
    catalog_.x.reserve(objects());
    for (std::size_t i = 0; i + 1 < catalog_.offsets.size(); ++i) {
      const auto at = [&](std::uint64_t k) {
        return catalog_.samples.begin() + static_cast<std::ptrdiff_t>(k);
      };
      own.assign(at(catalog_.offsets[i]), at(catalog_.offsets[i + 1]));
      const auto middle = own.begin() + static_cast<std::ptrdiff_t>(own.size() / 2);
      std::nth_element(own.begin(), middle, own.end());
      const double upper = *middle;
      catalog_.x.push_back(own.size() % 2 == 1 ? upper
                                               : (*std::max_element(own.begin(), middle) + upper) / 2);
    }
  }

  /// Puts the components of each sample side by side.
  void join_components() {
    if (other_components_.empty()) return;
    const std::size_t d = other_components_.size() + 1, count = catalog_.samples.size();
    Numbers all(count * d);
    for (std::size_t k = 0; k < count; ++k) {
      all[k * d] = catalog_.samples[k];
      for (std::size_t j = 1; j < d; ++j) all[k * d + j] = other_components_[j - 1][k];
    }
    catalog_.samples = std::move(all);
    catalog_.sample_size = d;
  }

  const std::filesystem::path& path_;
  const ColumnFile& file_;
  const CatalogOptions& options_;
  std::vector<std::string>* notes_;
  std::optional<std::size_t> rows_;  // of the file
  std::size_t objects_ = 0;          // rows that the mask leaves
  std::vector<bool> mask_;
  std::size_t padded_ = 0;
  std::vector<Numbers> other_components_;  // of the samples
  bool are_logarithms_ = false;            // those densities are logarithms in the file
  bool has_densities_ = false;  // log_interim holds densities as they were read, until they are checked
  std::map<std::string, std::string> role_names_;
  Catalog catalog_;
};

}  // namespace

Catalog assemble(const std::filesystem::path& path, const ColumnFile& file, const CatalogOptions& options,
                 std::vector<std::string>* notes) {
  check_sigma_options(options);
  check_column_options(options);
  return Assembly(path, file, options, notes).read();
}

}  // namespace starling
