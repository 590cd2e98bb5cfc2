// Response text: writes a Response as HTTP/1.1 by appending to a buffer that a connection reuses.
// Pure function, thread safe. Private to this folder.
#pragma once

#include <string>

#include "http/message.h"

namespace vf::http {

/// How the request and the connection determine the form of the answer.
struct Framing {
  bool head = false;        // the answer to HEAD: all headers, no body
  bool close = false;       // adds "Connection: close"
  bool keep_alive = false;  // adds "Connection: keep-alive", which HTTP/1.0 peers need
};

/// Status line, headers and body in one piece. Headers that hold a line break or NUL are left out: they would split
/// the response. 1xx, 204 and 304 carry neither body nor length (RFC 9110 sections 8.6 and 15).
void append_response(std::string& out, const Response& response, Framing framing);

}  // namespace vf::http
