// RequestParser: turns the bytes of one connection into requests. It enforces the limits of headers and body, and
// refuses requests that a proxy could split differently (request smuggling). It hides Beast, which does the parsing.
// Private to this folder; one connection owns one parser.
#pragma once

#include <memory>
#include <string_view>

#include "http/message.h"

namespace vf::http {

class RequestParser {
 public:
  struct Limits {
    size_t headers_bytes_max;  // request line, header lines and the empty line
    size_t body_bytes_max;
  };
  enum class State { start, headers, body, complete, failed };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes from the front of `input` and returns their number; pass the rest again, followed by further bytes.
  /// Takes no byte past the end of a request.
  size_t feed(std::string_view input);
  /// Call this when the peer will send no more bytes: an unfinished request then fails.
  void feed_end();

  State state() const;
  size_t body_bytes() const;
  /// Returns the bytes of memory that the request takes so far: headers, body and capacity reserved for the body.
  size_t memory() const;
  /// Returns whether the peer waits for "100 Continue" before it sends the body. Known once the headers are read.
  bool expects_continue() const;
  /// Returns whether the connection stays open after the answer. Known once the headers are read.
  bool keep_alive() const;
  bool is_http_1_0() const;
  bool is_head() const;
  /// Returns the answer to a failed request: 400, 413, 417 or 431, with the reason.
  const Response& failure() const;

  /// Returns the complete request. The parser is then ready for the next one.
  Request take();
  /// Drops the request in progress and frees the parser's memory.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vf::http
