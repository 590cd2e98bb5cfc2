// Text forms of bytes (hex and base64), UTF-8 validation, and small functions on ASCII texts. Bytes are passed as
// std::string or as views, which never own them. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vf {

/// Returns lower-case hex.
std::string to_hex(std::string_view bytes);
/// Decodes hex of either case. Returns nullopt unless `text` consists of pairs of hex digits.
std::optional<std::string> from_hex(std::string_view text);

/// Encodes by RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Appends the base64 of `bytes` to `out`.
void append_base64(std::string& out, std::string_view bytes);
/// Decodes RFC 4648 section 4. Padding may be missing. Returns nullopt for wrong padding, white space and left-over
/// bits.
std::optional<std::string> from_base64(std::string_view text);

/// Returns whether `text` is valid UTF-8 by RFC 3629 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// equals_ignoring_case() and to_lower() change the case of ASCII letters only, as HTTP header names need.
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
/// Returns `text` without the spaces, tabs, CR and LF at its two ends.
std::string_view trim(std::string_view text);

}  // namespace vf
