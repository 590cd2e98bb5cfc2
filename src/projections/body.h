// Body: reads a provider's JSON by pointer (RFC 6901) and keeps the first problem, so that a projector reads on and
// checks once at the end. Stands between an event and its rows; hides the parser. A thread has one Body at a time and
// uses it alone: the parser and its document belong to the thread.
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

  // Required values, for keys. A missing value, null or another type is a problem and gives an empty value.
  int64_t id(std::string_view pointer);        // positive; a number, or its digits as text
  int64_t integer(std::string_view pointer);   // a number, or its digits as text
  std::string text(std::string_view pointer);  // not empty; a number's digits count as text
  Instant time(std::string_view pointer);      // in a form that parse_time() accepts

  // Cells: nullopt when the value is missing, NULL when it is null; another type is a problem.
  Cell integer_cell(std::string_view pointer);
  Cell text_cell(std::string_view pointer);  // U+0000 becomes U+FFFD, which PostgreSQL's text can hold
  Cell time_cell(std::string_view pointer);
  Cell boolean_cell(std::string_view pointer);  // true, false, or the text of either
  Cell json_cell(std::string_view pointer);     // any value as compact JSON text

  /// Present and not null.
  bool has(std::string_view pointer) const;
  /// The number of elements of a required array; any other value is a problem and gives 0.
  size_t length(std::string_view pointer);

  /// Records a problem unless there is one already. `what` follows the pointer: "missing".
  void refuse(std::string_view pointer, std::string_view what);

  /// The rows, or `invalid` with the first problem: "/broadcaster/user_id: missing".
  Result<std::vector<store::Row>> finish(std::vector<store::Row> rows);

 private:
  std::string problem_;
};

/// When Kick sent this message: the millisecond in its ULID (signed, finer than the header's whole second), else the
/// envelope's time. It belongs to the delivery, not to the fact: the same fact sent again has another time, so it may
/// only reach columns that the naming law (tables.h) allows, or a column where the earliest wins.
/// The epoch when neither is known; it loses against every known time.
Instant sent_at(const Event& event);

/// A vector of one row.
std::vector<store::Row> one_row(RowDraft&& draft);

/// Truncated to whole seconds or minutes: for keys, because the provider's precision differs between messages.
Instant cut_to_seconds(Instant t);
Instant cut_to_minutes(Instant t);

}  // namespace vf::projections
