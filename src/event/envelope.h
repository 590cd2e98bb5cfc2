// Envelopes: writes events as CloudEvents 1.0 JSON, one event or a batch. envelope_reader.h reads them.
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

/// Appends one envelope. When event.is_json, its attribute `data` is the body, byte for byte, without the padding
/// around it (without_padding()); otherwise `data_base64` is the base64 of the body.
void append_envelope(std::string& out, const Event& event);

/// Returns a JSON array of envelopes.
std::string write_batch(std::span<const Event> events);

/// Returns an upper bound of the bytes that append_envelope() appends, for limiting the size of batches.
size_t envelope_size_max(const Event& event);

}  // namespace vf
