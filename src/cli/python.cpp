/// Finding and running Python.
#include "python.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>

#include "starling/error.hpp"
#include "text.hpp"

extern char** environ;

namespace starling::cli {
namespace {

namespace fs = std::filesystem;

/// Runs a program with `changes` in its environment and waits. Gives its exit status, 128 + N where signal N
/// ended it, -1 where it could not be started (errno says why). `quiet`: what it says goes nowhere.
int run_program(std::vector<std::string> words, const std::map<std::string, std::string>& changes,
                bool quiet) {
  std::vector<std::string> settings;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    const std::string text = *setting;
    if (!changes.contains(text.substr(0, text.find('=')))) settings.push_back(text);
  }
  for (const auto& [name, value] : changes) settings.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  };
  const auto argv = pointers(words), environment = pointers(settings);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (quiet)
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, words.front().c_str(), &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    errno = error;
    return -1;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool has_packages(const fs::path& python) {
  const char* script =
      "import importlib.util as u, sys\n"
      "sys.exit(any(u.find_spec(m) is None for m in ('numpy', 'scipy', 'matplotlib', 'corner', 'h5py')))";
  return run_program({python.string(), "-c", script}, {}, true) == 0;
}

/// A file for the program that draws, gone afterwards.
class Temporary {
 public:
  explicit Temporary(const std::string& text) {
    std::string name = (fs::temp_directory_path() / "starling-result-XXXXXX").string();
    const int file = mkstemp(name.data());
    if (file < 0) throw RunError(fmt::format("{}: cannot be written", name));
    close(file);
    path_ = name;
    write_text(path_, text + '\n');
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code error;
    fs::remove(path_, error);
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

fs::path share_folder() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto installed = program.parent_path().parent_path() / "share" / "starling";
    if (fs::is_directory(installed / "python" / "starling_plots", error)) return installed;
  }
  return STARLING_SOURCE_DIR;
}

fs::path find_python() {
  const std::string advice = fmt::format(
      "pip install -r {} into it, or name another one in the environment variable STARLING_PYTHON",
      (share_folder() / "python" / "requirements.txt").string());
  if (const char* asked = std::getenv("STARLING_PYTHON"); asked != nullptr && *asked != '\0') {
    if (has_packages(asked)) return asked;
    throw RunError(fmt::format("STARLING_PYTHON={} is no Python with the packages that draw figures: {}",
                               asked, advice));
  }
  for (const auto& python : {share_folder() / ".venv" / "bin" / "python", fs::path("python3")})
    if (has_packages(python)) return python;
  throw RunError(
      "figures need a Python 3 with numpy, scipy, matplotlib, corner and h5py, and python3 is none: " +
      advice);
}

int run_plots(const fs::path& python, const std::vector<std::string>& arguments) {
  std::cout.flush();
  std::vector<std::string> words{python.string(), "-m", "starling_plots"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const auto modules = (share_folder() / "python").string();
  const int status = run_program(words, {{"PYTHONPATH", modules}, {"PYTHONDONTWRITEBYTECODE", "1"}}, false);
  if (status < 0) throw RunError(fmt::format("cannot run {}: {}", python.string(), std::strerror(errno)));
  return status;
}

fs::path python_for_plot(const std::string& picture) {
  if (picture.empty()) return {};
  if (fs::path(picture).extension() != ".png")
    throw InputError(fmt::format("--plot: expected a file that ends in .png, got {}", picture));
  return find_python();
}

void draw_result(const fs::path& python, const std::string& what, const std::string& json,
                 const std::string& picture) {
  const Temporary file(json);
  const int status = run_plots(python, {what, "--", file.path(), picture});
  if (status != 0)
    throw RunError(fmt::format("{}: no figure was drawn: {} -m starling_plots ended with status {}", picture,
                               python.string(), status));
}

}  // namespace starling::cli
