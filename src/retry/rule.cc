#include "retry/rule.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace vf::retry {

Rule::Next Rule::next(SteadyTime now, bool held_wait) const {
  if (!pace_.may_send(now)) return Next::nothing;
  const bool is_due = lane_.next_due(now).has_value();
  // While the receiver backs off the lane is silent; but when only waiting events are left, the receiver must be probed
  // with one of them.
  if (pace_.is_backing_off()) {
    return held_wait ? Next::held : is_due && pace_.may_probe_alone(now) ? Next::alone : Next::nothing;
  }
  const bool alone = is_due && pace_.may_send_alone(now);
  if (alone && held_wait) return alone_was_last_ ? Next::held : Next::alone;
  return alone ? Next::alone : held_wait ? Next::held : Next::nothing;
}

Uuid Rule::next_alone(SteadyTime now) const { return lane_.next_due(now).value(); }

uint64_t Rule::began(Kind kind, SteadyTime now) {
  begins_at_random_ = false;
  return began(Request{.kind = kind, .event_id = {}, .began = now, .before = {}}, now);
}

uint64_t Rule::began_alone(Uuid event_id, SteadyTime now) {
  lane_.began(event_id);
  return began(Request{.kind = Kind::alone, .event_id = event_id, .began = now, .before = evidence_.before()}, now);
}

uint64_t Rule::began(const Request& request, SteadyTime now) {
  const uint64_t number = ++last_request_;
  alone_was_last_ = request.kind == Kind::alone;
  pace_.began(number, request.kind, now);
  if (request.kind == Kind::fresh) evidence_.fresh_began(number, now);
  in_flight_.emplace(number, request);
  return number;
}

std::vector<Rule::Change> Rule::ended(uint64_t request, const Outcome& outcome, const Reason& reason, Time now) {
  const auto found = in_flight_.extract(request);
  VF_INVARIANT(!found.empty());
  const Request& sent = found.mapped();
  pace_.ended(request, outcome, now.steady);
  const auto* entry = lane_.find(sent.event_id);
  if (outcome.delivered) {
    failures_in_a_row_ = 0;
  } else {
    begins_at_random_ = true;
    const bool is_known_to_fail = sent.kind == Kind::alone && (!entry || entry->is_recorded);
    if (sent.kind == Kind::fresh || (failures_in_a_row_ > 0 && !is_known_to_fail)) ++failures_in_a_row_;
  }
  std::vector<Change> changes;
  if (outcome.delivered && sent.kind != Kind::alone) record_long_waits(changes);
  if (sent.kind == Kind::fresh) {
    count(evidence_.fresh_ended(request, outcome.delivered, now.steady), now.steady, changes);
  } else if (sent.kind == Kind::alone && lane_.has(sent.event_id)) {
    if (outcome.delivered) {
      lane_.remove(sent.event_id);
    } else {
      lane_.failed(sent.event_id, outcome, reason, now);
      alone_failed(sent, outcome, now, changes);
    }
  }
  return changes;
}

void Rule::alone_failed(const Request& request, const Outcome& outcome, Time now, std::vector<Change>& changes) {
  const Uuid id = request.event_id;
  const bool healthy_before = request.before && request.before->delivered;
  if (!outcome.is_limited()) {
    evidence_.failed({.event_id = id, .before = request.before, .began = request.began, .ended = now.steady});
  }
  if (lane_.is_dead(id, now.steady)) {
    die(id, changes);
  } else if (!lane_.find(id)->is_recorded) {
    if (healthy_before) return record(id, changes);
    if (outcome.retry_after > longest_) long_waits_.insert(id);
  }
}

void Rule::count(const std::vector<Evidence::Failed>& attempts, SteadyTime now, std::vector<Change>& changes) {
  for (const auto& attempt : attempts) {
    const Uuid id = attempt.event_id;
    if (!lane_.has(id)) continue;
    lane_.count(id);
    if (lane_.is_dead(id, now)) {
      die(id, changes);
    } else {
      record(id, changes);
    }
  }
}

std::vector<Rule::Change> Rule::failed_alone(Uuid event_id, Lane::Entry entry, const Outcome& outcome, Time now) {
  std::vector<Change> changes;
  const bool is_recorded = entry.is_recorded;
  lane_.add(event_id, std::move(entry), outcome, now);
  if (is_recorded) record(event_id, changes);
  if (!is_recorded && outcome.retry_after > longest_) long_waits_.insert(event_id);
  return changes;
}

// The receiver takes other events, so these have failed by themselves. Without a row a restart would send them again at
// once.
void Rule::record_long_waits(std::vector<Change>& changes) {
  for (const Uuid id : std::exchange(long_waits_, {})) {
    const auto* entry = lane_.find(id);
    if (entry && !entry->is_recorded && !lane_.is_full()) record(id, changes);
  }
}

std::vector<Rule::Change> Rule::record_held() {
  std::vector<Change> changes;
  for (const Uuid id : lane_.held()) record(id, changes);
  return changes;
}

// Writes the event's row, for the first time or again. When the lane is full, the event that has failed most often
// makes room.
void Rule::record(Uuid event_id, std::vector<Change>& changes) {
  if (!lane_.find(event_id)->is_recorded) {
    if (lane_.is_full()) {
      const auto most = lane_.most_counted();
      if (!most) {
        without_room_ = event_id;
        return;
      }
      die(*most, changes);
    }
    lane_.set_recorded(event_id);
  }
  changes.push_back({.event_id = event_id, .entry = *lane_.find(event_id), .is_dead = false});
}

bool Rule::is_full() const {
  const auto* entry = without_room_ && lane_.is_full() ? lane_.find(*without_room_) : nullptr;
  return entry != nullptr && !entry->is_recorded;
}

void Rule::die(Uuid event_id, std::vector<Change>& changes) {
  changes.push_back({.event_id = event_id, .entry = *lane_.find(event_id), .is_dead = true});
  lane_.remove(event_id);
}

void Rule::forgive(SteadyTime now) {
  pace_.forgive();
  lane_.hurry(now);
}

std::optional<SteadyTime> Rule::next_change(SteadyTime now) const {
  std::optional<SteadyTime> next;
  for (const auto at : {pace_.retry_at(), pace_.alone_at(), pace_.next_lent_at(now), lane_.due_at()}) {
    if (at && *at > now) next = next ? std::min(*next, *at) : *at;
  }
  return next;
}

}  // namespace vf::retry
