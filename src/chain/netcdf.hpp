/// The few NetCDF-4 calls that chain files need, checked: every failure is a RunError that names the file.
#pragma once

#include <netcdf.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace starling::netcdf {

template <class T>
constexpr nc_type type_of();
template <>
constexpr nc_type type_of<double>() {
  return NC_DOUBLE;
}
template <>
constexpr nc_type type_of<float>() {
  return NC_FLOAT;
}
template <>
constexpr nc_type type_of<std::int64_t>() {
  return NC_INT64;
}
template <>
constexpr nc_type type_of<std::uint64_t>() {
  return NC_UINT64;
}
template <>
constexpr nc_type type_of<signed char>() {
  return NC_BYTE;
}

/// A group of an open file (the root too): a handle, valid as long as its File.
class Group {
 public:
  Group(int id, const std::string* file) : id_(id), file_(file) {}

  // Writing.
  [[nodiscard]] Group add_group(const std::string& name) const;
  [[nodiscard]] int add_dimension(const std::string& name,
                                  std::size_t size) const;  ///< size NC_UNLIMITED: it grows
  /// `chunk`: sizes along the dimensions, then all but doubles are shuffled and compressed; {}: left to the
  /// library.
  template <class T>
  [[nodiscard]] int add_variable(const std::string& name, const std::vector<int>& dimensions,
                                 const std::vector<std::size_t>& chunk = {}) const {
    return add_variable(name, type_of<T>(), dimensions, chunk);
  }
  [[nodiscard]] int add_variable(const std::string& name, nc_type type, const std::vector<int>& dimensions,
                                 const std::vector<std::size_t>& chunk) const;
  void put(int variable, const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
           const void* data) const;
  void put_strings(int variable, const std::vector<std::string>& values) const;
  void put_attribute(int variable, const std::string& name, const std::string& text) const;
  void put_attribute(int variable, const std::string& name, const std::vector<std::string>& texts) const;
  template <class T>
  void put_number(const std::string& name, T value) const {
    put_attribute(name, type_of<T>(), &value);
  }

  // Reading. What is missing is an error, except where a has_ function was asked before.
  [[nodiscard]] bool has_group(const std::string& name) const;
  [[nodiscard]] Group group(const std::string& name) const;
  [[nodiscard]] bool has_variable(const std::string& name) const;
  [[nodiscard]] std::size_t rank(const std::string& variable) const;
  /// All values of a variable of `rank` dimensions; their sizes go to `shape`, if it isn't null.
  template <class T>
  [[nodiscard]] std::vector<T> values(const std::string& name, std::size_t rank,
                                      std::vector<std::size_t>* shape = nullptr) const {
    const int variable = find(name);
    std::vector<T> result(size_of(variable, name, rank, shape));
    get(variable, name, type_of<T>(), result.data());
    return result;
  }
  /// Throws RunError unless the variable has exactly this shape.
  void check_shape(const std::string& name, const std::vector<std::size_t>& shape) const;
  /// Reads a variable of exactly this shape into `to`.
  void read(const std::string& name, const std::vector<std::size_t>& shape, double* to) const;
  void read(const std::string& name, const std::vector<std::size_t>& shape, float* to) const;
  [[nodiscard]] std::vector<std::string> strings(const std::string& name) const;
  [[nodiscard]] std::size_t dimension(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> attribute_names() const;
  [[nodiscard]] bool has_attribute(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name) const;                ///< attribute
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const;  ///< attribute
  template <class T>
  [[nodiscard]] T number(const std::string& name) const {  ///< attribute
    T value{};
    get_attribute(name, type_of<T>(), &value);
    return value;
  }

 private:
  void check(int status, const std::string& what) const;
  void put_attribute(const std::string& name, nc_type type, const void* value) const;
  void get_attribute(const std::string& name, nc_type type, void* value) const;
  [[nodiscard]] int find(const std::string& variable) const;
  [[nodiscard]] std::size_t size_of(int variable, const std::string& name, std::size_t rank,
                                    std::vector<std::size_t>* shape) const;
  void get(int variable, const std::string& name, nc_type type, void* to) const;

  int id_;
  const std::string* file_;
};

/// An open file. Closing can fail (the last data go to the disk then), so writers call close().
class File {
 public:
  static File create(const std::filesystem::path& path);
  static File open(const std::filesystem::path& path);
  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  [[nodiscard]] Group root() const { return {id_, &name_}; }
  void close();

 private:
  File(int id, std::string name) : id_(id), name_(std::move(name)) {}

  int id_;
  std::string name_;
};

}  // namespace starling::netcdf
