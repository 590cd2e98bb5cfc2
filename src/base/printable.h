// Printable: what a terminal, or a line of a log, may be given of texts that come from elsewhere: no text can move the
// cursor, colour the screen, turn the direction of writing or hide a part of itself. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vf {

/// Returns `text` with escapes (\u001b) in place of what a terminal acts on or does not show, and with U+FFFD for bytes
/// that are not UTF-8. Escaped are control characters (C0 but line feed and tab, DEL, C1), controls of the direction of
/// writing, line separators, noncharacters, and invisible characters; of these the joiners of scripts and emoji
/// (U+200C, U+200D) stay. Within a JSON string an escape means the same character, so JSON stays the same JSON.
std::string printable(std::string_view text);
/// The same for a text that stands on one line: line feed and tab are escaped, too.
std::string one_line(std::string_view text);

}  // namespace vf
