#include "projections/kick_times.h"

#include "event/identity.h"

namespace vf::projections {

Instant sent_at(const Event& event) { return time_inside(event.message_id).value_or(event.time); }

}  // namespace vf::projections
