#include "raw_log/reconciliation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

namespace vf::raw_log {
namespace {

using store::OutboxRow;

constexpr size_t kChunkRows = 5'000;
// Rows are in the order of their commit; their times of receipt may be out of order by the length of a transaction.
constexpr Millis kDisorder = std::chrono::minutes{10};

using Key = std::pair<Instant, std::string>;  // hour of receipt, source

static_assert(lake::kTallySpan == std::chrono::hours{1});
Instant hour_of(Instant t) { return std::chrono::floor<std::chrono::hours>(t); }
Instant hour_from(Instant t) { return std::chrono::ceil<std::chrono::hours>(t); }

struct OutboxTally {
  int64_t events = 0;
  uint64_t digest = 0;
  Position before;  // position of the row before the first
};

/// A row of the outbox, of an hour and source for which outbox and log differ.
struct Suspect {
  MissingEvent event;
  Position before;  // position of the row before it
  std::string source;
};

class Comparison {
 public:
  Comparison(const ReconciliationPorts& ports, const ReconciliationRange& range, const std::function<bool()>& stop)
      : ports_(ports), range_(range), stop_(stop) {}

  Result<Reconciliation> run() {
    VF_TRY(find_bounds());
    VF_TRY(count());
    VF_TRY(compare());
    for (const Instant hour : hours_that_differ_) {
      VF_TRY(check_hour(hour));
    }
    for (auto& [key, line] : lines_) result_.lines.push_back(std::move(line));
    return std::move(result_);
  }

 private:
  Result<void> find_bounds() {
    result_.from = hour_of(std::max(range_.from, from_unix_millis(0)));
    result_.to = hour_from(range_.to);
    result_.resume = range_.after;
    VF_ASSIGN(const auto cursor, ports_.outbox.cursor(std::string(store::kRawLog)));
    cursor_ = cursor.value_or(Position{});
    VF_ASSIGN(const auto purged, ports_.outbox.purged());
    VF_ASSIGN(const auto first, ports_.outbox.read_after({.after = range_.after, .rows_max = 1}));
    if (first.empty()) {
      result_.from = result_.to;
      return {};
    }
    // Retention has removed a part of the hour that it has reached.
    const Instant received = first.front().event.received;
    const bool is_partial = purged != Position{} && purged >= range_.after;
    result_.from = std::max(result_.from, is_partial ? hour_from(received) : hour_of(received));
    return {};
  }

  /// Calls `each` with every row behind `after` and the position before that row, until `each` returns false.
  template <class Each>
  Result<void> read(Position after, Each each) {
    while (true) {
      if (stop_()) return unavailable("the reconciliation was stopped");
      VF_ASSIGN(const auto rows, ports_.outbox.read_after({.after = after, .rows_max = kChunkRows}));
      if (rows.empty()) return {};
      for (const auto& row : rows) {
        ++result_.rows_read;
        if (!each(row, after)) return {};
        after = row.event.position;
      }
    }
  }

  Result<void> count() {
    bool near_end = false;
    return read(range_.after, [&](const OutboxRow& row, Position before) {
      const Event& event = row.event;
      if (event.position > cursor_ || event.received >= result_.to + kDisorder) return false;
      near_end = near_end || event.received >= result_.to - kDisorder;
      if (!near_end) result_.resume = before;
      if (event.received < result_.from || event.received >= result_.to) return true;
      last_ = std::max(last_, event.received);
      const auto [found, fresh] = outbox_.try_emplace({hour_of(event.received), event.source});
      if (fresh) found->second.before = before;
      ++found->second.events;
      found->second.digest += lake::id_digest(event.id);
      return true;
    });
  }

  Result<void> compare() {
    std::map<Key, lake::HourTally> lake;
    // Hour by hour: to count the different ids of a span takes the lake memory for all of them.
    for (Instant hour = result_.from; hour <= last_; hour += lake::kTallySpan) {
      if (stop_()) return unavailable("the reconciliation was stopped");
      VF_ASSIGN(const auto tallies, ports_.lake.tally(hour, hour + lake::kTallySpan));
      for (const auto& tally : tallies) lake[{tally.hour, tally.source}] = tally;
    }
    for (const auto& [key, tally] : outbox_) line(key).outbox = tally.events;
    for (const auto& [key, tally] : lake) {
      line(key).lake = tally.rows;
      line(key).repeated = tally.rows - tally.events;
    }
    for (auto& [key, found] : lines_) {
      const auto& tally = lake[key];
      if (outbox_[key].events == tally.rows && outbox_[key].digest == tally.digest) continue;
      found.unknown = tally.events;  // less those that look_up() finds
      differing_.insert(key);
      hours_that_differ_.insert(key.first);
    }
    return {};
  }

  ReconciledHour& line(const Key& key) {
    ReconciledHour& found = lines_[key];
    found.hour = key.first;
    found.source = key.second;
    return found;
  }

  // Reads the hour's rows of the outbox, also those that the feeder has not passed: the log may hold them already.
  Result<void> check_hour(Instant hour) {
    Position after = cursor_;
    for (const auto& [key, tally] : outbox_) {
      if (key.first == hour && tally.events > 0) after = std::min(after, tally.before);
    }
    std::vector<Suspect> suspects;
    Result<void> looked_up;
    const auto flush = [&] {
      looked_up = look_up(std::exchange(suspects, {}), hour);
      return looked_up.has_value();
    };
    auto done = read(after, [&](const OutboxRow& row, Position before) {
      const Event& event = row.event;
      if (event.received >= hour + lake::kTallySpan + kDisorder) return false;
      if (hour_of(event.received) != hour || !differing_.contains({hour, event.source})) return true;
      suspects.push_back(
          {.event = {.position = event.position, .id = event.id}, .before = before, .source = event.source});
      return suspects.size() < kChunkRows || flush();
    });
    if (!done) return done;
    if (looked_up) flush();
    return looked_up;
  }

  Result<void> look_up(const std::vector<Suspect>& suspects, Instant hour) {
    VF_ASSIGN(const auto held, held_of(suspects, hour));
    std::vector<Suspect> absent;
    for (const auto& suspect : suspects) {
      ReconciledHour& found = line({hour, suspect.source});
      if (held.contains(suspect.event.id)) {
        found.unknown = std::max<int64_t>(0, found.unknown - 1);
      } else if (suspect.event.position <= cursor_) {
        VF_ASSIGN(const bool is_dead, has_dead_letter(suspect.event.id));
        if (is_dead) {
          ++found.dead_letters;
        } else {
          absent.push_back(suspect);
        }
      }
    }
    // The feeder may have inserted an event and dropped its row in between.
    VF_ASSIGN(const auto restored, held_of(absent, hour));
    for (const auto& [event, before, source] : absent) {
      if (restored.contains(event.id)) continue;
      ++line({hour, source}).missing;
      note_missing(event, before);
    }
    return {};
  }

  /// Returns those ids of the suspects that the log holds now.
  Result<std::unordered_set<Uuid>> held_of(const std::vector<Suspect>& suspects, Instant hour) {
    if (suspects.empty()) return std::unordered_set<Uuid>{};
    std::vector<Uuid> ids;
    for (const auto& suspect : suspects) ids.push_back(suspect.event.id);
    VF_ASSIGN(const auto present, ports_.lake.ids_present(ids, hour, hour + lake::kTallySpan - Millis{1}));
    return std::unordered_set<Uuid>(present.begin(), present.end());
  }

  Result<bool> has_dead_letter(Uuid id) {
    VF_ASSIGN(const auto rows, ports_.outbox.deliveries_of(id));
    return std::ranges::find(rows, store::kRawLog, &store::PutDelivery::target) != rows.end();
  }

  void note_missing(const MissingEvent& event, Position before) {
    if (result_.missing_total++ == 0 || before < result_.before_missing) result_.before_missing = before;
    if (result_.missing_total <= kMissingMax) result_.missing.push_back(event);
  }

  const ReconciliationPorts& ports_;
  const ReconciliationRange& range_;
  const std::function<bool()>& stop_;
  Position cursor_;
  Instant last_ = Instant::min();  // receipt of the latest row in the range
  std::map<Key, OutboxTally> outbox_;
  std::map<Key, ReconciledHour> lines_;
  std::set<Key> differing_;
  std::set<Instant> hours_that_differ_;
  Reconciliation result_;
};

}  // namespace

int64_t Reconciliation::difference() const {
  int64_t sum = 0;
  for (const auto& line : lines) sum += line.difference();
  return sum;
}

Result<Reconciliation> reconcile(const ReconciliationPorts& ports, const ReconciliationRange& range,
                                 const std::function<bool()>& stop) {
  return Comparison(ports, range, stop).run();
}

std::vector<store::Write> repairs(const Reconciliation& found, Instant now) {
  std::vector<store::Write> writes;
  if (found.missing_total > kMissingMax) {
    writes.emplace_back(store::MoveCursor{std::string(store::kRawLog), found.before_missing,
                                          std::to_string(found.missing_total) + " events were not in the raw log"});
    return writes;
  }
  for (const auto& event : found.missing) {
    store::PutDelivery row;
    row.target = std::string(store::kRawLog);
    row.position = event.position;
    row.event_id = event.id;
    row.state = store::PutDelivery::State::retry;
    row.next_attempt_at = now;
    row.reason = "it was not in the raw log";
    writes.emplace_back(std::move(row));
  }
  return writes;
}

}  // namespace vf::raw_log
