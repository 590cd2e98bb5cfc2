// The registry of projectors: it maps event types to projectors, and project() runs the projector of an event's type. A
// projector is a pure function from an event to rows of projected tables. It uses no database, clock or network, so an
// event that it refuses is found before a transaction begins. Safe from any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "store/environment_store.h"
#include "store/table.h"

namespace vf::projections {

/// Returns the event's rows. Error `invalid`: the event is to be quarantined, with the message as the reason
/// ("/follower/user_id: missing").
using Projector = Result<std::vector<store::Row>> (*)(const Event& event);

struct Registration {
  std::string_view type;
  Projector project;
};
/// Returns every event type that has a projector, with the projector.
std::span<const Registration> registry();

/// Projects an event. Its status is `applied` (with rows), `ignored` (the event's type has no projector) or
/// `quarantined` (with reason and envelope): its projector refuses it, or its type is "<source>.unrecognised" and other
/// types of that source have projectors.
store::Projection project(const Event& event);

/// An event with more rows than this (a gift to more people) is refused.
inline constexpr size_t kRowsPerEventMax = 1000;

}  // namespace vf::projections
