// Listener: the limits that the public listener and an environment's listener have in common. Pure functions.
#pragma once

#include <algorithm>

#include "http/server.h"

namespace vf::app {

/// Gives memory room for four of the largest bodies at once.
inline void make_room_for_bodies(http::ServerParams& listener) {
  constexpr size_t kAtOnce = 4;
  listener.buffered_bytes_max = std::max(listener.buffered_bytes_max, kAtOnce * listener.body_bytes_max);
}

}  // namespace vf::app
