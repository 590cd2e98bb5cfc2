#include "fanout/batches.h"

#include <algorithm>

#include "base/result.h"
#include "event/envelope.h"

namespace vf::fanout {
namespace {

using store::SkipReason;

bool is_skipped_by_mode(SkipReason skip_reason) {
  return skip_reason == SkipReason::dry_run || skip_reason == SkipReason::detached;
}

bool may_share_a_step(SkipReason a, SkipReason b) {
  return a == b || (!is_skipped_by_mode(a) && !is_skipped_by_mode(b));
}

}  // namespace

void Batches::reset(Position cursor) {
  first_number_ += closed_.size();
  closed_.clear();
  waiting_.clear();
  waiting_failed_.clear();
  waiting_events_ = 0;
  held_ = {};
  gathering_ = Batch{};
  gathering_.from = gathering_.to = cursor;
}

void Batches::add(const Event& event, SkipReason skip_reason, SteadyTime now) {
  VF_INVARIANT(event.position > gathering_.to);
  const bool wanted = skip_reason == SkipReason::none;
  if (!gathering_.is_empty() && !may_share_a_step(gathering_.skip_reason, skip_reason)) close();
  if (wanted && !gathering_.items.empty() &&
      gathering_.body.size() + 2 + envelope_size_max(event) > params_.bytes_max) {
    close();
  }
  if (gathering_.is_empty()) {
    gathering_.begun = now;
    gathering_.oldest = event.received;
  }
  if (gathering_.items.empty()) gathering_.skip_reason = skip_reason;
  gathering_.to = event.position;
  if (!wanted) {
    ++gathering_.skipped;
    return;
  }
  gathering_.body += gathering_.items.empty() ? '[' : ',';
  const size_t begin = gathering_.body.size();
  append_envelope(gathering_.body, event);
  ++gathering_.held;
  ++held_.events;
  held_.bytes += gathering_.body.size() - begin;
  gathering_.items.push_back({.id = event.id,
                              .position = event.position,
                              .received = event.received,
                              .begin = begin,
                              .end = gathering_.body.size()});
  if (gathering_.items.size() >= params_.events_max) close();
}

bool Batches::gathered_enough(SteadyTime now, bool idle) const {
  if (gathering_.items.empty()) {
    return gathering_.skipped >= params_.skipped_max ||
           (gathering_.skipped > 0 && now - gathering_.begun >= params_.skipped_for);
  }
  return idle || now - gathering_.begun >= params_.linger;
}

void Batches::cut(SteadyTime now, bool idle) {
  if (gathered_enough(now, idle)) close();
}

std::optional<SteadyTime> Batches::cut_due() const {
  if (gathering_.is_empty()) return std::nullopt;
  return gathering_.begun + (gathering_.items.empty() ? params_.skipped_for : params_.linger);
}

void Batches::close() {
  const Position end = gathering_.to;
  const uint64_t number = first_number_ + closed_.size();
  closed_.push_back(std::exchange(gathering_, Batch{}));
  gathering_.from = gathering_.to = end;
  Batch& closed = closed_.back();
  if (closed.items.empty()) {
    closed.steps = steps_of(closed);
    held_.events += closed.held = 1;
    return;
  }
  closed.body += ']';
  add_part(number, {.first = 0, .last = closed.items.size()});
}

void Batches::add_part(uint64_t number, Part part) {
  const PartRef ref{.batch = number, .part = batch({.batch = number}).parts.size()};
  Batch& of = batch(ref);
  of.parts.push_back(part);
  ++of.open_parts;
  wait(ref);
}

void Batches::wait(PartRef ref) {
  const Part& part = batch(ref).parts[ref.part];
  waiting(part.has_failed).insert(ref);
  waiting_events_ += part.last - part.first;
}

void Batches::no_longer_waits(PartRef ref) {
  const Part& part = batch(ref).parts[ref.part];
  waiting(part.has_failed).erase(ref);
  waiting_events_ -= part.last - part.first;
}

// Narrows a part that does not wait to its items [first, last). The events before and after them wait as parts of their
// own.
PartRef Batches::narrow(PartRef ref, size_t first, size_t last) {
  const Part whole = batch(ref).parts[ref.part];
  batch(ref).parts[ref.part].first = first;
  batch(ref).parts[ref.part].last = last;
  for (const auto& [from, to] : {std::pair(whole.first, first), std::pair(last, whole.last)}) {
    if (from == to) continue;
    Part rest = whole;
    rest.first = from;
    rest.last = to;
    add_part(ref.batch, rest);
  }
  return ref;
}

Batches::Place Batches::oldest_place() {
  const bool failed = waiting_.empty() || (!waiting_failed_.empty() && !failed_was_last_);
  return {.ref = *waiting(failed).begin()};
}

Batches::Place Batches::random_place(Random& random, bool prefer_fresh) const {
  const auto events = [this](const std::set<PartRef>& parts) {
    size_t sum = 0;
    for (const PartRef ref : parts) sum += items(ref).size();
    return sum;
  };
  const bool fresh_only = prefer_fresh && !waiting_.empty();
  size_t skip = random.below(fresh_only ? events(waiting_) : waiting_events_);
  for (const auto* parts : {&waiting_, &waiting_failed_}) {
    for (const PartRef ref : *parts) {
      const size_t size = items(ref).size();
      if (skip < size) return {.ref = ref, .offset = skip};
      skip -= size;
    }
  }
  VF_INVARIANT(false);
  return {};
}

std::optional<PartRef> Batches::next(Instant now, size_t events_max, Random* at_random, bool prefer_fresh) {
  if (!anything_waits()) return std::nullopt;
  const Place place = at_random != nullptr ? random_place(*at_random, prefer_fresh) : oldest_place();
  const PartRef ref = place.ref;
  no_longer_waits(ref);
  const Part& part = batch(ref).parts[ref.part];
  failed_was_last_ = part.has_failed;
  const size_t first = part.first + place.offset;
  const size_t most = params_.one_event_a_part ? 1 : std::max<size_t>(1, events_max);
  narrow(ref, first, std::min(part.last, first + most));
  Batch& of = batch(ref);
  if (of.sent_at == Instant{}) of.sent_at = now;
  ++of.parts[ref.part].attempts;
  return ref;
}

void Batches::halve(PartRef ref) {
  Part& part = batch(ref).parts[ref.part];
  VF_INVARIANT(part.last - part.first >= 2);
  part.has_failed = true;
  narrow(ref, part.first, part.first + (part.last - part.first) / 2);
  wait(ref);
}

void Batches::cut_up(PartRef ref) {
  batch(ref).parts[ref.part].has_failed = true;
  Part whole = batch(ref).parts[ref.part];
  batch(ref).parts[ref.part].last = whole.first + 1;
  wait(ref);
  for (size_t at = whole.first + 1; at < whole.last; ++at) {
    Part single = whole;
    single.first = at;
    single.last = at + 1;
    add_part(ref.batch, single);
  }
}

bool Batches::take_out(Uuid event_id) {
  if (std::ranges::find(gathering_.items, event_id, &Item::id) != gathering_.items.end()) close();
  for (const auto* parts : {&waiting_failed_, &waiting_}) {
    for (const PartRef ref : *parts) {
      const auto events = items(ref);
      const auto found = std::ranges::find(events, event_id, &Item::id);
      if (found == events.end()) continue;
      const size_t at = batch(ref).parts[ref.part].first + static_cast<size_t>(found - events.begin());
      no_longer_waits(ref);
      narrow(ref, at, at + 1);
      complete(ref, false);
      return true;
    }
  }
  return false;
}

void Batches::complete(PartRef ref, bool delivered) {
  if (delivered) batch(ref).parts[ref.part].delivered = static_cast<int64_t>(items(ref).size());
  complete_part(ref);
}

void Batches::skip(PartRef ref, SkipReason skip_reason) {
  batch(ref).parts[ref.part].skip_reason = skip_reason;
  complete_part(ref);
}

void Batches::skip_waiting(SkipReason skip_reason) {
  if (!gathering_.items.empty()) close();
  waiting_events_ = 0;
  for (const PartRef ref : std::exchange(waiting_, {})) skip(ref, skip_reason);
  for (const PartRef ref : std::exchange(waiting_failed_, {})) skip(ref, skip_reason);
}

void Batches::complete_part(PartRef ref) {
  Batch& of = batch(ref);
  VF_INVARIANT(of.open_parts > 0);
  if (--of.open_parts > 0) return;
  of.steps = steps_of(of);
  // Frees what only sending needs: this batch may wait long for an older batch.
  held_.events -= of.held - 1;
  of.held = 1;
  for (const Item& item : of.items) held_.bytes -= item.end - item.begin;
  std::string().swap(of.body);
  std::vector<Item>().swap(of.items);
  std::vector<Part>().swap(of.parts);
}

std::deque<Batches::Step> Batches::steps_of(Batch& completed) {
  if (completed.parts.empty())
    return {Step{.from = completed.from, .to = completed.to, .skip_reason = completed.skip_reason}};
  std::ranges::sort(completed.parts, {}, &Part::first);
  std::deque<Step> steps;
  for (const Part& part : completed.parts) {
    if (steps.empty() || steps.back().skip_reason != part.skip_reason) {
      const Position from = steps.empty() ? completed.from : steps.back().to;
      steps.push_back({.from = from, .sent_at = completed.sent_at, .skip_reason = part.skip_reason});
    }
    Step& step = steps.back();
    step.to = completed.items[part.last - 1].position;
    step.count += part.delivered;
    step.attempts = std::max(step.attempts, part.attempts);
  }
  steps.back().to = completed.to;
  return steps;
}

bool Batches::has(PartRef ref) const {
  return ref.batch >= first_number_ && ref.batch - first_number_ < closed_.size();
}

std::span<const Item> Batches::items(PartRef ref) const {
  const Batch& of = batch(ref);
  const Part& part = of.parts[ref.part];
  return std::span(of.items).subspan(part.first, part.last - part.first);
}

std::string Batches::body(PartRef ref) const {
  const Batch& of = batch(ref);
  const auto events = items(ref);
  if (!params_.one_event_a_part && events.size() == of.items.size()) return of.body;
  const auto slice = std::string_view(of.body).substr(events.front().begin, events.back().end - events.front().begin);
  if (params_.one_event_a_part) return std::string(slice);
  std::string out;
  out.reserve(slice.size() + 2);
  out += '[';
  out += slice;
  out += ']';
  return out;
}

std::optional<Batches::Step> Batches::completed() const {
  std::optional<Step> all;
  for (const Batch& done : closed_) {
    if (done.open_parts > 0) break;
    for (const Step& step : done.steps) {
      if (!all) {
        all = step;
        continue;
      }
      if (!may_share_a_step(all->skip_reason, step.skip_reason)) return all;
      all->to = step.to;
      all->count += step.count;
      all->attempts = std::max(all->attempts, step.attempts);
      if (all->sent_at == Instant{}) all->sent_at = step.sent_at;
      if (step.skip_reason == SkipReason::none) all->skip_reason = SkipReason::none;
    }
  }
  return all;
}

bool Batches::advance_to(Position cursor) {
  while (!closed_.empty() && closed_.front().open_parts == 0) {
    auto& steps = closed_.front().steps;
    while (!steps.empty() && steps.front().to <= cursor) steps.pop_front();
    if (!steps.empty()) return cursor == steps.front().from;
    held_.events -= closed_.front().held;
    closed_.pop_front();
    ++first_number_;
  }
  return cursor == (closed_.empty() ? gathering_.from : closed_.front().from);
}

std::optional<Instant> Batches::oldest() const {
  if (!closed_.empty()) return closed_.front().oldest;
  return gathering_.is_empty() ? std::nullopt : std::optional(gathering_.oldest);
}

}  // namespace vf::fanout
