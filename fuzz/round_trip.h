// Checks that hold for every event that a source makes, from any bytes. Used by the fuzzers.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "event/envelope.h"
#include "event/envelope_reader.h"
#include "event/json_fields.h"

namespace vf::fuzz {

/// Its texts are valid in a JSON document and in a database.
inline void check_texts(const Event& event) {
  VF_INVARIANT(is_utf8(event.type) && is_utf8(event.subject) && is_utf8(event.message_id) && is_utf8(event.fact_key));
  VF_INVARIANT(is_plain_json(event.headers) && !event.message_id.empty());
  VF_INVARIANT(event.is_json == is_plain_json(event.body));
}

/// It survives its envelope, beside a neighbour that it must not harm.
inline void check_round_trip(const Event& event) {
  const auto read = read_envelopes(write_batch(std::vector{event, event}), 2);
  VF_INVARIANT(read.has_value() && read->size() == 2);
  for (const Event& copy : *read) {
    VF_INVARIANT(copy.id == event.id && copy.type == event.type && copy.subject == event.subject);
    VF_INVARIANT(copy.fact_key == event.fact_key && copy.message_id == event.message_id);
    VF_INVARIANT(copy.body == (event.is_json ? without_padding(event.body) : event.body) &&
                 copy.is_json == event.is_json && copy.sandbox == event.sandbox);
    VF_INVARIANT(to_rfc3339(copy.time) == to_rfc3339(event.time));
  }
}

}  // namespace vf::fuzz
