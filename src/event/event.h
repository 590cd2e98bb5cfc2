// Event: one verified message of a provider, as the hub stores and forwards it. A value: no I/O, copied and moved
// freely.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace vf {

/// The position of an event in the outbox; later commits compare greater. On SQLite era and tx are 0.
/// Era: one PostgreSQL cluster; tx: its transaction id; seq: the sequence number of the row.
struct Position {
  uint32_t era = 0;
  uint64_t tx = 0;
  uint64_t seq = 0;

  auto operator<=>(const Position&) const = default;

  /// Fixed width (42 characters), sorts as the position does: "eeeeeeee-tttttttttttttttt-ssssssssssssssss" in hex.
  std::string to_string() const;
  static std::optional<Position> parse(std::string_view text);
};

struct Event {
  Uuid id;                 // version 8, a function of source and message id (event/identity.h)
  std::string source;      // the configured name: "kick"
  std::string type;        // "<source>.<provider type>"
  std::string subject;     // "channel/123"; empty when the provider names none
  Instant time;            // when it happened, by the provider's clock
  std::string message_id;  // the provider's, or the one built for a source that has none
  std::string fact_key;    // the same for two messages about the same fact
  std::string version;     // of the payload's shape, as the provider names it; may be empty
  bool sandbox = false;    // a provider's test event
  bool is_json = false;    // see is_plain_json
  std::string body;        // the provider's bytes, verbatim
  std::string headers;     // JSON object of the headers that sign and describe the delivery

  Instant received;   // when it was committed here; set by the store
  Position position;  // set by the store
};

/// True when `body` can be put into a JSON document as it is: one JSON value, valid UTF-8, no byte order mark, nested
/// at most 64 levels, numbers in range, and no white space around it (a reader could not return that).
bool is_plain_json(std::string_view body);

inline constexpr size_t kBodyDepthMax = 64;

}  // namespace vf
