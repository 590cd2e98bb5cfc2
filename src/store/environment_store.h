// EnvironmentStore: the port of one environment's database: processed_events, quarantined_events, projected tables.
// Calls may come from any thread; writes wait for each other where the driver has one writer. Errors as in
// outbox_store.h.
#pragma once

#include <array>
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
inline constexpr std::array kApplied{Applied::applied, Applied::duplicate, Applied::ignored, Applied::quarantined};
static_assert(kApplied.size() == static_cast<size_t>(Applied::quarantined) + 1);
std::string_view to_string(Applied status);
/// The inverse for the statuses that processed_events stores, of which `duplicate` is none. Unknown text is read as
/// `applied`.
Applied parse_applied(std::string_view name);

/// The result of projecting one event, ready to be written.
struct Projection {
  Uuid event_id;
  std::string source, type, message_id;
  Instant time;
  Applied status = Applied::applied;  // applied, ignored or quarantined
  std::vector<Row> rows;
  std::string reason;    // of a quarantined event
  std::string envelope;  // of a quarantined event, for its retry
  bool force = false;    // a retry from quarantine: write the rows although the id was processed before
};

struct ProcessedEvent {
  Uuid event_id;
  std::string source, type;
  Applied status = Applied::applied;
  Instant time, received_at;  // received_at: when this environment received it
  std::string reason = {};    // while it is in quarantine
};

struct QuarantinedEvent {
  Uuid event_id;
  std::string source, type, reason, envelope;
  Instant quarantined_at, attempted_at;  // of the first and the last attempt
  int64_t attempts = 0;
};

/// One bounded step of retention: deletes at most `rows_max` of each table's oldest rows from before the given times. A
/// driver may also drop whole partitions in which every row is that old. The work is complete when a step removes fewer
/// than `rows_max` rows of both tables together.
struct Purge {
  Instant processed_before, quarantined_before;
  int64_t rows_max = 1000;
};

/// Projections that can never be stored: index in the span to reason.
using Refusals = std::map<size_t, std::string>;

class EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;

  /// One transaction. Statuses in order; `duplicate` where the id was processed before (or occurs earlier in the span).
  /// A forced projection that succeeds leaves quarantine. Error `invalid`: some projections can never be stored, and
  /// nothing is written; `refusals`, when not null, gets those that were found, at least one.
  virtual Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now,
                                             Refusals* refusals) = 0;

  virtual Result<std::optional<ProcessedEvent>> processed(Uuid event_id) = 0;
  virtual Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) = 0;  // oldest attempt first
  virtual Result<int64_t> purge(const Purge& step) = 0;                            // the number of rows removed
  virtual Result<void> ping() = 0;
  virtual Result<Instant> time(Instant ours) { return ours; }  // as OutboxStore::time()
};

}  // namespace vf::store
