// Reads envelopes (event/envelope.h), ours and those of other producers: in one pass, without a tree, in time linear in
// the text. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace vf {

/// Reads one envelope or a batch, whichever `text` holds. Of more than `events_max` only the first events_max are
/// returned, and the rest is not read: to detect more than N, ask for N + 1. Required are specversion, id (any UUID),
/// source and type; unknown attributes are skipped. The body of an event is the exact bytes of the value of `data`.
/// received and position are read when present. Error `invalid` names the index and the attribute that is wrong.
Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max);

}  // namespace vf
