// Stores any bytes as PostgreSQL text. A text column refuses NUL and invalid UTF-8, but no content that a provider
// sends may make a batch fail. Valid text is stored unchanged; each byte that the column would refuse is written as
// U+FDD0 (a Unicode noncharacter, reserved for internal use) and two hex digits. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vf::store::postgres {

/// Appends `bytes` to `out` in this form. A U+FDD0 in the input is escaped too, so from_text() restores every input.
void append_text(std::string& out, std::string_view bytes);

/// Returns the bytes from which append_text() made `text`.
std::string from_text(std::string_view text);

}  // namespace vf::store::postgres
