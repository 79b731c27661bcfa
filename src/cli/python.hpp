/// The figures are drawn by Python: finding an interpreter that can, and running the module starling_plots.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace starling::cli {

/// The folder with `python/` and `data/`: share/starling beside the installed program, or the source tree.
std::filesystem::path share_folder();

/// A Python that has the packages of the figures: $STARLING_PYTHON, then .venv/bin/python in share_folder(),
/// then python3. Throws RunError that says what to install.
std::filesystem::path find_python();

/// Runs `python -m starling_plots ARGUMENTS`, its output going where ours goes. Gives its exit status:
/// 0, 2 (bad input, explained on stderr), 3 (a package is missing, named on stderr), anything else: it broke.
/// Throws RunError where it cannot be started.
int run_plots(const std::filesystem::path& python, const std::vector<std::string>& arguments);
constexpr int plots_bad_input = 2, plots_missing_package = 3;

/// For --plot: checks the picture's name and finds a Python, before the work; an empty path where no picture
/// is asked for.
std::filesystem::path python_for_plot(const std::string& picture);
/// Has a command's JSON drawn by `python -m starling_plots WHAT`. Throws RunError where it is not.
void draw_result(const std::filesystem::path& python, const std::string& what, const std::string& json,
                 const std::string& picture);

}  // namespace starling::cli
