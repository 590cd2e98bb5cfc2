// EngineRawLog: what every driver of the raw log does alike: reading by the shared statements. A driver adds inserts,
// abort_pending() and select(). Thread safe as select() is.
#pragma once

#include "lake/raw_log.h"

namespace vf::lake {

class EngineRawLog : public RawLog {
 public:
  Result<std::vector<Uuid>> ids_present(std::span<const Uuid> ids, Instant from, Instant to) override;
  Result<std::vector<Event>> read(const ReadRange& range) override;
  Result<std::optional<Event>> find(Uuid id) override;
  Result<int64_t> count() override;
  Result<std::vector<HourTally>> tally(Instant from, Instant to) override;
  Result<void> ping() override;

 protected:
  /// What a SELECT answers, in RowBinary. `holds_text`: with events' own text in it.
  virtual Result<std::string> select(const std::string& sql, bool holds_text) = 0;
};

}  // namespace vf::lake
