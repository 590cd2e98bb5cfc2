// Content codings of request bodies (RFC 9110 section 8.4): gzip, deflate and zstd are taken off. Hides zlib and zstd.
// Memory and time are bounded by the limit, whatever a body expands to. A pure function; thread safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/message.h"

namespace vf::http {

/// The codings that decode_body() knows, as a header Accept-Encoding lists them.
inline constexpr const char* kContentCodings = "gzip, deflate, zstd";

/// Replaces the body of a request that has a Content-Encoding by what it stands for. Returns the response that refuses
/// the request instead: 413 when the result is longer than `bytes_max`, 415 (with Accept-Encoding) for another coding
/// or several, 400 when the body is no such data, or only a part of it, or the header is repeated.
std::optional<Response> decode_body(Request& request, size_t bytes_max);

}  // namespace vf::http
