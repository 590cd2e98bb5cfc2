// RefusalGuard: distinguishes a row that the lake refuses from a lake that refuses every row. When
// `refusals_max` rows are refused one after the other and none is stored in between, the lake is failing: from then on
// no row may become a dead letter, and the feeder probes with one row after the other until the lake stores one.
// Single-threaded; no I/O.
#pragma once

#include <string>

#include "base/result.h"
#include "base/uuid.h"
#include "event/event.h"

namespace vf::raw_log {

class RefusalGuard {
 public:
  /// `refusals_max`: how many refusals in a row count as a failure of the lake.
  explicit RefusalGuard(int refusals_max) : refusals_max_(refusals_max) {}

  /// Notes that the lake stored a row.
  void stored();
  /// Notes that the lake refused this row, sent alone. When the same row is refused again, because its dead letter
  /// could not be written, that counts once.
  void refused(Uuid event_id);
  bool lake_is_failing() const { return refusals_ >= refusals_max_; }
  /// Returns the text for the feeder's status while the lake is failing.
  std::string describe(const Error& refusal) const;

  /// Returns the position after which the next probe takes its row: that of the last probe, or `cursor` if it is later.
  Position probe_after(Position cursor);
  /// Notes that the rows up to `last` have been tried or are in the log already.
  void probed(Position last) { probed_to_ = last; }

 private:
  const int refusals_max_;
  int refusals_ = 0;  // since the lake last stored a row
  Uuid refused_last_;
  Position probed_to_;
};

}  // namespace vf::raw_log
