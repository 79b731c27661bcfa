/// Small files and expected messages, for tests of catalogs.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <string>

#include "starling/catalog.hpp"
#include "starling/error.hpp"

namespace catalog_test {

/// A test with an empty folder that is removed with everything in it.
class InFolder : public testing::Test {
 protected:
  InFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "starling-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~InFolder() override { std::filesystem::remove_all(folder_); }

  /// Writes a file into the folder; its path.
  std::filesystem::path file(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  std::filesystem::path folder_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The action throws an InputError whose text matches the pattern, on one line.
inline void expect_input_error(const std::function<void()>& action, const std::string& pattern) {
  try {
    action();
  } catch (const starling::InputError& error) {
    const std::string text = error.what();
    EXPECT_TRUE(std::regex_search(text, std::regex(pattern)))
        << "message:  " << text << "\nexpected: " << pattern;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return;
  }
  ADD_FAILURE() << "no InputError; expected one like " << pattern;
}

/// Two objects with everything that a file can hold, awkward numbers and names among it; their samples as a
/// table of 3 each, or 1 and 5.
inline starling::Catalog awkward_samples(bool ragged) {
  starling::Catalog c;
  c.samples = {0.1, -0.0, 1.0 / 3, 5e-324, 1e308, 7};
  if (ragged) {
    c.offsets = {0, 1, 6};
    c.x = {0.1, 1.0 / 3};  // the medians
  } else {
    c.offsets = {0, 3, 6};
    c.x = {0.1, 7};
  }
  c.sigma = {0.1, 0.2};
  c.weight = {1, 1.0 / 3};
  c.id = {"a", "\xce\xb1, \"b\""};
  c.log_interim = {0, -1, -2, -3, 1, 2};
  return c;
}

/// What came back from a file, to the bit but for the interim densities, whose logarithms were taken.
inline void expect_read_back(const starling::Catalog& back, const starling::Catalog& c) {
  ASSERT_EQ(back.samples.size(), c.samples.size());
  EXPECT_EQ(std::memcmp(back.samples.data(), c.samples.data(), c.samples.size() * sizeof(double)), 0);
  EXPECT_EQ(back.offsets, c.offsets);
  EXPECT_EQ(back.x, c.x);
  EXPECT_EQ(back.sigma, c.sigma);
  EXPECT_EQ(back.weight, c.weight);
  EXPECT_EQ(back.id, c.id);
  ASSERT_EQ(back.log_interim.size(), c.log_interim.size());
  for (std::size_t k = 0; k < c.log_interim.size(); ++k)
    EXPECT_NEAR(back.log_interim[k], c.log_interim[k], 1e-15);
}

}  // namespace catalog_test
