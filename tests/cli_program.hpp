/// Runs the real program `starling` in a folder of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace cli_test {

namespace fs = std::filesystem;

struct Outcome {
  int status = 0;  ///< exit status, or 128 + signal
  std::string out, err;
};

inline std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A test with an empty folder that is the program's working directory, and is gone afterwards.
class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "starling-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    logs_ = pattern + ".logs";
    fs::create_directory(logs_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    fs::remove_all(logs_);
  }

  using Arguments = std::vector<std::string>;

  /// Starts the program; stdin is `input`, a file in the folder or nothing.
  pid_t start(const Arguments& arguments, const std::string& input = "/dev/null",
              const std::string& output = "") const {
    const pid_t child = fork();
    if (child != 0) return child;
    if (chdir(folder_.c_str()) != 0) _exit(99);
    const auto open_as = [](const std::string& path, int flags, int descriptor) {
      const int file = open(path.c_str(), flags, 0600);
      if (file < 0 || dup2(file, descriptor) < 0) _exit(99);
    };
    open_as(input, O_RDONLY, 0);
    open_as(output.empty() ? (logs_ / "out").string() : output, O_WRONLY | O_CREAT | O_TRUNC, 1);
    open_as((logs_ / "err").string(), O_WRONLY | O_CREAT | O_TRUNC, 2);
    if (address_space_ > 0) {
      const rlimit limit{address_space_, address_space_};
      setrlimit(RLIMIT_AS, &limit);
    }
    if (file_size_ != RLIM_INFINITY) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{file_size_, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    std::vector<char*> argv{const_cast<char*>(STARLING_PROGRAM)};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(STARLING_PROGRAM, argv.data());
    _exit(99);
  }

  /// Waits for the end of the program, which is killed (status 137) if that doesn't come in two minutes.
  Outcome wait(pid_t child) const {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) kill(child, SIGKILL);
      std::this_thread::sleep_for(2ms);
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(logs_ / "out"),
            contents(logs_ / "err")};
  }

  Outcome run(const Arguments& arguments, const std::string& input = "/dev/null",
              const std::string& output = "") const {
    return wait(start(arguments, input, output));
  }

  /// Runs what must succeed; returns its standard output.
  std::string must(const Arguments& arguments) const {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  /// Names of all that is in the folder.
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename().string());
    return names;
  }

  fs::path folder_, logs_;
  rlim_t address_space_ = 0;          ///< bytes the program may have; 0: no limit
  rlim_t file_size_ = RLIM_INFINITY;  ///< bytes that a file may have, as on a full disk
};

/// `first` with `more` after it.
inline std::vector<std::string> join(std::vector<std::string> first, const std::vector<std::string>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

inline const std::vector<std::string> priors{"--prior", "theta_mu=uniform(-5,5)", "--prior",
                                             "theta_sigma=uniform(0,2)"};
/// A fit that takes no time.
inline const std::vector<std::string> quick = join(
    priors, {"--ensembles", "2", "--walkers", "10", "--burn-in", "20", "--steps", "40", "--threads", "1"});

}  // namespace cli_test
