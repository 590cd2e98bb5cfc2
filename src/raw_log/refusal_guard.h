// RefusalGuard: distinguishes a row that the lake refuses from a lake that refuses every row. A few rows refused one
// after the other, with none stored in between, count as a failure of the lake: from then on no row may become a dead
// letter, and the feeder probes with one row after the other until the lake stores one. A value of one thread; no I/O.
#pragma once

#include <string>

#include "base/result.h"
#include "base/uuid.h"
#include "event/event.h"

namespace vf::raw_log {

class RefusalGuard {
 public:
  /// `refusals_max`: so many rows refused in a row are a failure of the lake.
  explicit RefusalGuard(int refusals_max) : refusals_max_(refusals_max) {}

  /// The lake stored a row.
  void stored();
  /// The lake refused this row alone. The same row again, because its dead letter could not be written, counts once.
  void refused(Uuid event_id);
  bool lake_is_failing() const { return refusals_ >= refusals_max_; }
  /// The error of a lake that is failing, for the feeder's status.
  std::string describe(const Error& refusal) const;

  /// Behind which position the next probe takes its row: behind the last probe, at least behind `cursor`.
  Position probe_after(Position cursor);
  /// Rows up to `last` have been tried, or are in the log already.
  void probed(Position last) { probed_to_ = last; }

 private:
  const int refusals_max_;
  int refusals_ = 0;  // since a row was stored
  Uuid refused_last_;
  Position probed_to_;
};

}  // namespace vf::raw_log
