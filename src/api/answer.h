// Answer: writes the answers of a JSON API, with their ETags. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace vf::api {

/// Returns the text of a JSON value. Bytes that are not UTF-8 are replaced: bodies of events may hold anything.
std::string to_text(const nlohmann::json& value);

/// Returns the strong ETag of a representation: it is the same while the text is the same, byte for byte.
std::string etag_of(std::string_view text);
/// Returns whether a header of this name (If-Match, If-None-Match), all its lines together, lists `etag` or is "*".
/// `weak` compares as If-None-Match does, where W/"x" equals "x"; otherwise a weak ETag matches nothing (RFC 9110,
/// section 8.8.3.2).
bool lists_etag(const http::Headers& headers, std::string_view name, std::string_view etag, bool weak);

/// Returns the response to a read: 200 with the text, or 304 without it when the request's If-None-Match lists its
/// ETag. Clients may keep the answer, but must ask each time whether it still holds.
http::Response fresh_or_not_modified(const http::Request& request, std::string text);

/// Returns the response 200 with this JSON.
http::Response answer(const nlohmann::json& body);
/// Returns the problem (RFC 9457) that an error is: invalid 400, unauthorized 401, not_found 404, conflict 409,
/// unavailable 503, internal 500.
http::Response problem(const Error& error);
/// Returns the response 412 to a change whose If-Match does not list the state's ETag. The problem has the state as
/// `current`, and the response the state's ETag.
http::Response precondition_failed(const nlohmann::json& state);
/// Returns the response 503 with Retry-After.
http::Response busy(std::string_view detail);

}  // namespace vf::api
