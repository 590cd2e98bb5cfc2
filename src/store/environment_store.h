// EnvironmentStore: the port of one environment's database, which has the tables processed_events, quarantined_events
// and the projected tables, and the environment's runs of jobs. Calls may come from any thread; writes wait for each
// other where the driver has one writer. The error codes have the same meaning as in outbox_store.h.
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
#include "store/runs.h"
#include "store/table.h"

namespace vf::store {

/// What became of an event. dropped: it was quarantined, and an operator dropped it; apply() never returns this.
enum class Applied { applied, duplicate, ignored, quarantined, dropped };
/// What apply() returns.
inline constexpr std::array kApplied{Applied::applied, Applied::duplicate, Applied::ignored, Applied::quarantined};
static_assert(kApplied.size() == static_cast<size_t>(Applied::quarantined) + 1);
std::string_view to_string(Applied status);
/// Returns the status that processed_events stores as `name` (it never stores `duplicate`). Unknown text is read as
/// `applied`.
Applied parse_applied(std::string_view name);

/// The result of projecting one event, ready to be written.
struct Projection {
  Uuid event_id;
  std::string source, type, message_id;
  Instant time;
  Applied status = Applied::applied;  // applied, ignored or quarantined
  std::vector<Row> rows;
  std::string reason;    // of a quarantined event: why it was refused
  std::string envelope;  // of a quarantined event: kept for its retry
  // A retry from quarantine: write the rows although the id was processed before, unless the event was dropped.
  bool force = false;
};

struct ProcessedEvent {
  Uuid event_id;
  std::string source, type;
  Applied status = Applied::applied;
  Instant time, received_at;  // received_at: when this environment received it
  std::string reason = {};    // of a quarantined event: why it was refused
};

struct QuarantinedEvent {
  Uuid event_id;
  std::string source, type, reason, envelope;
  Instant quarantined_at, attempted_at;  // times of the first and of the last attempt
  int64_t attempts = 0;
};

/// A place among the quarantined events, which are in order of their first attempt. Its text is a page's `next`.
struct QuarantinePlace {
  Instant quarantined_at{};
  Uuid event_id{};

  auto operator<=>(const QuarantinePlace&) const = default;
  std::string to_string() const;
  static std::optional<QuarantinePlace> parse(std::string_view text);
};
inline QuarantinePlace place_of(const QuarantinedEvent& event) { return {event.quarantined_at, event.event_id}; }

/// Selects quarantined events that match every field that is set.
struct QuarantineFilter {
  std::optional<std::string> type = {};    // may end in '*'
  std::optional<std::string> reason = {};  // the reason contains this text
  std::optional<Instant> before = {};      // quarantined before this time

  bool matches(const QuarantinedEvent& event) const;
};

/// A span of time in which quarantined events were tried; `from` after `to`: an empty one.
struct Attempts {
  Instant from, to;
};

/// One bounded step of retention. It deletes the oldest rows of processed_events and quarantined_events that are older
/// than the given times, at most `rows_max` rows of each table. A driver may also drop whole partitions in which every
/// row is that old. Retention is complete when a step removes fewer than `rows_max` rows of both tables together.
struct Purge {
  Instant processed_before, quarantined_before;
  int64_t rows_max = 1000;
};

/// The projections of one apply() that can never be stored. Key: the projection's index in the span; value: the reason.
using Refusals = std::map<size_t, std::string>;

class EnvironmentStore : public RunReads {
 public:
  /// Writes all projections in one transaction. Returns their statuses in the order of `projections`. A projection gets
  /// `duplicate`, and is not written, when its event id was processed before or occurs earlier in `projections`, unless
  /// it is forced; a forced one, when its event was dropped. An event in quarantine is removed from it when its forced
  /// projection is not quarantined again.
  /// Error `invalid`: some projections can never be stored, so none was written. If `refusals` is not null, the refused
  /// projections that were found, at least one, are put into it.
  virtual Result<std::vector<Applied>> apply(std::span<const Projection> projections, Instant now,
                                             Refusals* refusals) = 0;

  virtual Result<std::optional<ProcessedEvent>> processed(Uuid event_id) = 0;
  virtual Result<std::vector<QuarantinedEvent>> quarantined(size_t rows_max) = 0;  // the oldest attempt comes first
  /// As quarantined(), without the events whose last attempt was made at one of these times, ends included. An attempt
  /// that seems to be made later was stamped by a clock that was ahead; its event must not wait for that time.
  virtual Result<std::vector<QuarantinedEvent>> not_tried(Attempts between, size_t rows_max) = 0;
  /// Returns the quarantined events after a place, without their envelopes.
  virtual Result<std::vector<QuarantinedEvent>> quarantined_after(const QuarantinePlace& after, size_t rows_max) = 0;
  virtual Result<std::optional<QuarantinedEvent>> find_quarantined(Uuid event_id) = 0;
  virtual Result<int64_t> count_quarantined(int64_t at_most) = 0;  // counted up to `at_most`
  /// Removes these events from quarantine for good: they are never projected, their status is `dropped`. Passes over
  /// those that are not in quarantine. Returns how many it removed.
  virtual Result<int64_t> drop_quarantined(std::span<const Uuid> events) = 0;
  virtual Result<int64_t> purge(const Purge& step) = 0;  // returns the number of rows removed
  /// Makes one write of runs, in a transaction of its own. Error `unavailable`: the outcome may be unknown.
  virtual Result<RunResult> write_run(const RunWrite& write, Instant now) = 0;
  virtual Result<void> ping() = 0;
  virtual Result<Instant> time(Instant ours) { return ours; }  // as OutboxStore::time()
};

}  // namespace vf::store
