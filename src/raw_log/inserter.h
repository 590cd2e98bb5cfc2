// Inserter: inserts events into the raw log, and finds out which events the log lacks where an earlier insert may have
// stored some of them. Single-threaded; other threads may use the lake meanwhile.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "lake/raw_log.h"
#include "lake/retention.h"

namespace vf::raw_log {

class Inserter {
 public:
  /// `retention` gives each event its retention class.
  Inserter(lake::RawLog& lake, lake::RetentionPolicy retention) : lake_(lake), retention_(std::move(retention)) {}

  /// Notes that events up to position `end` may be in the log already.
  void suspect_up_to(Position end) { suspect_to_ = std::max(suspect_to_, end); }
  bool may_hold(Position position) const { return position <= suspect_to_; }

  /// First ends inserts that may still run; then returns those of `events` that the log does not hold, in the same
  /// order. Every error is `unavailable`, because a failed read is the fault of no row.
  Result<std::vector<const Event*>> missing(std::vector<const Event*> events);
  /// Inserts `events`, if there are any. Errors are those of lake::RawLog::insert().
  Result<void> insert(const std::vector<const Event*>& events);

 private:
  lake::RawLog& lake_;
  const lake::RetentionPolicy retention_;
  Position suspect_to_;
};

}  // namespace vf::raw_log
