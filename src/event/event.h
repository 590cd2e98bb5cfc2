// Event: one verified message of a provider, as the hub stores and forwards it. A value that may be copied and moved.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace vf {

/// The position of an event in the outbox. `era` is the number of the PostgreSQL cluster, `tx` the id of the
/// transaction that wrote the row, `seq` the sequence number of the row. On SQLite era and tx are 0. Positions of later
/// commits compare greater.
struct Position {
  uint32_t era = 0;
  uint64_t tx = 0;
  uint64_t seq = 0;

  auto operator<=>(const Position&) const = default;

  /// Returns 42 characters, "eeeeeeee-tttttttttttttttt-ssssssssssssssss" in hex, which sort in the order of positions.
  std::string to_string() const;
  static std::optional<Position> parse(std::string_view text);
};

struct Event {
  Uuid id;                 // a UUID of version 8, made from source and message id (event/identity.h)
  std::string source;      // the name in the configuration: "kick"
  std::string type;        // "<source>.<provider type>"
  std::string subject;     // "channel/123"; empty when the provider names no subject
  Instant time;            // when the event happened, by the provider's clock
  std::string message_id;  // the provider's name for the message; built by the hub when the provider gives none
  std::string fact_key;    // equal for two messages about the same fact
  std::string version;     // the provider's name for the version of the payload's format; may be empty
  bool sandbox = false;    // true for a test event of the provider
  bool is_json = false;    // whether the body is plain JSON, as is_plain_json defines it
  std::string body;        // the request body, byte for byte
  std::string headers;     // a JSON object of the headers that sign and describe the delivery

  Instant received;   // when this hub committed it; set by the store
  Position position;  // set by the store
};

/// Returns whether `body`, without the padding around it (without_padding() in event/json_fields.h), can be put into a
/// JSON document unchanged: it is one JSON value in valid UTF-8, nested at most kBodyDepthMax levels, with numbers in
/// range and without lone surrogates.
bool is_plain_json(std::string_view body);

inline constexpr size_t kBodyDepthMax = 64;

}  // namespace vf
