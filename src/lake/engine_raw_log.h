// EngineRawLog: implements the reading calls of RawLog by statements that all drivers share. A driver adds insert(),
// abort_pending() and select(). Thread safe if select() is.
#pragma once

#include "lake/raw_log.h"

namespace vf::lake {

class EngineRawLog : public RawLog {
 public:
  Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) override;
  Result<std::optional<Event>> find(Uuid id) override;
  Result<std::vector<HourTally>> tally(Instant from, Instant to) override;

 protected:
  /// Returns the result of a SELECT in RowBinary. `holds_text`: the result contains text of events, which may look like
  /// an exception.
  virtual Result<std::string> select(const std::string& sql, bool holds_text) = 0;
};

}  // namespace vf::lake
