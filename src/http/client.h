// Client: pooled HTTP requests with deadlines over libcurl's multi interface. Redirects are not followed. The peer's
// address is checked after resolution, at connect time, so a name cannot be pointed at a private network.
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
  bool allow_private = false;  // loopback is always allowed; other private ranges only with this
  size_t connections_max = 8;
  size_t response_bytes_max = 1u << 20;  // of headers and body; a longer answer is an error
  std::vector<std::string> resolve{};    // "name:port:address" known ahead of DNS, as curl's --resolve
  std::string ca_pem{};                  // certificates that https peers are trusted by; empty: the system's
};

struct Outgoing {
  std::string method = "POST";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};
  // A pooled connection that ends without an answer makes curl send the request a second time, by itself. True: a
  // connection of its own, and so at most one sending, for what must not be done twice.
  bool once = false;
};

/// Error `unavailable`: no answer (refused, timeout, reset, address not allowed), with the reason.
using Completion = std::move_only_function<void(Result<Response>)>;

class Client {
 public:
  static std::unique_ptr<Client> create(ClientParams params);
  virtual ~Client() = default;  // drops what is in flight without calling back
  virtual void send(Outgoing request, Completion done) = 0;
  virtual size_t in_flight() const = 0;
  /// Moves transfers forward, at most waiting `wait` for something to happen. Runs completions.
  virtual void poll(std::chrono::milliseconds wait) = 0;
  /// Ends a poll() early. The one call that any thread may make.
  virtual void wake() = 0;
  /// Sends one request and waits for it: for commands and tests.
  Result<Response> call(Outgoing request);
};

/// True for addresses that a target may have without allow_private: public and loopback ones.
bool is_allowed_address(std::string_view ip, bool allow_private);

/// A response's header, if it stands there. Names compare without case.
std::optional<std::string_view> header(const Response& response, std::string_view name);

}  // namespace vf::http
