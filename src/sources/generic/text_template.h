// Templates: the language in which a scheme describes which bytes are signed and where the attributes of an event are:
// text with places in braces: {header:NAME}, {field:NAME} (of the signature header), {/json/pointer}, {body}.
// Several header names, comma separated, are spellings of one header. Immutable values, thread safe.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "sources/generic/json_body.h"

namespace vf::sources::generic {

struct Place {
  enum class Kind { literal, header, field, pointer, body };
  Kind kind = Kind::literal;
  std::string text;                // the literal, field or pointer
  std::vector<std::string> names;  // of a header: its spellings

  /// Header names compare without case.
  bool operator==(const Place& other) const;
};
using Template = std::vector<Place>;
/// The first template whose places are all found counts.
using Alternatives = std::vector<Template>;

/// A delivery as templates see it. Views: must not outlive the request.
struct Message {
  const http::Headers& headers;
  const JsonBody& json;
  std::string_view body;
};

/// A place as written in braces. Error `invalid` says what is wrong with it.
Result<Place> parse_place(std::string_view text);
/// "v0:{header:X-Time}:{body}".
Result<Template> parse_template(std::string_view text);
/// Templates with at least one place, or bare places ("header:NAME", "/pointer", "body"), separated by " | ".
Result<Alternatives> parse_alternatives(std::string_view text);

/// "first,second" without blanks around names; `invalid` when one is empty or no token (RFC 9110 section 5.1).
Result<std::vector<std::string>> parse_header_names(std::string_view text);

/// The one header under any of its spellings. Error: "missing header", or "malformed header" when it is repeated.
std::expected<std::string_view, std::string_view> only_header(const http::Headers& headers,
                                                              const std::vector<std::string>& names);

/// nullopt when a place is missing. A body place gives its digest (see body_digest).
std::optional<std::string> render(const Template& parts, const Message& message);
std::optional<std::string> render_first(const Alternatives& alternatives, const Message& message);

/// "sha256:" and 64 hex digits: names a message that has no other name.
std::string body_digest(std::string_view body);

}  // namespace vf::sources::generic
