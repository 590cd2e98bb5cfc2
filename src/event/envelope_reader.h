// Reads envelopes (event/envelope.h) of this hub and of other producers, in one pass, without building a tree, in time
// linear in the text. A pure function.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace vf {

/// Reads one envelope or a batch, whichever `text` holds. Returns at most the first `events_max` events and does not
/// read the rest: to detect more than N events, pass N + 1. The attributes specversion, id (any UUID), source and type
/// are required; received and position are read when present; unknown attributes are skipped. An optional attribute
/// that cannot be used (a time that is none, a text with a NUL) counts as absent, except `sandbox`. Of repeated
/// attributes the last one counts. An event's body is the exact bytes of the value of `data`. Error `invalid`: the
/// message has the index of the envelope and the wrong attribute.
Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max);

}  // namespace vf
