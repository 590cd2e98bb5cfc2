// The longest delay of a retry, as OutboxStore::due_retries() sees it. A pure constant.
#pragma once

#include "base/time.h"

namespace vf::store {

/// No delay is longer. A retry whose next_attempt_at is further ahead than this was written while a clock was ahead, so
/// it is due too: it must not wait until the time that the clock showed.
inline constexpr Millis kRetryDelayMax = std::chrono::days{1};

}  // namespace vf::store
