// Inserter: stores events in the raw log, and asks first which of them it holds already where an earlier insert may
// have stored some. A value of one thread over a lake that others may use too.
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
  /// `retention` names the class each event is filed under.
  Inserter(lake::RawLog& lake, lake::RetentionPolicy retention) : lake_(lake), retention_(std::move(retention)) {}

  /// Events up to here may be in the log already, for all that is known.
  void suspect_up_to(Position end) { suspect_to_ = std::max(suspect_to_, end); }
  bool may_hold(Position position) const { return position <= suspect_to_; }

  /// Those of `events` that the log does not hold, in the same order. Ends inserts that may still run first. Every
  /// error is `unavailable`: an answer that is missing is the fault of no row.
  Result<std::vector<const Event*>> missing(std::vector<const Event*> events);
  /// Nothing is sent for no events. Errors as of lake::RawLog::insert().
  Result<void> insert(const std::vector<const Event*>& events);

 private:
  lake::RawLog& lake_;
  const lake::RetentionPolicy retention_;
  Position suspect_to_;
};

}  // namespace vf::raw_log
