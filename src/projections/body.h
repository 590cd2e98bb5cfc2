// Body: reads a provider's JSON by pointer (RFC 6901) and remembers the first thing that is wrong, so that a projector
// reads straight on and asks once at the end. Stands between an event and its rows; hides the parser.
// A Body lives on the thread that made it, one at a time: the parser and its document belong to the thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "projections/row_draft.h"

namespace vf::projections {

class Body {
 public:
  explicit Body(const Event& event);
  ~Body();  // a huge body leaves no buffers behind
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Required values: what keys are made of. Missing, null or of another kind: a problem, and an empty value.
  int64_t id(std::string_view pointer);        // positive; a number, or its digits as text
  int64_t integer(std::string_view pointer);   // a number, or its digits as text
  std::string text(std::string_view pointer);  // not empty; a number's digits count as text
  Instant time(std::string_view pointer);      // as parse_time reads it

  // Cells: missing says nothing, null is NULL, another kind is a problem.
  Cell integer_cell(std::string_view pointer);
  Cell text_cell(std::string_view pointer);  // U+0000 becomes U+FFFD, for PostgreSQL's text cannot hold it
  Cell time_cell(std::string_view pointer);
  Cell boolean_cell(std::string_view pointer);  // true, false, or the text of either
  Cell json_cell(std::string_view pointer);     // any value as compact JSON text

  /// Present and not null.
  bool has(std::string_view pointer) const;
  /// Elements of a required array; 0 and a problem when it is none.
  size_t length(std::string_view pointer);

  /// Records a problem, unless one is known already. `what` follows the pointer: "missing".
  void refuse(std::string_view pointer, std::string_view what);

  /// The rows, or `invalid` with the first problem: "/broadcaster/user_id: missing".
  Result<std::vector<store::Row>> finish(std::vector<store::Row> rows);

 private:
  std::string problem_;
};

/// Puts one row into a vector.
std::vector<store::Row> one_row(RowDraft&& draft);

/// Cut to whole seconds, minutes: for keys, where the provider's precision differs between messages.
Instant cut_to_seconds(Instant t);
Instant cut_to_minutes(Instant t);

}  // namespace vf::projections
