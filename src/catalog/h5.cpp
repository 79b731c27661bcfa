/// Datasets of HDF5 files, and columns of them.
#include "catalog/h5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <iterator>
#include <numeric>

#include "catalog/files.hpp"
#include "catalog/hdf5_library.hpp"
#include "catalog/rows.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling::h5 {
namespace {

constexpr const char* names_of_columns[] = {"columns", "column_names", "names"};

bool exists(hid_t file, const std::string& path) {
  // H5Lexists wants every group on the way to exist.
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (H5Lexists(file, path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  if (path.empty() || H5Lexists(file, path.c_str(), H5P_DEFAULT) <= 0) return false;
  const Handle object(H5Oopen(file, path.c_str(), H5P_DEFAULT), H5Oclose);
  return object.valid() && H5Iget_type(object.id()) == H5I_DATASET;
}

/// "group/data:column" as ("group/data", "column"), cut at the last ':' or '.' that follows a dataset's name;
/// the column is empty if the whole name is a dataset's.
std::pair<std::string, std::string> split(hid_t file, const std::string& name) {
  if (exists(file, name)) return {name, ""};
  for (auto end = name.find_last_of(":."); end != std::string::npos && end > 0;
       end = name.find_last_of(":.", end - 1)) {
    if (exists(file, name.substr(0, end))) return {name.substr(0, end), name.substr(end + 1)};
  }
  const auto colon = name.rfind(':');
  if (colon == std::string::npos) return {name, ""};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::vector<std::string> members_of(hid_t dataset) {
  const Handle type(H5Dget_type(dataset), H5Tclose);
  std::vector<std::string> members;
  if (H5Tget_class(type.id()) != H5T_COMPOUND) return members;
  for (int i = 0; i < H5Tget_nmembers(type.id()); ++i) {
    char* name = H5Tget_member_name(type.id(), static_cast<unsigned>(i));
    members.emplace_back(name);
    H5free_memory(name);
  }
  return members;
}

std::size_t product(const std::vector<hsize_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>());
}

Handle open_dataset(hid_t file, const std::string& file_name, const std::string& name) {
  const std::string dataset = split(file, name).first;
  if (!exists(file, dataset)) {
    const auto known = dataset_names(file);
    throw InputError(fmt::format("{}: has no dataset '{}'{}; its datasets: {}", file_name, dataset,
                                 did_you_mean(dataset, known), known.empty() ? "none" : listed(known)));
  }
  return {H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), H5Dclose};
}

using Read = std::function<bool(hid_t memory_type, void* to)>;

/// `count` values of a text type, read by `read`; `space` describes them in the file.
std::vector<std::string> read_texts(hid_t file_type, std::size_t count, const Handle& space,
                                    const Read& read) {
  std::vector<std::string> texts;
  if (H5Tis_variable_str(file_type) > 0) {
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), variable_length);
    H5Tset_cset(type.id(), H5Tget_cset(file_type));
    std::vector<char*> pointers(count);
    if (!read(type.id(), pointers.data())) return {};
    for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, pointers.data());
    return texts;
  }
  const std::size_t width = H5Tget_size(file_type);
  const Handle type(H5Tcopy(file_type), H5Tclose);
  std::string bytes(width * count, '\0');
  if (!read(type.id(), bytes.data())) return {};
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = bytes.substr(i * width, width);
    text.resize(std::min(text.find('\0'), width));
    if (H5Tget_strpad(file_type) == H5T_STR_SPACEPAD) text.resize(text.find_last_not_of(' ') + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

/// The names of the positions along a dataset's last dimension; empty if none are given.
std::vector<std::string> column_names(hid_t dataset, hid_t file, const std::string& file_name,
                                      const std::string& path) {
  for (const char* name : names_of_columns) {
    if (H5Aexists(dataset, name) > 0) {
      const Handle attribute(H5Aopen(dataset, name, H5P_DEFAULT), H5Aclose);
      const Handle type(H5Aget_type(attribute.id()), H5Tclose);
      const Handle space(H5Aget_space(attribute.id()), H5Sclose);
      if (H5Tget_class(type.id()) != H5T_STRING) continue;
      return read_texts(type.id(), static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.id())), space,
                        [&](hid_t memory, void* to) { return H5Aread(attribute.id(), memory, to) >= 0; });
    }
    const auto slash = path.rfind('/');
    const std::string beside = (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + name;
    if (exists(file, beside)) {
      const Column names(file, file_name, beside);
      std::vector<std::string> texts;
      if (!names.is_text() || names.shape().size() != 1) continue;
      names.read(0, names.shape()[0], texts);
      return texts;
    }
  }
  return {};
}

}  // namespace

Quiet::Quiet() {
  prepare_hdf5();
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Quiet::~Quiet() {
  H5Eset_auto2(H5E_DEFAULT, function_, data_);
}

bool has_dataset(hid_t file, const std::string& name) {
  return exists(file, split(file, name).first);
}

std::vector<std::string> dataset_names(hid_t file) {
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* list) -> herr_t {
    if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit, &names, H5O_INFO_BASIC);
  return names;
}

std::vector<std::string> table_columns(hid_t file, const std::string& file_name, const std::string& name) {
  const Handle dataset = open_dataset(file, file_name, name);
  auto members = members_of(dataset.id());
  if (members.empty()) {
    throw InputError(
        fmt::format("{}: dataset '{}' is no table: its values have no named columns", file_name, name));
  }
  return members;
}

Column::Column(hid_t file, std::string file_name, const std::string& name)
    : file_name_(std::move(file_name)), name_(name), dataset_(open_dataset(file, file_name_, name)) {
  const Handle space(H5Dget_space(dataset_.id()), H5Sclose);
  cells_.resize(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.id()), 0)));
  H5Sget_simple_extent_dims(space.id(), cells_.data(), nullptr);
  check_size();
  shape_.assign(cells_.begin(), cells_.end());
  auto [dataset, column] = split(file, name);
  if (!members_of(dataset_.id()).empty()) column = choose_member(column);
  if (!column.empty()) choose_position(column, dataset, file);
}

/// Throws InputError where the shape is beyond what the bytes in the file can hold.
void Column::check_size() const {
  const Handle made(H5Dget_create_plist(dataset_.id()), H5Pclose);
  if (H5Pget_layout(made.id()) == H5D_VIRTUAL || H5Pget_external_count(made.id()) > 0) return;  // elsewhere
  const Handle type(H5Dget_type(dataset_.id()), H5Tclose);
  const std::uint64_t stored = H5Dget_storage_size(dataset_.id());
  std::uint64_t bytes = H5Tget_size(type.id());
  bool good = true;
  for (const hsize_t size : cells_) good = good && !__builtin_mul_overflow(bytes, size, &bytes);
  if (std::find(cells_.begin(), cells_.end(), hsize_t{0}) != cells_.end()) return;
  if (good && can_hold(stored, bytes)) return;
  throw InputError(
      fmt::format("{}: dataset '{}' has shape [{}], expected no more than its {} bytes in the file hold",
                  file_name_, name_, fmt::join(cells_, ", "), stored));
}

/// Takes "member" or "member:position"; the position that is left to choose.
std::string Column::choose_member(const std::string& column) {
  const auto members = members_of(dataset_.id());
  const auto known = [&](const std::string& name) {
    return std::find(members.begin(), members.end(), name) != members.end();
  };
  const auto cut = column.find_last_of(":.");
  std::string member = column, position;
  if (!known(column) && cut != std::string::npos && known(column.substr(0, cut))) {
    member = column.substr(0, cut);
    position = column.substr(cut + 1);
  }
  if (!known(member)) {
    throw InputError(
        fmt::format("{}: dataset '{}' is a table, expected one of its columns after a ':'{}; its columns: {}",
                    file_name_, name_, column.empty() ? "" : did_you_mean(column, members), listed(members)));
  }
  const Handle type(H5Dget_type(dataset_.id()), H5Tclose);
  const int index = H5Tget_member_index(type.id(), member.c_str());
  const Handle values(H5Tget_member_type(type.id(), static_cast<unsigned>(index)), H5Tclose);
  if (H5Tget_class(values.id()) == H5T_ARRAY && !cells_.empty()) {
    array_.resize(static_cast<std::size_t>(H5Tget_array_ndims(values.id())));
    H5Tget_array_dims2(values.id(), array_.data());
    shape_.insert(shape_.end(), array_.begin(), array_.end());
  }
  member_ = member;
  return position;
}

void Column::choose_position(const std::string& column, const std::string& dataset, hid_t file) {
  if (shape_.size() < 2) {
    throw InputError(
        fmt::format("{}: dataset '{}' has no columns to choose '{}' from", file_name_, dataset, column));
  }
  const std::size_t columns = shape_.back();
  const auto names = column_names(dataset_.id(), file, file_name_, dataset);
  const auto named = std::find(names.begin(), names.end(), column);
  std::size_t position = static_cast<std::size_t>(named - names.begin());
  if (named == names.end()) {
    const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), position);
    if (error != std::errc{} || end != column.data() + column.size()) {
      throw InputError(fmt::format("{}: dataset '{}' has no column '{}'{}; expected {}a number from 0 to {}",
                                   file_name_, dataset, column, did_you_mean(column, names),
                                   names.empty() ? "" : "one of " + listed(names) + ", or ", columns - 1));
    }
  }
  if (position >= columns) {
    throw InputError(fmt::format("{}: dataset '{}' has no column {}, expected a number from 0 to {}",
                                 file_name_, dataset, position, columns == 0 ? 0 : columns - 1));
  }
  position_ = position;
  shape_.pop_back();
}

Handle Column::value_type() const {
  Handle type(H5Dget_type(dataset_.id()), H5Tclose);
  if (!member_) return type;
  const int index = H5Tget_member_index(type.id(), member_->c_str());
  Handle member(H5Tget_member_type(type.id(), static_cast<unsigned>(index)), H5Tclose);
  if (array_.empty()) return member;
  return {H5Tget_super(member.id()), H5Tclose};
}

H5T_class_t Column::value_class() const {
  return H5Tget_class(value_type().id());
}

bool Column::is_text() const {
  return value_class() == H5T_STRING;
}

bool Column::is_whole() const {
  const H5T_class_t kind = value_class();
  return kind == H5T_INTEGER || kind == H5T_ENUM;  // truth values are an enumeration
}

/// How many values of the dataset are in some rows of the column.
std::size_t Column::cells(std::size_t rows) const {
  const auto end = cells_.end() - (position_ && array_.empty() ? 1 : 0);
  return rows * product({cells_.begin() + 1, end});
}

void Column::read(std::size_t first, std::size_t rows, hid_t memory_type, void* to) const {
  if (cells(rows) == 0) return;
  const Handle value(array_.empty()
                         ? H5Tcopy(memory_type)
                         : H5Tarray_create2(memory_type, static_cast<unsigned>(array_.size()), array_.data()),
                     H5Tclose);
  const Handle whole(member_ ? H5Tcreate(H5T_COMPOUND, H5Tget_size(value.id())) : H5Tcopy(value.id()),
                     H5Tclose);
  if (member_) H5Tinsert(whole.id(), member_->c_str(), 0, value.id());
  const Handle space(H5Dget_space(dataset_.id()), H5Sclose);
  std::vector<hsize_t> start(cells_.size(), 0), count = cells_;
  start[0] = first;
  count[0] = rows;
  if (position_ && array_.empty()) {
    start.back() = *position_;
    count.back() = 1;
  }
  H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  const hsize_t values = cells(rows);
  const Handle memory(H5Screate_simple(1, &values, nullptr), H5Sclose);
  if (H5Dread(dataset_.id(), whole.id(), memory.id(), space.id(), H5P_DEFAULT, to) < 0) {
    throw InputError(
        fmt::format("{}: dataset '{}' cannot be read: the file is damaged, or packed by a filter that is "
                    "not installed",
                    file_name_, name_));
  }
}

void Column::read(std::size_t first, std::size_t rows, double* to) const {
  if (!is_whole() && value_class() != H5T_FLOAT) {
    throw InputError(fmt::format("{}: dataset '{}' holds {}, expected numbers", file_name_, name_,
                                 is_text() ? "text" : "no numbers"));
  }
  if (!position_ || array_.empty()) return read(first, rows, H5T_NATIVE_DOUBLE, to);
  std::vector<double> all(cells(rows) * product(array_));
  read(first, rows, H5T_NATIVE_DOUBLE, all.data());
  for (std::size_t i = *position_; i < all.size(); i += array_.back()) *to++ = all[i];
}

void Column::read(std::size_t first, std::size_t rows, std::vector<std::string>& to) const {
  if (value_class() == H5T_INTEGER) {
    const Handle type = value_type();
    const bool is_signed = H5Tget_sign(type.id()) != H5T_SGN_NONE;
    std::vector<std::int64_t> values(cells(rows));
    read(first, rows, is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64, values.data());
    for (const auto value : values) {
      to.push_back(is_signed ? std::to_string(value) : std::to_string(static_cast<std::uint64_t>(value)));
    }
    return;
  }
  if (value_class() == H5T_FLOAT) {
    std::vector<double> values(cells(rows));
    read(first, rows, H5T_NATIVE_DOUBLE, values.data());
    for (const double value : values) to.push_back(fmt::format("{}", value));
    return;
  }
  if (!is_text())
    throw InputError(fmt::format("{}: dataset '{}' holds neither text nor numbers", file_name_, name_));
  const hsize_t values = cells(rows);
  const Handle space(H5Screate_simple(1, &values, nullptr), H5Sclose);
  auto texts = read_texts(value_type().id(), values, space, [&](hid_t memory, void* bytes) {
    read(first, rows, memory, bytes);
    return true;
  });
  std::move(texts.begin(), texts.end(), std::back_inserter(to));
}

}  // namespace starling::h5
