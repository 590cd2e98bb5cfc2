// Envelopes: events as CloudEvents 1.0 JSON, one or a batch, written by appending. envelope_reader.h reads them.
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

/// Appends one envelope. `data` holds the body verbatim when event.is_json, else `data_base64` its base64.
void append_envelope(std::string& out, const Event& event);

/// "[…]" of the envelopes.
std::string write_batch(std::span<const Event> events);

/// An upper bound of what append_envelope adds, for cutting batches by size.
size_t envelope_size_max(const Event& event);

}  // namespace vf
