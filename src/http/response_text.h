// Response text: writes a Response as HTTP/1.1 by appending to a buffer, which a connection reuses. A pure function.
// Private to this folder.
#pragma once

#include <string>

#include "http/message.h"

namespace vf::http {

/// Properties of the request and the connection that change how a response is written.
struct Framing {
  bool head = false;        // the request was HEAD: the response has all headers, but no body
  bool close = false;       // adds "Connection: close"
  bool keep_alive = false;  // adds "Connection: keep-alive", which HTTP/1.0 peers need
};

/// Appends status line, headers and body. It leaves out headers that hold a line break or NUL, which would split the
/// response. Responses with status 1xx, 204 or 304 have neither body nor length (RFC 9110 sections 8.6 and 15).
void append_response(std::string& out, const Response& response, Framing framing);

}  // namespace vf::http
