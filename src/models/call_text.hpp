/// Text of the form name(argument, argument), in which users name models, priors and selections.
#pragma once

#include <string_view>
#include <vector>

namespace starling {

/// Without blanks at both ends.
std::string_view trimmed_text(std::string_view text);

struct CallText {
  std::string_view name;
  bool parentheses = false;                 ///< there is a '(' after the name and a ')' at the end
  bool unclosed = false;                    ///< there is a '(' and the text does not end with a ')'
  std::vector<std::string_view> arguments;  ///< trimmed; none for "name()"
};
/// Views of `text`.
CallText split_call(std::string_view text);

}  // namespace starling
