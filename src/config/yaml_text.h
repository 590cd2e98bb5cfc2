// What the text of a YAML document shows that a parser does not report: characters that it may not hold, indentation by
// tabs, keys without ':'. Lines count from 1. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace vf::config {

/// Returns the first line with a character that YAML 1.2 excludes (section 5.1), or with invalid UTF-8.
std::optional<int> unfit_line(std::string_view text);

/// Returns `line` or the one after it, if a tab stands before its first other character.
std::optional<int> indented_by_tab(std::string_view text, int line);

/// Returns whether the next character from `from` on is a ':', white space and comments left out.
bool colon_follows(std::string_view text, size_t from);

}  // namespace vf::config
