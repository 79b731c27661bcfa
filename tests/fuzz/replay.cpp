// Runs a fuzzed reader without a fuzzer: on every file of a folder, and on so many changed copies of each,
// which are the same every time.
//   fuzz_NAME FOLDER COPIES
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "input.hpp"

namespace {

namespace fs = std::filesystem;

std::string current;  // what is being read, for the message if that crashes

void say_current(int signal) {
  const char* const parts[] = {"crashed while it read ", current.c_str(), "\n"};
  for (const char* part : parts) static_cast<void>(!write(STDERR_FILENO, part, std::strlen(part)));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Numbers that look random (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t bound) {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (x ^ (x >> 31)) % bound;
  }

 private:
  std::uint64_t state_;
};

/// One change: of a byte, or of a stretch that is left out, doubled or taken from another file.
void change(std::string& bytes, const std::string& other, Random& random) {
  constexpr unsigned char kTelling[] = {0,   1,   0x7f, 0x80, 0xff, '"', ',', '\n',
                                        '=', '(', '-',  '9',  '.',  '[', ' '};
  if (bytes.empty()) bytes = other;
  if (bytes.empty()) return;
  const std::size_t at = random.below(bytes.size()),
                    size = 1 + random.below(std::min<std::size_t>(bytes.size() - at, 16));
  switch (random.below(6)) {
    case 0:
      bytes[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      bytes[at] = static_cast<char>(kTelling[random.below(std::size(kTelling))]);
      break;
    case 2:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      break;
    case 3:
      bytes.erase(at, size);
      break;
    case 4:
      bytes.insert(at, bytes.substr(at, size));
      break;
    default:
      if (!other.empty()) bytes.insert(at, other.substr(random.below(other.size()), size));
      break;
  }
}

void run(const std::string& bytes) {
  // without anything behind it, so that sanitizers see where it is left
  std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) std::signal(signal, say_current);
  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator(fs::absolute(arguments[1]))) names.push_back(entry.path());
  std::sort(names.begin(), names.end());
  if (names.empty()) return 2;
  std::vector<std::string> files;
  for (const auto& name : names) {
    std::ifstream file(name, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  Random random(1);
  const long copies = std::strtol(arguments[2], nullptr, 10);
  for (std::size_t f = 0; f < files.size(); ++f) {
    current = names[f].string();
    run(files[f]);
    for (long copy = 1; copy <= copies; ++copy) {
      std::string bytes = files[f];
      for (std::size_t changes = 1 + random.below(8); changes > 0; --changes)
        change(bytes, files[random.below(files.size())], random);
      current = names[f].string() + ", changed copy " + std::to_string(copy);
      run(bytes);
    }
  }
  std::printf("%zu files, %ld changed copies of each\n", files.size(), copies);
  return 0;
}
