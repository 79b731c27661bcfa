/// The command line as a function, for programs that add models of their own.
#pragma once

namespace starling {

/// What `starling` does: reads the arguments, runs the command, gives the exit status. Never throws.
int run_command_line(int argc, char** argv);

}  // namespace starling
