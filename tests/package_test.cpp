// What the program asks of the machine it is started on.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

namespace {

/// Standard output of a shell command that must succeed.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr) << command;
  if (pipe == nullptr) return {};
  std::string text;
  std::array<char, 4096> buffer{};
  std::size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) text.append(buffer.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

// The CUDA runtime is inside, and the driver is looked for when it is wanted: without either the program
// starts.
TEST(Package, ProgramNeedsNoCudaLibraryToStart) {
  const std::string needed = output_of("readelf --dynamic '" STARLING_PROGRAM "' | grep NEEDED");
  EXPECT_NE(needed.find("libc.so"), std::string::npos) << needed;
  for (const char* library : {"libcuda.", "libcudart", "libnvrtc", "libcurand"}) {
    EXPECT_EQ(needed.find(library), std::string::npos) << needed;
  }
}

// With every GPU hidden, as on a machine that has none, the program runs and says why CUDA is not used.
TEST(Package, ProgramRunsWithoutAGpu) {
  const std::string info = output_of("CUDA_VISIBLE_DEVICES= '" STARLING_PROGRAM "' info");
  EXPECT_NE(info.find("cpu"), std::string::npos) << info;
  EXPECT_NE(info.find("cuda"), std::string::npos) << info;
}

}  // namespace
