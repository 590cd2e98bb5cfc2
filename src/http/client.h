// Client: sends HTTP requests with timeouts over pooled connections, by libcurl's multi interface. It follows no
// redirect. It checks the peer's address after name resolution, when it connects, so no host name can lead into a
// private network. One thread owns a Client: that thread calls send() and poll(); completions run inside poll().
//
// A final status line with its headers is an answer, whatever follows. Headers that are malformed or too long, a body
// past the limit of bytes or of time, a connection that breaks in the body and a malformed body end the reading: the
// answer is given with what was read and marked by Response::cut, and its connection is closed. Each reader decides
// whether a cut answer is enough for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace vf::http {

struct ClientParams {
  bool allow_private = false;  // see is_allowed_address
  size_t connections_max = 8;
  size_t body_bytes_max = 1u << 20;  // of a response; a longer body is cut
  // How long a body may take once its headers are here; then it is cut. Outgoing::timeout holds as well.
  std::optional<std::chrono::milliseconds> body_timeout{};
  std::vector<std::string> resolve{};  // "name:port:address", used instead of DNS, as curl's --resolve
  std::string ca_pem{};                // certificates to trust for https; empty: the system's ones
  // http:// or https://, may have user and password. Then the peer is the proxy: its address may be private, and
  // allow_private says nothing about the address that the proxy connects to. Empty: none; no variable sets one.
  std::string proxy{};
  // A kept connection that is older is closed instead of used again, so that a change in the DNS is followed.
  std::chrono::milliseconds connection_max_age{60'000};
};

struct Outgoing {
  std::string method = "POST";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};
  // For requests that are not idempotent: true gives the request a connection of its own, and it is sent at most once.
  // Otherwise curl sends a request a second time by itself when a pooled connection ends without a response.
  bool once = false;
};

/// Headers of a response that are longer than this, trailers included, are cut. Interim responses (1xx) are not kept,
/// and theirs do not count.
inline constexpr size_t kResponseHeaderBytesMax = 64u << 10;

/// Takes the response, or an error. Error `unavailable`: no final status line with its headers came (connection refused
/// or reset, timeout, address not allowed, responses 1xx only, a status line longer than 100 KiB); the message has the
/// reason. Error `invalid`: the request cannot be sent.
using Completion = std::move_only_function<void(Result<Response>)>;

/// Sends requests. The Client does so over the network.
class Transport {
 public:
  virtual ~Transport() = default;
  /// `done` is called once, later, on the thread of the caller; never inside the call.
  virtual void send(Outgoing request, Completion done) = 0;
};

class Client : public Transport {  // its end drops requests in flight without calling their completions
 public:
  static std::unique_ptr<Client> create(ClientParams params);
  virtual size_t in_flight() const = 0;
  /// Waits at most `wait` for network events or wake(), sends and receives, and runs completions.
  virtual void poll(std::chrono::milliseconds wait) = 0;
  /// Ends a poll() early. Any thread may call it.
  virtual void wake() = 0;
  /// Sends one request and waits for its response: for commands and tests.
  Result<Response> call(Outgoing request);
};

/// Returns the value of the first header with this name, compared without case; nullopt when there is none.
std::optional<std::string_view> header(const Response& response, std::string_view name);

}  // namespace vf::http
