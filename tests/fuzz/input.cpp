#include "input.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace fuzz {

std::uint8_t Input::byte() {
  if (left_ == 0) return 0;
  --left_;
  return *data_++;
}

std::uint64_t Input::word() {
  std::uint64_t value = 0;
  const std::size_t count = std::min(left_, sizeof value);
  if (count > 0) std::memcpy(&value, data_, count);
  data_ += count;
  left_ -= count;
  return value;
}

double Input::number() {
  const std::uint64_t bits = word();
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string Input::text(std::size_t most) {
  const std::size_t count = std::min(most == 0 ? 0 : byte() % (most + 1), left_);
  std::string value(data_, data_ + count);
  data_ += count;
  left_ -= count;
  return value;
}

std::string Input::until(char end) {
  std::string value;
  while (left_ > 0) {
    const char c = static_cast<char>(byte());
    if (c == end) break;
    value += c;
  }
  return value;
}

std::string Input::rest() {
  std::string value(data_, data_ + left_);
  left_ = 0;
  return value;
}

namespace {

struct Folder {
  Folder() {
    const bool memory = access("/dev/shm", W_OK) == 0;
    std::string name = memory ? "/dev/shm/starling-fuzz-XXXXXX" : "/tmp/starling-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  std::filesystem::path path;
};

}  // namespace

const std::filesystem::path& folder() {
  static const Folder made;
  return made.path;
}

std::filesystem::path file_of(const std::string& name, std::string_view bytes) {
  auto path = folder() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

starling::CatalogOptions options_of(const std::string& text) {
  starling::CatalogOptions options;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(';', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    begin = end + 1;
    const auto equals = std::min(item.find('='), item.size());
    const std::string key = item.substr(0, equals),
                      value = equals < item.size() ? item.substr(equals + 1) : "";
    if (key == "x") options.x = value;
    if (key == "sigma") options.sigma = value;
    if (key == "weight") options.weight = value;
    if (key == "id") options.id = value;
    if (key == "samples") options.samples = value;
    if (key == "offsets") options.offsets = value;
    if (key == "interim") options.interim_prior = value;
    if (key == "mask") options.mask = value;
    if (key == "table") options.table = value;
    if (key == "drop") options.drop_bad_rows = true;
    if (key == "role") options.optional_columns.push_back(value);
    if (key.starts_with("role:")) options.columns[key.substr(5)] = value;
    if (key == "noise") {
      double number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      options.sigma_value = number;
    }
  }
  return options;
}

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "not as it should be: %s\n", what);
  std::abort();
}

void require_whole(const starling::Catalog& catalog) {
  check(catalog);
  const std::size_t n = catalog.size();
  const auto fits = [n](const auto& values) { return values.empty() || values.size() == n; };
  require(fits(catalog.weight) && fits(catalog.id), "weights and ids are as many as objects");
  require(catalog.sigma.size() == 1 || fits(catalog.sigma), "noise is one number or as many as objects");
  for (const auto& [role, values] : catalog.columns)
    require(values.size() == n, "a role has as many values as there are objects");
  if (!catalog.has_samples()) return;
  require(catalog.offsets.size() == n + 1, "there are as many offsets as objects, and one");
  require(catalog.offsets.front() == 0 && catalog.offsets.back() == catalog.samples.size() &&
              std::is_sorted(catalog.offsets.begin(), catalog.offsets.end()),
          "offsets ascend to the number of samples");
  require(catalog.log_interim.empty() || catalog.log_interim.size() == catalog.samples.size(),
          "every sample has an interim density");
}

}  // namespace fuzz
