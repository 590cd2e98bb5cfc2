// Times of Kick's events that are not in their bodies. Pure functions.
#pragma once

#include "base/time.h"
#include "event/event.h"
#include "store/table.h"

namespace vf::projections {

/// When Kick sent this message: the millisecond in its ULID (signed, finer than the header's whole second), else the
/// envelope's time. It belongs to the delivery, not to the fact: the same fact sent again has another time, so it may
/// only reach columns that the naming law (tables.h) allows, or a column where the earliest wins.
/// The epoch when neither is known; it loses against every known time.
Instant sent_at(const Event& event);

/// A stamp of this event.
inline store::Stamp stamp_at(Instant at, const Event& event, int64_t rank = 0) { return {rank, at, event.id}; }

}  // namespace vf::projections
