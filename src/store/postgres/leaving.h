// Leaving: the process is about to end, so its calls no longer wait for a PostgreSQL server that does not answer. For
// the whole process and for good. Thread safe.
#pragma once

#include "base/time.h"

namespace vf::store::postgres {

inline constexpr Millis kAnswerWhenLeaving{500};

/// From now on every wait for an answer, those in progress too, ends within kAnswerWhenLeaving, and no connection is
/// opened. The calls fail with `unavailable`.
void leave();
bool is_leaving();

}  // namespace vf::store::postgres
