// Listener: the limits that the public listener and an environment's listener have in common. Pure functions.
#pragma once

#include <algorithm>

#include "config/values.h"
#include "http/server.h"

namespace vf::app {

/// Sets the limits of `listener`: bodies up to `largest` are accepted, and memory has room for four of them at once.
inline void limit_bodies(http::ServerParams& listener, config::Size largest) {
  constexpr size_t kAtOnce = 4;
  listener.body_bytes_max = static_cast<size_t>(largest.bytes);
  listener.buffered_bytes_max = std::max(listener.buffered_bytes_max, kAtOnce * listener.body_bytes_max);
}

}  // namespace vf::app
