// Server: an HTTP/1.1 server on one address, with its own network threads. Hides Asio and Beast.
// A request is refused with 400 when it is malformed, 408 when it is incomplete at the timeout, 413 when its body and
// 431 when its headers are too large, and 503 when there are too many connections or buffered bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace vf::http {

/// So many bytes of a request's memory (headers, body) do not count towards buffered_bytes_max.
inline constexpr size_t kFreeRequestBytes = 4096;

struct ServerParams {
  std::string listen = "127.0.0.1:0";  // address:port; IPv6 as [::1]:8080; port 0: any free port
  int threads = 1;
  size_t connections_max = 4096;  // beyond: the longest idle one is closed, or if none is idle the new one gets 503
  size_t headers_bytes_max = 16u << 10;
  size_t body_bytes_max = 1u << 20;
  size_t buffered_bytes_max = 32u << 20;              // of all requests, less kFreeRequestBytes of each; beyond: 503
  std::chrono::milliseconds request_timeout{30'000};  // from the first byte to the complete request
  std::chrono::milliseconds idle_timeout{60'000};     // between requests on a kept connection
  // For the handler; then 503 with Retry-After is sent, and the handler's late answer is dropped.
  std::chrono::milliseconds response_timeout{10'000};
};

/// Numbers for metrics: connections_open and connections_idle are current, the others count since the server's start.
struct ServerStats {
  uint64_t connections_open = 0, connections_idle = 0, connections_total = 0;
  uint64_t connections_refused = 0, connections_evicted = 0;
  uint64_t requests_total = 0, responses_4xx = 0, responses_5xx = 0, malformed = 0, timed_out = 0;
};

class Server {
 public:
  /// Binds the address and starts the network threads. `name` is the threads' name; they are numbered when there are
  /// several. Error `unavailable`: the address cannot be used; the message has the address and the reason (in use, not
  /// permitted).
  static Result<std::unique_ptr<Server>> start(const std::string& name, ServerParams params, Handler handler);
  virtual ~Server() = default;  // does drain(0)
  virtual uint16_t port() const = 0;
  virtual std::string url() const = 0;    // "http://127.0.0.1:8080"
  virtual ServerStats stats() const = 0;  // any thread may call it
  /// Accepts no more connections, closes idle ones and waits at most `at_most` for the requests in flight to finish.
  virtual void drain(std::chrono::milliseconds at_most) = 0;
};

}  // namespace vf::http
