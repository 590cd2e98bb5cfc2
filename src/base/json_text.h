// Writes JSON strings by appending text, without building a tree: for the hot path. (simdjson reads JSON.) Pure
// functions.
#pragma once

#include <string>
#include <string_view>

namespace vf {

/// Appends `text` as a JSON string, quotes included. Invalid UTF-8 is replaced by U+FFFD, so the output is always JSON.
void append_json_string(std::string& out, std::string_view text);

/// Returns what append_json_string() appends.
std::string json_string(std::string_view text);

}  // namespace vf
