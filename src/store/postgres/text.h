// Any bytes as PostgreSQL text. A text column refuses NUL and invalid UTF-8, yet nothing that a provider sends may fail
// a batch. Ordinary text stands as it is; each byte that does not fit is written as U+FDD0 (a code point that Unicode
// reserves for uses like this one, and that nobody may exchange) and two hex digits. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vf::store::postgres {

/// Appends `bytes` in the form above. A U+FDD0 in the input is written so itself: from_text() gives back every input.
void append_text(std::string& out, std::string_view bytes);

/// The bytes that append_text() was given.
std::string from_text(std::string_view text);

}  // namespace vf::store::postgres
