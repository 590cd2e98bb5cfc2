// Any bytes as PostgreSQL text. A text column refuses NUL and invalid UTF-8, but no content of a provider may fail a
// batch. Ordinary text is stored unchanged; each byte that does not fit is written as U+FDD0 (a Unicode noncharacter,
// reserved for internal use) and two hex digits. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vf::store::postgres {

/// Appends `bytes` in this form. A U+FDD0 in the input is escaped too, so from_text() restores every input.
void append_text(std::string& out, std::string_view bytes);

/// The bytes that append_text() was given.
std::string from_text(std::string_view text);

}  // namespace vf::store::postgres
