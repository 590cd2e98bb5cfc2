// Server: one listener with its limits, on its own network threads. Hides Asio and Beast.
// Every limit has its refusal: 400 malformed, 408 incomplete at the timeout, 413 body, 431 headers, 503 too many.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace vf::http {

/// Memory of a request (headers, body) that does not count as buffered.
inline constexpr size_t kFreeRequestBytes = 4096;

struct ServerParams {
  std::string listen = "127.0.0.1:0";  // address:port; IPv6 as [::1]:8080; port 0: any free one
  int threads = 1;
  size_t connections_max = 4096;  // beyond: the longest idle one is closed; when none is idle, the new one gets 503
  size_t headers_bytes_max = 16u << 10;
  size_t body_bytes_max = 1u << 20;
  size_t buffered_bytes_max = 32u << 20;  // total over all requests, without kFreeRequestBytes of each; beyond: 503
  std::chrono::milliseconds request_timeout{30'000};  // first byte to complete request
  std::chrono::milliseconds idle_timeout{60'000};     // between requests on a kept connection
  std::chrono::milliseconds response_timeout{
      10'000};  // of the handler; then 503 with Retry-After, and its late answer is dropped
};

/// Counters since start, for metrics. Read from any thread.
struct ServerStats {
  uint64_t connections_open = 0, connections_idle = 0, connections_total = 0;
  uint64_t connections_refused = 0, connections_evicted = 0;
  uint64_t requests_total = 0, responses_4xx = 0, responses_5xx = 0, malformed = 0, timed_out = 0;
};

class Server {
 public:
  /// Binds and starts. `name`: of the network threads; numbered when there are several. Error `unavailable` names the
  /// address and why (in use, not permitted).
  static Result<std::unique_ptr<Server>> start(const std::string& name, ServerParams params, Handler handler);
  virtual ~Server() = default;  // as drain(0)
  virtual uint16_t port() const = 0;
  virtual std::string url() const = 0;  // "http://127.0.0.1:8080"
  virtual ServerStats stats() const = 0;
  /// Stops accepting, closes idle connections, lets requests in flight finish; returns then, or after `at_most`.
  virtual void drain(std::chrono::milliseconds at_most) = 0;
};

}  // namespace vf::http
