// Listener: the limits that the public listener and an environment's listener have in common. Any thread may call the
// functions.
#pragma once

#include <algorithm>

#include "http/server.h"
#include "obs/log.h"
#include "platform/open_files.h"

namespace vf::app {

/// Gives memory room for four of the largest bodies at once.
inline void make_room_for_bodies(http::ServerParams& listener) {
  constexpr size_t kAtOnce = 4;
  listener.buffered_bytes_max = std::max(listener.buffered_bytes_max, kAtOnce * listener.body_bytes_max);
}

/// Leaves half of the files that this process may have open to stores, targets and other listeners: clients that only
/// connect must not stop them. Logs a warning if the listener is to have fewer connections because of that.
inline void leave_files_to_others(http::ServerParams& listener, obs::Log& log) {
  const auto files = platform::open_files_max();
  if (!files || listener.connections_max <= *files / 2) return;
  log.warn("few connections: this process may have few files open (ulimit -n, LimitNOFILE=)",
           {{"listener", listener.listen},
            {"files", std::to_string(*files)},
            {"connections", std::to_string(*files / 2)},
            {"wanted", std::to_string(listener.connections_max)}});
  listener.connections_max = std::max<size_t>(1, *files / 2);
}

}  // namespace vf::app
