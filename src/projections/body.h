// Body: reads a projector's values from a provider's JSON by JSON pointer (RFC 6901), through the reader that the hub
// maps deliveries with (event/json_fields.h), so both find the same values. A value that is asked for and malformed
// affects its own column only. Where the row cannot do without it (a part of a key), Body keeps the problem: the first
// one, so that a projector reads all its values and checks once, at the end. Used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "event/json_fields.h"
#include "projections/tables.h"

namespace vf::projections {

/// A longer text is refused as a part of a key and is no value of a column with an index: PostgreSQL refuses a row
/// whose index entry is larger than 2,704 bytes, and a key has up to two texts.
inline constexpr size_t kKeyTextBytesMax = 1024;

class Body {
 public:
  /// Refers to the event's body, which must outlive this object.
  explicit Body(const Event& event);

  // Read required values, for keys. A missing value, a null and a malformed value are a problem; the result is then 0,
  // empty text or the epoch.
  int64_t id(std::string_view pointer);        // positive; a number, or its digits as text
  int64_t integer(std::string_view pointer);   // a number, or its digits as text
  std::string text(std::string_view pointer);  // 1 to kKeyTextBytesMax bytes; a number's digits count as text
  Instant time(std::string_view pointer);      // in a form that read_time() accepts

  // Read optional values as cells: nullopt when the value is missing or malformed, NULL when it is null.
  Cell integer_cell(std::string_view pointer) const;
  Cell text_cell(std::string_view pointer) const;  // U+0000 and lone surrogates become U+FFFD, which every store holds
  Cell indexed_text_cell(
      std::string_view pointer) const;                // nullopt also for a text of more than kKeyTextBytesMax bytes
  Cell time_cell(std::string_view pointer) const;     // NULL also for an empty text and for the zero time 0001-01-01
  Cell boolean_cell(std::string_view pointer) const;  // true, false, "true" or "false"
  Cell json_cell(std::string_view pointer) const;     // any value as compact JSON text

  // Read optional values that decide what a projector does: nullopt when the value is missing, null or malformed.
  std::optional<Instant> optional_time(std::string_view pointer) const;
  std::optional<bool> optional_boolean(std::string_view pointer) const;
  std::optional<std::string> optional_text(std::string_view pointer) const;  // 1 to kKeyTextBytesMax bytes

  /// Returns whether the value is present and not null, whatever it is.
  bool has(std::string_view pointer) const;
  bool is_object(std::string_view pointer) const;
  /// Returns the number of elements of a required array. Any other value is a problem; the result is then 0.
  size_t length(std::string_view pointer);

  /// Records a problem unless one is recorded already. `what` follows the pointer in its text: "missing".
  void refuse(std::string_view pointer, std::string_view what);
  /// Records that the value is missing, null or, when it is neither, `malformed`: "not a time".
  void refuse_value(std::string_view pointer, std::string_view malformed);

  /// Returns `rows` if there was no problem. Error `invalid`: the message is the first problem,
  /// "/broadcaster/user_id: missing".
  Result<std::vector<store::Row>> finish(std::vector<store::Row> rows);

 private:
  JsonFields fields_;
  std::string problem_;
};

/// Returns when Kick sent this message: the millisecond in the ULID that is its message id (signed, and finer than the
/// header's whole second), else the envelope's time, else the epoch, which loses against every known time. The send
/// time belongs to the delivery, not to the fact: when Kick sends the same fact again, the send time is another. So it
/// may be written only to columns for which the naming law (tables.h) allows it, or to columns that keep the earliest
/// time.
Instant sent_at(const Event& event);

/// Returns a vector of this one row.
std::vector<store::Row> one_row(RowDraft&& draft);

/// Truncate a time to whole seconds or minutes. For keys, because the precision of a provider's times differs between
/// messages.
Instant cut_to_seconds(Instant t);
Instant cut_to_minutes(Instant t);

}  // namespace vf::projections
