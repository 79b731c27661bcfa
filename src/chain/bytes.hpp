/// Plain binary serialisation, for records of the journal: numbers as they lie in memory (little-endian
/// hosts), texts and arrays as their length (64 bits) and their elements.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace starling {

static_assert(std::endian::native == std::endian::little, "journals are little-endian");

class ByteWriter {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(T value) { append(&value, sizeof value); }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    append(text.data(), text.size());
  }
  template <class T, class A>
  void put(const std::vector<T, A>& values) {
    put(std::uint64_t{values.size()});
    if constexpr (std::is_arithmetic_v<T>) {
      append(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class T>
  void put(const std::map<std::string, T>& values) {
    put(std::uint64_t{values.size()});
    for (const auto& [name, value] : values) put(name), put(value);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void append(const void* data, std::size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

/// The inverse; throws std::out_of_range where the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ended() const { return bytes_.empty(); }

  template <class T>
  requires std::is_arithmetic_v<T>
  void get(T& value) {
    const std::string_view bytes = take(sizeof value);
    if constexpr (std::is_same_v<T, bool>) {
      value = bytes[0] != 0;  // another byte than 0 and 1 is no bool
    } else {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
  }
  void get(std::string& text) { text = take(length()); }
  template <class T, class A>
  void get(std::vector<T, A>& values) {
    const std::size_t size = length();
    if constexpr (std::is_arithmetic_v<T>) {
      if (size > bytes_.size() / sizeof(T)) throw std::out_of_range("an array ends too early");
      values.resize(size);
      if (size > 0) std::memcpy(values.data(), take(size * sizeof(T)).data(), size * sizeof(T));
    } else {
      values.clear();
      for (std::size_t i = 0; i < size; ++i) get(values.emplace_back());
    }
  }
  template <class T>
  void get(std::map<std::string, T>& values) {
    values.clear();
    for (std::size_t i = length(); i > 0; --i) {
      std::string name;
      get(name);
      get(values[name]);
    }
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) throw std::out_of_range("a record ends too early");
    const std::string_view result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
  }
  std::size_t length() {
    std::uint64_t size = 0;
    get(size);
    return size;
  }

  std::string_view bytes_;
};

}  // namespace starling
