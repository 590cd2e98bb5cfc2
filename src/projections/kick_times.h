// Times of Kick's events that their bodies do not tell. Pure functions.
#pragma once

#include "base/time.h"
#include "event/event.h"
#include "store/table.h"

namespace vf::projections {

/// When Kick sent this message: the millisecond inside its ULID (signed, finer than the header's whole second), else
/// the envelope's time. It belongs to the delivery, not to the fact: the same fact sent again has another, so it may
/// only reach the columns of the naming law (tables.h), or a column where the earliest wins.
/// The epoch when neither is known: loses against every known time.
Instant sent_at(const Event& event);

/// A stamp of this event.
inline store::Stamp stamp_at(Instant at, const Event& event, int64_t rank = 0) { return {rank, at, event.id}; }

}  // namespace vf::projections
