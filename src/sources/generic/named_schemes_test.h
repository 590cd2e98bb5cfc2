// What the tests of the named schemes share: the time of their deliveries, and the time in an id.
#pragma once

#include <string>

#include "base/time.h"
#include "base/uuid.h"

namespace vf::sources::generic {

inline constexpr int64_t kSecond = 1'700'000'000;
inline constexpr Instant kNow = Instant{std::chrono::seconds{kSecond}};
inline const std::string kTime = "1700000000";

// The time in the leading 48 bits of an id, in milliseconds.
inline int64_t leading_millis(const Uuid& id) {
  int64_t ms = 0;
  for (size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
  return ms;
}

}  // namespace vf::sources::generic
