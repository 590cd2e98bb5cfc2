// Body: reads values from a provider's JSON by JSON pointer (RFC 6901). It keeps the first problem, so that a projector
// reads all its values and checks for a problem once, at the end. It hides the JSON parser. A thread may have one Body
// at a time, and no other thread may use it, because the parser and its document belong to the thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "projections/tables.h"

namespace vf::projections {

class Body {
 public:
  explicit Body(const Event& event);
  ~Body();  // frees the buffers of a huge body
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Read required values, for keys. A missing value, a null or a value of another type is a problem; the result is then
  // 0, empty text or the epoch.
  int64_t id(std::string_view pointer);        // positive; a number, or its digits as text
  int64_t integer(std::string_view pointer);   // a number, or its digits as text
  std::string text(std::string_view pointer);  // not empty; a number's digits count as text
  Instant time(std::string_view pointer);      // in a form that parse_time() accepts

  // Read optional values as cells: nullopt when the value is missing, NULL when it is null. A value of another type is
  // a problem.
  Cell integer_cell(std::string_view pointer);
  Cell text_cell(std::string_view pointer);  // U+0000 becomes U+FFFD, which PostgreSQL's text can hold
  Cell time_cell(std::string_view pointer);
  Cell boolean_cell(std::string_view pointer);  // true, false, "true" or "false"
  Cell json_cell(std::string_view pointer);     // any value as compact JSON text

  /// Returns whether the value is present and not null.
  bool has(std::string_view pointer) const;
  /// Returns the number of elements of a required array. Any other value is a problem; the result is then 0.
  size_t length(std::string_view pointer);

  /// Records a problem unless one is recorded already. `what` follows the pointer in its text: "missing".
  void refuse(std::string_view pointer, std::string_view what);

  /// Returns `rows` if there was no problem. Error `invalid`: the message is the first problem,
  /// "/broadcaster/user_id: missing".
  Result<std::vector<store::Row>> finish(std::vector<store::Row> rows);

 private:
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
