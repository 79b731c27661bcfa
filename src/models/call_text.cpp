#include "models/call_text.hpp"

namespace starling {

std::string_view trimmed_text(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

CallText split_call(std::string_view text) {
  text = trimmed_text(text);
  const auto open = text.find('(');
  CallText call{trimmed_text(text.substr(0, open)), false, false, {}};
  if (open == std::string_view::npos) return call;
  call.parentheses = text.ends_with(')');
  call.unclosed = !call.parentheses;
  if (call.unclosed) return call;
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  for (auto comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
    call.arguments.push_back(trimmed_text(rest.substr(0, comma)));
    rest.remove_prefix(comma + 1);
  }
  if (!call.arguments.empty() || !trimmed_text(rest).empty()) call.arguments.push_back(trimmed_text(rest));
  return call;
}

}  // namespace starling
