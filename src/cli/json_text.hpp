/// JSON as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace starling::cli {

/// Bytes that are no UTF-8, as names out of files may hold them, are replaced: JSON has no others.
template <class Json>
std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace starling::cli
