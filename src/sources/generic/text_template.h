// Templates: a scheme describes with them which bytes are signed and where the attributes of an event are. A template
// is text with places in braces: {header:NAME}, {field:NAME} (of the signature header), {/json/pointer}, {body}.
// Comma-separated header names are spellings of one header. Immutable values, thread safe.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/json_fields.h"
#include "http/message.h"

namespace vf::sources::generic {

struct Place {
  enum class Kind { literal, header, field, pointer, body };
  Kind kind = Kind::literal;
  std::string text;                // the literal text, the field's name or the JSON pointer
  std::vector<std::string> names;  // the spellings of a header

  /// Compares header names without regard to case.
  bool operator==(const Place& other) const;
};
using Template = std::vector<Place>;
/// Of these templates the first one counts whose places are all found.
using Alternatives = std::vector<Template>;

/// The parts of a delivery that templates read. It refers to the request and must not outlive it.
struct Message {
  const http::Headers& headers;
  const JsonFields& json;  // of the body, or of what a form stands for (form_body.h)
  std::string_view body;
};

/// Parses a place as it stands in braces. Error `invalid`: the message says what is wrong with the place.
Result<Place> parse_place(std::string_view text);
/// Parses a template such as "v0:{header:X-Time}:{body}".
Result<Template> parse_template(std::string_view text);
/// Parses templates that are separated by " | ". Each has at least one place, or is a place without braces
/// ("header:NAME", "/pointer", "body").
Result<Alternatives> parse_alternatives(std::string_view text);

/// Parses comma-separated header names ("first,second"). Error `invalid`: a name is empty or not a token (RFC 9110
/// section 5.1); blanks around a name are not allowed either.
Result<std::vector<std::string>> parse_header_names(std::string_view text);

/// Returns the value of the header that has any of the spellings `names`. Error: "missing header", also when the header
/// is empty, or "malformed header" when the header is repeated.
std::expected<std::string_view, std::string_view> only_header(const http::Headers& headers,
                                                              const std::vector<std::string>& names);

/// Returns the scalar at `pointer` as text (JsonValue::scalar()); nullopt when it is empty or there is none.
std::optional<std::string> json_text(const JsonFields& json, std::string_view pointer);

/// Replaces the places of a template by what `message` holds there, and the place `body` by body_digest(). Returns
/// nullopt when a place is missing.
std::optional<std::string> render(const Template& parts, const Message& message);
std::optional<std::string> render_first(const Alternatives& alternatives, const Message& message);

/// Returns "sha256:" and 64 hex digits, the id of a message that has no other id.
std::string body_digest(std::string_view body);

}  // namespace vf::sources::generic
