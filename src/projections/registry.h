// The registry of projectors: it maps event types to projectors, and project() runs the right one. A projector is a
// pure function from an event to rows of projected tables; it uses no database, clock or network, so a poison event is
// found before any transaction begins. Safe from any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "store/environment_store.h"
#include "store/table.h"

namespace vf::projections {

/// Error `invalid`: the event is quarantined with this reason ("/follower/user_id: missing").
using Projector = Result<std::vector<store::Row>> (*)(const Event& event);

struct Registration {
  std::string_view type;
  Projector project;
};
/// Every type that has a projector.
std::span<const Registration> registry();

/// The event as applied (with its rows), ignored (its type has no projector) or quarantined (with reason and envelope).
store::Projection project(const Event& event);

/// An event with more rows than this (a gift to more people) is refused.
inline constexpr size_t kRowsPerEventMax = 1000;

}  // namespace vf::projections
