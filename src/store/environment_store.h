// EnvironmentStore: the port of one environment's database: processed_events, quarantined_events, projected tables.
// By any thread; writes wait for each other where the driver has one writer. Errors as in outbox_store.h.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "event/event.h"
#include "store/table.h"

namespace vf::store {

enum class Applied { applied, duplicate, ignored, quarantined };
std::string_view to_string(Applied status);
/// As it stands in processed_events; what is no name there is `applied`.
Applied parse_applied(std::string_view name);

/// What the projection made of one event, ready to be written.
struct Projection {
  Uuid event_id;
  std::string source, type, message_id;
  Instant time;
  Applied status = Applied::applied;  // applied, ignored or quarantined
  std::vector<Row> rows;
  std::string reason;    // of a quarantined one
  std::string envelope;  // of a quarantined one, to retry it
  bool force = false;    // a retry out of quarantine: write rows though the id was processed before
};

struct ProcessedEvent {
  Uuid event_id;
  std::string source, type;
  Applied status = Applied::applied;
  Instant time, received_at;  // received_at: when this environment took it
  std::string reason = {};    // while it is in quarantine
};

struct QuarantinedEvent {
  Uuid event_id;
  std::string source, type, reason, envelope;
  Instant quarantined_at, attempted_at;  // first, last
  int64_t attempts = 0;
};

/// One bounded step of retention: at most `rows_max` of the oldest rows of each table received before the given times,
/// beside partitions of which every row is as old, which a driver may drop whole.
/// Nothing is left when fewer were removed of both together.
struct Purge {
  Instant processed_before, quarantined_before;
  int64_t rows_max = 1000;
};

/// Projections that can never be stored: index in the span, reason.
using Refusals = std::map<size_t, std::string>;

class EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;

  /// One transaction. Statuses in order; `duplicate` where the id was processed before (or stands earlier in the span).
  /// A forced projection that succeeds leaves quarantine. Error `invalid`: nothing is written, for some projections can
  /// never be; `refusals`, when not null, gets those that were found, at least one.
  virtual Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now,
                                             Refusals* refusals) = 0;

  virtual Result<std::optional<ProcessedEvent>> processed(Uuid event_id) = 0;
  virtual Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) = 0;  // oldest attempt first
  virtual Result<int64_t> purge(const Purge& step) = 0;                            // says how many rows went
  virtual Result<std::vector<std::pair<std::string, int64_t>>> row_counts() = 0;   // of the projected tables
  virtual Result<std::vector<std::vector<Value>>> rows(const Table& table, size_t rows_max) = 0;  // key order
  virtual Result<void> ping() = 0;
  virtual Result<Instant> time(Instant ours) { return ours; }  // as OutboxStore::time()
};

}  // namespace vf::store
