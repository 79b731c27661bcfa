/// Errors that Starling throws. The command line maps InputError to exit status 2 and RunError to 1.
#pragma once

#include <stdexcept>
#include <string>

namespace starling {

/// Wrong usage or bad input: says what (file, row, column, value) and what was expected.
struct InputError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The run itself failed: I/O, device, out of memory.
struct RunError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace starling
