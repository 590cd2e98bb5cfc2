// Reads envelopes (event/envelope.h) of this hub and of other producers, in one pass, without building a tree, in time
// linear in the text. A pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace vf {

/// An envelope whose event has an identity, but an attribute without which it cannot be used.
struct UnusableEnvelope {
  size_t index = 0;       // of the event
  std::string reason;     // names the attribute: "sandbox: neither true nor false"
  std::string_view text;  // the envelope, a part of the text that was read
};

/// Reads one envelope or a batch, whichever `text` holds. Returns at most the first `events_max` events and does not
/// read the rest: to detect more than N events, pass N + 1. The attributes specversion, id (any UUID), source and type
/// are required; received and position are read when present; unknown attributes are skipped. An optional attribute
/// that cannot be used (a time that is none, a text with a NUL) counts as absent. Of repeated attributes the last one
/// counts. An event's body is the exact bytes of the value of `data`; it is plain JSON as is_plain_json() defines it,
/// or bytes. An envelope is unusable when `sandbox` is neither true nor false (an unreadable mark must not make a test
/// event a real one), when data_base64 is not base64, and when there are both kinds of data: it is added to `unusable`,
/// or is an error if that is null. Error `invalid`: the message has the index of the envelope and the wrong attribute.
Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max,
                                          std::vector<UnusableEnvelope>* unusable = nullptr);

}  // namespace vf
