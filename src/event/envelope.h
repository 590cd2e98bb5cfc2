// Envelopes: events as CloudEvents 1.0 JSON, one or a batch, written by appending and read back byte for byte.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace vf {

inline constexpr std::string_view kBatchContentType = "application/cloudevents-batch+json";
inline constexpr std::string_view kSingleContentType = "application/cloudevents+json";

/// Appends one envelope. `data` holds the body verbatim when event.is_json, else `data_base64`.
void append_envelope(std::string& out, const Event& event);

/// "[…]" of the envelopes.
std::string write_batch(std::span<const Event> events);

/// An upper bound of what append_envelope adds, for cutting batches by size.
size_t envelope_size_max(const Event& event);

/// Reads one envelope or a batch, whichever `text` holds. Of more than `events_max` the first are returned and the rest
/// is not looked at: who must know of more asks for one more than wanted. Only specversion, id (any UUID),
/// source and type are required; unknown attributes are passed over. `data` is returned as the exact bytes of the
/// value. received/position are read when present. Error `invalid` names the index and the attribute that is wrong.
Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max);

}  // namespace vf
