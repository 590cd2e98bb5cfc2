// Requests and responses as values, independent of the domain and of the wire.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vf::http {

/// In order of arrival, repeats kept. Names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  /// The value when the name occurs exactly once; nullopt when it is missing or repeated (a repeated header is
  /// ambiguous, so no signature is checked against it).
  std::optional<std::string_view> unique(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

struct Request {
  std::string method;
  std::string target;  // as sent: path and query
  Headers headers;
  std::string body;
  std::string peer;  // address without port

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const;                                       // after '?', may be empty
  std::optional<std::string> query_value(std::string_view name) const;  // percent-decoded
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beside Content-Type and Content-Length
  bool close = false;
};

/// A 400 that names the first query parameter not in `known`, and the known ones; nullopt when all are known.
std::optional<Response> refuse_unknown_parameters(const Request& request, std::span<const std::string_view> known);

/// RFC 9457 problem details: {"type":"about:blank","title":…,"status":…,"detail":…}.
Response problem(int status, std::string_view detail);
std::string_view reason_phrase(int status);

/// Answers one request; called exactly once, from any thread.
using Respond = std::move_only_function<void(Response)>;

/// Takes a request on a network thread and must not block it; answers now or later.
using Handler = std::function<void(Request, Respond)>;

}  // namespace vf::http
