/// NetCDF-4 calls, checked.
#include "chain/netcdf.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "catalog/files.hpp"
#include "catalog/hdf5_library.hpp"
#include "starling/error.hpp"

namespace starling::netcdf {
namespace {

constexpr int deflate_level = 1;  // higher ones take several times as long and give next to nothing

[[noreturn]] void fail(int status, const std::string& file, const std::string& what) {
  // The library's own words hide what the system said, such as a full disk.
  const int error = errno;
  const bool disk = error == ENOSPC || error == EFBIG || error == EDQUOT || error == EIO;
  throw RunError(fmt::format("{}: {}: {}", file, what, disk ? std::strerror(error) : nc_strerror(status)));
}

/// The texts, of which any may be none, as the library hands them out; they are given back to it.
std::vector<std::string> texts_of(std::vector<char*>& pointers) {
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  if (!pointers.empty()) nc_free_string(pointers.size(), pointers.data());
  return texts;
}

}  // namespace

void Group::check(int status, const std::string& what) const {
  if (status != NC_NOERR) fail(status, *file_, what);
}

Group Group::add_group(const std::string& name) const {
  int id = 0;
  check(nc_def_grp(id_, name.c_str(), &id), "cannot write group '" + name + "'");
  return {id, file_};
}

int Group::add_dimension(const std::string& name, std::size_t size) const {
  int dimension = 0;
  check(nc_def_dim(id_, name.c_str(), size, &dimension), "cannot write dimension '" + name + "'");
  return dimension;
}

int Group::add_variable(const std::string& name, nc_type type, const std::vector<int>& dimensions,
                        const std::vector<std::size_t>& chunk) const {
  const std::string what = "cannot write variable '" + name + "'";
  int variable = 0;
  check(
      nc_def_var(id_, name.c_str(), type, static_cast<int>(dimensions.size()), dimensions.data(), &variable),
      what);
  if (!chunk.empty()) {
    check(nc_def_var_chunking(id_, variable, NC_CHUNKED, chunk.data()), what);
    // Draws are noise but for a fifth of their bits: to find it takes as long as to sample a small problem.
    if (type != NC_DOUBLE) check(nc_def_var_deflate(id_, variable, 1, 1, deflate_level), what);
    // Chunks are written whole and once: a cache of one chunk is enough, and bounds the memory.
    std::size_t bytes = 0;
    check(nc_inq_type(id_, type, nullptr, &bytes), what);
    for (const std::size_t size : chunk) bytes *= size;
    check(nc_set_var_chunk_cache(id_, variable, bytes, 7, 1.0F), what);
  }
  return variable;
}

void Group::put(int variable, const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
                const void* data) const {
  errno = 0;
  check(nc_put_vara(id_, variable, start.data(), count.data(), data), "cannot write data");
}

void Group::put_strings(int variable, const std::vector<std::string>& values) const {
  std::vector<const char*> pointers;
  pointers.reserve(values.size());
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const std::size_t start = 0, count = values.size();
  errno = 0;
  check(nc_put_vara_string(id_, variable, &start, &count, pointers.data()), "cannot write texts");
}

void Group::put_attribute(int variable, const std::string& name, const std::string& text) const {
  check(nc_put_att_text(id_, variable, name.c_str(), text.size(), text.data()),
        "cannot write attribute '" + name + "'");
}

void Group::put_attribute(int variable, const std::string& name,
                          const std::vector<std::string>& texts) const {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  check(nc_put_att_string(id_, variable, name.c_str(), pointers.size(), pointers.data()),
        "cannot write attribute '" + name + "'");
}

void Group::put_attribute(const std::string& name, nc_type type, const void* value) const {
  check(nc_put_att(id_, NC_GLOBAL, name.c_str(), type, 1, value), "cannot write attribute '" + name + "'");
}

bool Group::has_group(const std::string& name) const {
  int id = 0;
  return nc_inq_grp_ncid(id_, name.c_str(), &id) == NC_NOERR;
}

Group Group::group(const std::string& name) const {
  int id = 0;
  check(nc_inq_grp_ncid(id_, name.c_str(), &id), "has no group '" + name + "'");
  return {id, file_};
}

bool Group::has_variable(const std::string& name) const {
  int variable = 0;
  return nc_inq_varid(id_, name.c_str(), &variable) == NC_NOERR;
}

std::size_t Group::rank(const std::string& variable) const {
  int dimensions = 0;
  check(nc_inq_varndims(id_, find(variable), &dimensions), "cannot read variable '" + variable + "'");
  return static_cast<std::size_t>(dimensions);
}

int Group::find(const std::string& variable) const {
  int id = 0;
  check(nc_inq_varid(id_, variable.c_str(), &id), "has no variable '" + variable + "'");
  return id;
}

std::size_t Group::size_of(int variable, const std::string& name, std::size_t rank,
                           std::vector<std::size_t>* shape) const {
  const std::string what = "cannot read variable '" + name + "'";
  if (this->rank(name) != rank) {
    throw RunError(fmt::format("{}: variable '{}' has {} dimensions, expected {}", *file_, name,
                               this->rank(name), rank));
  }
  std::vector<int> ids(rank);
  check(nc_inq_vardimid(id_, variable, ids.data()), what);
  std::size_t size = 1;
  bool good = true;
  for (const int dimension : ids) {
    std::size_t length = 0;
    check(nc_inq_dimlen(id_, dimension, &length), what);
    good = good && !__builtin_mul_overflow(size, length, &size);
    if (shape != nullptr) shape->push_back(length);
  }
  std::error_code error;
  if (!good || size > std::uint64_t{1} << 60 ||
      !can_hold(std::filesystem::file_size(*file_, error), size * sizeof(double)))
    throw RunError(fmt::format("{}: variable '{}' has more values than the file can hold", *file_, name));
  return size;
}

void Group::check_shape(const std::string& name, const std::vector<std::size_t>& shape) const {
  std::vector<std::size_t> found;
  static_cast<void>(size_of(find(name), name, shape.size(), &found));
  if (found != shape) {
    throw RunError(fmt::format("{}: variable '{}' has shape [{}], expected [{}]", *file_, name,
                               fmt::join(found, ", "), fmt::join(shape, ", ")));
  }
}

void Group::read(const std::string& name, const std::vector<std::size_t>& shape, double* to) const {
  check_shape(name, shape);
  get(find(name), name, NC_DOUBLE, to);
}

void Group::read(const std::string& name, const std::vector<std::size_t>& shape, float* to) const {
  check_shape(name, shape);
  get(find(name), name, NC_FLOAT, to);
}

void Group::get(int variable, const std::string& name, nc_type type, void* to) const {
  const std::string what = "cannot read variable '" + name + "'";
  nc_type stored = NC_NAT;
  check(nc_inq_vartype(id_, variable, &stored), what);
  if (stored != type)
    throw RunError(fmt::format("{}: variable '{}' has another type than expected", *file_, name));
  check(nc_get_var(id_, variable, to), what);
}

std::vector<std::string> Group::strings(const std::string& name) const {
  const int variable = find(name);
  std::vector<char*> pointers(size_of(variable, name, 1, nullptr));
  get(variable, name, NC_STRING, pointers.data());
  return texts_of(pointers);
}

std::size_t Group::dimension(const std::string& name) const {
  int id = 0;
  std::size_t length = 0;
  check(nc_inq_dimid(id_, name.c_str(), &id), "has no dimension '" + name + "'");
  check(nc_inq_dimlen(id_, id, &length), "cannot read dimension '" + name + "'");
  return length;
}

std::vector<std::string> Group::attribute_names() const {
  int count = 0;
  check(nc_inq_natts(id_, &count), "cannot read attributes");
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    char name[NC_MAX_NAME + 1] = {};
    check(nc_inq_attname(id_, NC_GLOBAL, i, name), "cannot read attributes");
    names.emplace_back(name);
  }
  return names;
}

bool Group::has_attribute(const std::string& name) const {
  return nc_inq_attid(id_, NC_GLOBAL, name.c_str(), nullptr) == NC_NOERR;
}

std::vector<std::string> Group::texts(const std::string& name) const {
  nc_type type = NC_NAT;
  std::size_t length = 0;
  check(nc_inq_att(id_, NC_GLOBAL, name.c_str(), &type, &length), "has no attribute '" + name + "'");
  const std::string what = "cannot read attribute '" + name + "'";
  if (type == NC_CHAR) {
    std::string text(length, '\0');
    check(nc_get_att_text(id_, NC_GLOBAL, name.c_str(), text.data()), what);
    return {text};
  }
  if (type != NC_STRING) throw RunError(fmt::format("{}: attribute '{}' is not a text", *file_, name));
  std::vector<char*> pointers(length);
  check(nc_get_att_string(id_, NC_GLOBAL, name.c_str(), pointers.data()), what);
  return texts_of(pointers);
}

std::string Group::text(const std::string& name) const {
  const auto all = texts(name);
  return all.empty() ? std::string() : all.front();
}

void Group::get_attribute(const std::string& name, nc_type type, void* value) const {
  nc_type stored = NC_NAT;
  std::size_t length = 0;
  check(nc_inq_att(id_, NC_GLOBAL, name.c_str(), &stored, &length), "has no attribute '" + name + "'");
  if (stored != type || length != 1) {
    throw RunError(fmt::format("{}: attribute '{}' has another type than expected", *file_, name));
  }
  check(nc_get_att(id_, NC_GLOBAL, name.c_str(), value), "cannot read attribute '" + name + "'");
}

File File::create(const std::filesystem::path& path) {
  prepare_hdf5();
  int id = 0;
  errno = 0;
  const int status = nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &id);
  if (status != NC_NOERR) fail(status, path.string(), "cannot be written");
  return {id, path.string()};
}

File File::open(const std::filesystem::path& path) {
  prepare_hdf5();
  int id = 0;
  const int status = nc_open(path.c_str(), NC_NOWRITE, &id);
  errno = 0;
  if (status != NC_NOERR) fail(status, path.string(), "cannot be opened");
  return {id, path.string()};
}

File::File(File&& other) noexcept : id_(std::exchange(other.id_, -1)), name_(std::move(other.name_)) {}

File::~File() {
  if (id_ >= 0) nc_abort(id_);
}

void File::close() {
  errno = 0;
  const int status = nc_close(std::exchange(id_, -1));
  if (status != NC_NOERR) fail(status, name_, "cannot write data");
}

}  // namespace starling::netcdf
