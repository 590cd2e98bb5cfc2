#include "fanout_watch.h"

#include <algorithm>

#include "event/envelope_reader.h"

namespace vf::simulation {

void FanoutWatch::add(const fanout::Target& target) {
  const bool dry_run = target.mode == fanout::Mode::dry_run;
  targets_.push_back({.target = target, .in_dry_run = dry_run, .ever_dry_run = dry_run});
}

bool FanoutWatch::has_exception(size_t index, Uuid id) {
  const auto rows = *outbox_.deliveries_of(id);
  return std::ranges::find(rows, targets_[index].target.name, &store::PutDelivery::target) != rows.end();
}

void FanoutWatch::sent(size_t index, const http::Outgoing& request) {
  const auto& watched = targets_[index];
  const auto& name = watched.target.name;
  require(!watched.in_dry_run, "{} was sent a request in dry-run", name);
  const auto events = read_envelopes(request.body, 1000);
  require(events.has_value(), "{} was sent a request that holds no envelopes", name);
  const auto cursor = outbox_.true_cursor(name).value_or(Position{});
  for (const Event& event : *events) {
    const auto* row = outbox_.true_row(event.id);
    require(row != nullptr, "{} was sent {}, which was never committed", name, event.id.to_string());
    require(row->fan_out, "{} was sent {} of a source in dry-run", name, event.id.to_string());
    require(fanout::wants(watched.target, row->event), "{} was sent {}, unwanted", name, event.id.to_string());
    require(row->event.position > cursor || has_exception(index, event.id),
            "{} was sent {} at {}, behind its cursor at {}", name, event.id.to_string(), row->event.position.seq,
            cursor.seq);
  }
}

void FanoutWatch::order(Ingest& ingest, size_t index, std::optional<fanout::Mode> mode) {
  auto& watched = targets_[index];
  const uint64_t mine = ++watched.orders;
  const bool dry_run = mode.value_or(watched.target.mode) == fanout::Mode::dry_run;
  watched.in_dry_run = false;
  watched.ever_dry_run = watched.ever_dry_run || dry_run;
  const auto on_done = [this, index, mine, dry_run](const Result<void>& done) {
    if (done && targets_[index].orders == mine) targets_[index].in_dry_run = dry_run;
  };
  auto& dispatcher = ingest.dispatcher(index);
  if (!mode) return dispatcher.resume(on_done);
  journal_.note(dry_run ? "a target is set to dry-run" : "a target is paused");
  dispatcher.set_mode(*mode, on_done);
}

bool FanoutWatch::check_status(size_t index, const fanout::Status& status) {
  auto& watched = targets_[index];
  const bool detached = status.mode == fanout::Mode::detached;
  if (detached) {
    watched.ever_detached = true;
    require(status.state == fanout::State::detached && status.alarm.starts_with("detached"),
            "{} is detached without an alarm", status.name);
  }
  // A process that has just started reports the detachment of an earlier life with another alarm.
  const bool is_new = detached && !watched.detached && status.alarm.contains("max_backlog");
  if (is_new) journal_.note("a target is detached");
  watched.detached = detached;
  return is_new;
}

bool FanoutWatch::is_skipped(size_t index, const store::OutboxRow& row) {
  const auto& watched = targets_[index];
  const auto batch = *outbox_.batch_of(watched.target.name, row.event.position);
  if (!batch) return watched.ever_detached;  // the detachment moved its cursor to the present
  if (batch->skip_reason == store::SkipReason::dry_run) return watched.ever_dry_run;
  return batch->skip_reason == store::SkipReason::detached && watched.ever_detached;
}

}  // namespace vf::simulation
