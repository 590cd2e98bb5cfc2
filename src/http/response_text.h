// Response text: a Response as the bytes of HTTP/1.1, appended to a buffer that a connection reuses.
// Pure function, thread safe. Private to this folder.
#pragma once

#include <string>

#include "http/message.h"

namespace vf::http {

/// What the request and the connection decide about the answer's form.
struct Framing {
  bool head = false;        // the answer to HEAD: all headers, no body
  bool close = false;       // says "Connection: close"
  bool keep_alive = false;  // says "Connection: keep-alive", which HTTP/1.0 peers wait for
};

/// Status line, headers and body in one piece. Headers that hold a line break or NUL are left out: they would split
/// the response. 1xx, 204 and 304 carry neither body nor length (RFC 9110 sections 8.6 and 15).
void append_response(std::string& out, const Response& response, Framing framing);

}  // namespace vf::http
