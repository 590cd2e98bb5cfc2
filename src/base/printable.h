// printable(): makes a text fit for a terminal and for one line of a log. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace vf {

/// Returns `text` with escapes (\xNN for bytes that are not UTF-8, \u{NNNN} for characters) in place of what a terminal
/// acts on or does not show: control characters (C0, DEL, C1), directional and zero-width marks, line separators, byte
/// order marks and noncharacters.
std::string printable(std::string_view text);

}  // namespace vf
