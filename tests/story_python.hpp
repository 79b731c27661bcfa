/// What the tests of figures need of Python.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace story_test {

/// The root of the source tree.
inline std::filesystem::path source_folder() {
  return std::filesystem::path(STARLING_TEST_DATA).parent_path();
}

/// Output and exit status of a shell command.
inline std::pair<std::string, int> shell(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {out, -1};
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  const int status = pclose(pipe);
  return {out, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

/// Whether a Python can import these modules, as "numpy, h5py".
inline bool can_import(const std::string& python, const std::string& modules) {
  return shell("'" + python + "' -c 'import " + modules + "' 2>&1").second == 0;
}

/// The Python that $STARLING_PYTHON names, else the one of the source tree's .venv; "" if it cannot draw
/// figures.
inline std::string python_with_figures() {
  const char* asked = std::getenv("STARLING_PYTHON");
  const std::string python = asked != nullptr ? asked : (source_folder() / ".venv/bin/python").string();
  return can_import(python, "numpy, scipy, matplotlib, corner, h5py") ? python : "";
}

/// What the program is to find in its environment: this Python, and threads that sleep while they wait, so
/// that tests beside this one are not starved.
inline void set_environment(const std::string& python) {
  setenv("STARLING_PYTHON", python.c_str(), 1);
  setenv("OMP_WAIT_POLICY", "passive", 1);
}

/// Those of the PNG files in `folder` that show nothing: fewer than eight colours, or all but a thousandth of
/// one colour. One name per line.
inline std::string blank_pictures(const std::string& python, const std::filesystem::path& folder) {
  const std::string script =
      "import sys, pathlib, numpy as np, matplotlib.image as image\n"
      "for path in sorted(pathlib.Path(sys.argv[1]).glob(\"*.png\")):\n"
      "    pixels = (image.imread(path)[..., :3] * 255).astype(int) @ [65536, 256, 1]\n"
      "    counts = np.unique(pixels, return_counts=True)[1]\n"
      "    if len(counts) < 8 or counts.max() > 0.999 * pixels.size: print(path.name)\n";
  return shell("'" + python + "' -c '" + script + "' '" + folder.string() + "' 2>&1").first;
}

}  // namespace story_test
