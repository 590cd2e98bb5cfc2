// Client: pooled HTTP requests with deadlines over libcurl's multi interface. Redirects are not followed. The peer's
// address is checked after resolution, at connect time, so no name can point into a private network.
// One thread owns a Client: it calls send() and poll(); completions run inside poll().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace vf::http {

struct ClientParams {
  bool allow_private = false;  // see is_allowed_address
  size_t connections_max = 8;
  size_t response_bytes_max = 1u << 20;  // of headers and body; a longer response is an error
  std::vector<std::string> resolve{};    // "name:port:address", used before DNS, as curl's --resolve
  std::string ca_pem{};                  // certificates to trust for https; empty: the system's
};

struct Outgoing {
  std::string method = "POST";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};
  // curl sends a request a second time by itself when a pooled connection ends without a response. True: the request
  // gets a connection of its own and is sent at most once, for requests that are not idempotent.
  bool once = false;
};

/// Error `unavailable`: no response (refused, timeout, reset, address not allowed), with the reason. `invalid`: the
/// request cannot be sent.
using Completion = std::move_only_function<void(Result<Response>)>;

class Client {
 public:
  static std::unique_ptr<Client> create(ClientParams params);
  virtual ~Client() = default;  // drops requests in flight; their completions are not called
  virtual void send(Outgoing request, Completion done) = 0;
  virtual size_t in_flight() const = 0;
  /// Moves transfers forward and runs completions; waits at most `wait` for network events or wake().
  virtual void poll(std::chrono::milliseconds wait) = 0;
  /// Ends a poll() early. The only call that any thread may make.
  virtual void wake() = 0;
  /// Sends one request and waits for it: for commands and tests.
  Result<Response> call(Outgoing request);
};

/// The first header of this name in a response. Names compare without case.
std::optional<std::string_view> header(const Response& response, std::string_view name);

}  // namespace vf::http
