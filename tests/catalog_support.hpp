/// Small files and expected messages, for tests of catalogs.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <string>

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

}  // namespace catalog_test
