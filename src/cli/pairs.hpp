/// The table of all populations with all measurements.
#pragma once

#include <string>

namespace starling::cli {

/// In Markdown, with the reasons why some cannot be had below it.
std::string pairs_table();

}  // namespace starling::cli
