// ServerState: shared by all network threads of one server: parameters, handler, counters.
// Thread safe: constants and atomics. Private to this folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "http/server.h"

namespace vf::http {

struct ServerState {
  ServerState(ServerParams given, Handler answers) : params(std::move(given)), handler(std::move(answers)) {}

  const ServerParams params;
  const Handler handler;

  std::atomic<bool> draining{false};
  std::atomic<size_t> open{0};            // connections admitted
  std::atomic<size_t> turned_away{0};     // connections over the limit that are being answered 503
  std::atomic<size_t> buffered_bytes{0};  // of long requests: see ServerParams::buffered_bytes_max

  std::atomic<uint64_t> connections_total{0}, connections_refused{0}, connections_evicted{0};
  std::atomic<uint64_t> requests_total{0}, responses_4xx{0}, responses_5xx{0}, malformed{0}, timed_out{0};

  std::mutex mutex;
  std::condition_variable emptied;  // no connection is left: drain() waits for it
};

}  // namespace vf::http
