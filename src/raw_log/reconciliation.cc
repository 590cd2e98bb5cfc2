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
// Rows stand in the order of their commit; times of receipt may differ from it by the length of a transaction.
constexpr Millis kDisorder = std::chrono::minutes{10};

using Key = std::pair<Instant, std::string>;  // hour, source

Instant hour_of(Instant t) { return std::chrono::floor<std::chrono::hours>(t); }
Instant hour_from(Instant t) { return std::chrono::ceil<std::chrono::hours>(t); }

struct OutboxTally {
  int64_t events = 0;
  uint64_t digest = 0;
  Position before;  // the first row
};

/// A row of an hour that differs.
struct Suspect {
  MissingEvent event;
  Position before;  // of the row before it
  std::string source;
};

class Proving {
 public:
  Proving(const ReconciliationPorts& ports, const ReconciliationRange& range, const std::function<bool()>& stop)
      : ports_(ports), range_(range), stop_(stop) {}

  Result<Reconciliation> run() {
    VF_TRY(find_bounds());
    VF_TRY(count());
    VF_TRY(compare());
    for (const Instant hour : hours_that_differ_) {
      VF_TRY(look_into(hour));
    }
    for (auto& [key, line] : lines_) proof_.lines.push_back(std::move(line));
    return std::move(proof_);
  }

 private:
  Result<void> find_bounds() {
    proof_.from = hour_of(std::max(range_.from, from_unix_millis(0)));
    proof_.to = hour_from(range_.to);
    proof_.resume = range_.after;
    VF_ASSIGN(const auto cursor, ports_.outbox.cursor(std::string(store::kRawLog)));
    cursor_ = cursor.value_or(Position{});
    VF_ASSIGN(const auto purged, ports_.outbox.purged());
    VF_ASSIGN(const auto first, ports_.outbox.read_after({.after = range_.after, .rows_max = 1}));
    if (first.empty()) {
      proof_.from = proof_.to;
      return {};
    }
    // The hour that retention stands in is held in part.
    const Instant received = first.front().event.received;
    const bool in_part = purged != Position{} && purged >= range_.after;
    proof_.from = std::max(proof_.from, in_part ? hour_from(received) : hour_of(received));
    return {};
  }

  /// Calls `each` with every row after `after` and the position before it, until it says false.
  template <class Each>
  Result<void> read(Position after, Each each) {
    while (true) {
      if (stop_()) return unavailable("the proof was stopped");
      VF_ASSIGN(const auto rows, ports_.outbox.read_after({.after = after, .rows_max = kChunkRows}));
      if (rows.empty()) return {};
      for (const auto& row : rows) {
        ++proof_.rows_read;
        if (!each(row, after)) return {};
        after = row.event.position;
      }
    }
  }

  Result<void> count() {
    bool near_end = false;
    return read(range_.after, [&](const OutboxRow& row, Position before) {
      const Event& event = row.event;
      if (event.position > cursor_ || event.received >= proof_.to + kDisorder) return false;
      near_end = near_end || event.received >= proof_.to - kDisorder;
      if (!near_end) proof_.resume = before;
      if (event.received < proof_.from || event.received >= proof_.to) return true;
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
    for (Instant hour = proof_.from; hour <= last_; hour += lake::kTallySpan) {  // one by one: ids take memory there
      if (stop_()) return unavailable("the proof was stopped");
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
      found.unknown = tally.events;  // until they are found in the outbox
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

  // An hour's rows, also those that the feeder has not passed: some of them may be in the log already.
  Result<void> look_into(Instant hour) {
    Position after = cursor_;
    for (const auto& [key, tally] : outbox_) {
      if (key.first == hour && tally.events > 0) after = std::min(after, tally.before);
    }
    std::vector<Suspect> suspects;
    Result<void> looked_for;
    const auto look = [&] {
      looked_for = look_for(std::exchange(suspects, {}), hour);
      return looked_for.has_value();
    };
    auto done = read(after, [&](const OutboxRow& row, Position before) {
      const Event& event = row.event;
      if (event.received >= hour + lake::kTallySpan + kDisorder) return false;
      if (hour_of(event.received) != hour || !differing_.contains({hour, event.source})) return true;
      suspects.push_back({{event.position, event.id}, before, event.source});
      return suspects.size() < kChunkRows || look();
    });
    if (!done) return done;
    if (looked_for) look();
    return looked_for;
  }

  Result<void> look_for(const std::vector<Suspect>& suspects, Instant hour) {
    std::vector<Uuid> ids;
    for (const auto& suspect : suspects) ids.push_back(suspect.event.id);
    VF_ASSIGN(const auto present, ports_.lake.ids_present(ids, hour, hour + lake::kTallySpan - Millis{1}));
    const std::unordered_set<Uuid> held(present.begin(), present.end());
    for (const auto& [event, before, source] : suspects) {
      ReconciledHour& found = line({hour, source});
      if (held.contains(event.id)) {
        found.unknown = std::max<int64_t>(0, found.unknown - 1);
      } else if (event.position <= cursor_) {
        VF_ASSIGN(const auto aside, is_put_aside(event.id));
        ++(aside ? found.put_aside : found.missing);
        if (!aside) note_missing(event, before);
      }
    }
    return {};
  }

  Result<bool> is_put_aside(Uuid id) {
    VF_ASSIGN(const auto rows, ports_.outbox.deliveries_of(id));
    return std::ranges::find(rows, store::kRawLog, &store::PutDelivery::target) != rows.end();
  }

  void note_missing(const MissingEvent& event, Position before) {
    if (proof_.missing_total++ == 0 || before < proof_.before_missing) proof_.before_missing = before;
    if (proof_.missing_total <= kMissingMax) proof_.missing.push_back(event);
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
  Reconciliation proof_;
};

}  // namespace

int64_t Reconciliation::difference() const {
  int64_t sum = 0;
  for (const auto& line : lines) sum += line.difference();
  return sum;
}

Result<Reconciliation> reconcile(const ReconciliationPorts& ports, const ReconciliationRange& range,
                                 const std::function<bool()>& stop) {
  return Proving(ports, range, stop).run();
}

std::vector<store::Write> repairs(const Reconciliation& proof, Instant now) {
  std::vector<store::Write> writes;
  if (proof.missing_total > kMissingMax) {
    writes.emplace_back(store::MoveCursor{std::string(store::kRawLog), proof.before_missing,
                                          std::to_string(proof.missing_total) + " events were not in the raw log"});
    return writes;
  }
  for (const auto& event : proof.missing) {
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
