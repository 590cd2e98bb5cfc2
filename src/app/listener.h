// Listener: what the listeners of an ingest and of an environment have in common. Pure functions.
#pragma once

#include <algorithm>

#include "config/config.h"
#include "http/server.h"

namespace vf::app {

/// Takes bodies up to `largest`, and always has room for several of them in memory at once.
inline void limit_bodies(http::ServerParams& listener, config::Size largest) {
  constexpr size_t kAtOnce = 4;
  listener.body_bytes_max = static_cast<size_t>(largest.bytes);
  listener.buffered_bytes_max = std::max(listener.buffered_bytes_max, kAtOnce * listener.body_bytes_max);
}

}  // namespace vf::app
