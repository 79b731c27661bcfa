/// starling plot: figures of chain files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "python.hpp"
#include "starling/error.hpp"

namespace starling::cli {
namespace {

struct PlotArguments {
  std::vector<std::string> files;
  std::string out;
};

int plot_command(const PlotArguments& options) {
  for (const auto& file : options.files)
    if (!std::filesystem::is_regular_file(file)) throw InputError(file + ": there is no such chain file");
  if (std::filesystem::exists(options.out) && !std::filesystem::is_directory(options.out))
    throw InputError(options.out + ": expected a folder for the figures, this is a file");
  std::vector<std::string> arguments{"plot", "--out", options.out, "--"};
  arguments.insert(arguments.end(), options.files.begin(), options.files.end());
  const auto python = find_python();
  const int status = run_plots(python, arguments);
  if (status == 0 || status == plots_bad_input) return status;
  throw RunError(fmt::format("no figures were drawn: {} -m starling_plots ended with status {}",
                             python.string(), status));
}

}  // namespace

void add_plot(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("plot", "Corner and trace plots of chain files, and an overlay of several");
  const auto options = std::make_shared<PlotArguments>();
  sub->add_option("files", options->files, "chain files")->type_name("RUN.NC...")->required();
  sub->add_option("--out", options->out, "folder for the figures, as PNG and PDF; made if it is missing")
      ->type_name("DIR")
      ->required();
  sub->footer(
      "Example:\n"
      "  starling plot naive.nc joint.nc --out figures\n"
      "Needs a Python with the packages of python/requirements.txt: the one that STARLING_PYTHON names, "
      "else\n"
      ".venv/bin/python, else python3. The paths of the figures go to standard output.");
  sub->callback([options, &command] { command = [options] { return plot_command(*options); }; });
}

}  // namespace starling::cli
