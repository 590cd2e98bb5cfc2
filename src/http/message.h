// HTTP requests and responses as values, independent of webhooks and of sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vf::http {

/// The headers of a request in their order of arrival, with repeated ones. Names are compared without case.
class Headers {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  /// Returns the value of a header that occurs exactly once; nullopt when it is missing, or repeated (a repeated header
  /// is ambiguous, so no signature is verified with it).
  std::optional<std::string_view> unique(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

struct Request {
  std::string method;
  std::string target;  // path and query, as sent
  Headers headers;
  std::string body;
  std::string peer;  // the address of the client, without port

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const;                                       // the text after '?'; may be empty
  std::optional<std::string> query_value(std::string_view name) const;  // percent-decoded
};

/// Why a response that a client received ends before its end. The status is known nevertheless, and each header that
/// came before.
struct Cut {
  enum class By : uint8_t {
    size_limit,  // the client's limit of bytes
    time_limit,  // the client's limit of time
    peer,        // the connection broke, or the headers or the body are malformed
  };
  By by = By::peer;
  std::string reason;  // "the body is longer than 1048576 bytes"
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type and Content-Length
  bool close = false;                                        // closes the connection after this response
  std::optional<Cut> cut = std::nullopt;  // of a response that was received: set when it is not whole
};

/// Returns a segment of a path as it is meant: %2F is '/'. A '%' that no two hexadecimal digits follow stands for
/// itself.
std::string percent_decoded(std::string_view text);

/// Returns a response 400 that names the first query parameter that is not in `known`, and those in `known`; nullopt
/// when all parameters of the request are in `known`.
std::optional<Response> refuse_unknown_parameters(const Request& request, std::span<const std::string_view> known);

/// Returns a response with RFC 9457 problem details: {"type":"about:blank","title":…,"status":…,"detail":…}.
Response problem(int status, std::string_view detail);

/// The status of the problem that an error is: invalid 400, unauthorized 401, not_found 404, conflict 409, unavailable
/// 503, internal 500. And the code of the error that a status other than 2xx is: 403 is unauthorized too, every other
/// one internal.
int status_of(Code code);
Code code_of(int status);
std::string_view reason_phrase(int status);

/// Sends the response of one request. A handler calls it exactly once, from any thread.
using Respond = std::move_only_function<void(Response)>;

/// Handles a request on a network thread, which it must not block. It calls Respond at once or later.
using Handler = std::function<void(Request, Respond)>;

}  // namespace vf::http
