/// starling summary
#include "starling/summary.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "commands.hpp"

namespace starling::cli {

void add_summary(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("summary", "Means, widths and convergence of a chain file");
  struct Options {
    std::string path;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  sub->add_option("RUN.NC", options->path, "chain file")->type_name("")->required();
  sub->add_flag("--json", options->json, "print JSON");
  sub->footer("Example:\n  starling summary run.nc");
  sub->callback([options, &command] {
    command = [options] {
      const auto result = summary(read_chain(options->path, ChainParts::draws));
      if (options->json)
        std::cout << to_json(result) << '\n';
      else
        std::cout << result;
      return 0;
    };
  });
}

}  // namespace starling::cli
