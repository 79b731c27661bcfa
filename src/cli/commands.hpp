/// The commands of the program `starling`, one file each.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace starling::cli {

/// What the user asked for; main runs it once the command line is read and returns its exit status. It may
/// throw InputError (exit status 2) or anything else (1): main prints the one sentence.
using Command = std::function<int()>;

// Each adds its subcommand to `app`; when the user names that subcommand, `command` is set.
void add_demo(CLI::App& app, Command& command);
void add_simulate(CLI::App& app, Command& command);
void add_fit(CLI::App& app, Command& command);
void add_resume(CLI::App& app, Command& command);
void add_rerun(CLI::App& app, Command& command);
void add_summary(CLI::App& app, Command& command);
void add_compare(CLI::App& app, Command& command);
void add_latents(CLI::App& app, Command& command);
void add_log_prob(CLI::App& app, Command& command);
void add_graph(CLI::App& app, Command& command);
void add_plot(CLI::App& app, Command& command);
void add_check(CLI::App& app, Command& command);
void add_calibrate(CLI::App& app, Command& command);
void add_info(CLI::App& app, Command& command);

}  // namespace starling::cli
