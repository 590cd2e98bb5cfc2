// Text forms of bytes: hex and base64. Bytes travel as std::string; views never own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vf {

/// Lower-case hex.
std::string to_hex(std::string_view bytes);
/// Either case; nullopt unless every pair is a hex digit pair.
std::optional<std::string> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Appends the base64 of `bytes` to `out`.
void append_base64(std::string& out, std::string_view bytes);
/// RFC 4648 section 4. Padding may be left out, but not be wrong; white space and left-over bits are refused (nullopt).
std::optional<std::string> from_base64(std::string_view text);

/// Valid UTF-8 by RFC 3629 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// ASCII only, as HTTP header names need.
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
/// Without spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text);

}  // namespace vf
