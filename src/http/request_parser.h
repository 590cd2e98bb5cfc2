// RequestParser: turns the bytes of one connection into requests, within the limits on headers and body, and refuses
// requests that another reader of the same bytes could split differently (request smuggling). Beast parses, in
// request_parser.cc only. Private to this folder; one connection owns one parser.
#pragma once

#include <memory>
#include <string_view>

#include "http/message.h"

namespace vf::http {

class RequestParser {
 public:
  struct Limits {
    size_t headers_bytes_max;  // request line, fields and the empty line
    size_t body_bytes_max;
  };
  enum class State { start, headers, body, complete, failed };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes from the front of `input` and returns how many; pass the rest again with more behind it. Takes nothing
  /// past the end of a request.
  size_t feed(std::string_view input);
  /// The peer will send no more: an unfinished request fails.
  void feed_end();

  State state() const;
  size_t body_bytes() const;
  /// Memory that the request takes so far: headers, body and reserved room.
  size_t memory() const;
  /// Once the headers are read: the peer waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  /// Once the headers are read.
  bool keep_alive() const;
  bool is_http_1_0() const;
  bool is_head() const;
  /// The answer to a failed request: 400, 413, 417 or 431, with its reason.
  const Response& failure() const;

  /// The complete request. The parser is then ready for the next.
  Request take();
  /// Frees its memory.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vf::http
