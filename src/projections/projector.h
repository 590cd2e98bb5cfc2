// Projector: a pure function from an event to the rows it tells. The registry says which type has which projector;
// project() runs it and says what became of the event. No database, clock or network: a poison event is found before
// any transaction begins. Safe from any thread.
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

/// applied with its rows, ignored (no projector wants the type) or quarantined (with reason and envelope).
store::Projection project(const Event& event);

/// More rows than this from one event (a gift to more people) is refused.
inline constexpr size_t kRowsPerEventMax = 1000;

}  // namespace vf::projections
