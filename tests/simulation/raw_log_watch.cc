#include "raw_log_watch.h"

#include <algorithm>

namespace vf::simulation {
namespace {

const std::string kRawLog{store::kRawLog};

}  // namespace

bool RawLogWatch::has_exception(Uuid id) {
  const auto rows = *outbox_.deliveries_of(id);
  return std::ranges::find(rows, kRawLog, &store::PutDelivery::target) != rows.end();
}

bool RawLogWatch::is_handled(const store::OutboxRow& row) {
  return lake_.holds(row.event.id) || has_exception(row.event.id);
}

void RawLogWatch::check() {
  if (const auto cursor = outbox_.true_cursor(kRawLog)) {
    require(*cursor >= checked_, "the cursor of the raw log went back from {} to {}", checked_.seq, cursor->seq);
    for (const auto& row : outbox_.rows_between(checked_, *cursor)) {
      require(is_handled(row), "the raw log's cursor passed {} at {}, which is neither stored nor an exception",
              row.event.id.to_string(), row.event.position.seq);
    }
    checked_ = *cursor;
  }
  for (const auto& row : dead()) {
    // A row whose event retention has removed from the outbox dies however often it was tried.
    require(row.attempts >= 10 || !outbox_.holds_row(row.event_id),
            "{} is a dead letter of the raw log after {} attempts", row.event_id.to_string(), row.attempts);
  }
}

void RawLogWatch::retry(const store::PutDelivery& row) {
  journal_.note("a dead letter of the raw log is retried");
  outbox_.write_by_hand(store::RetryDeadLetters{.target = row.target, .events = {row.event_id}});
}

void RawLogWatch::operate() {
  if (random_.below(3) != 0) {
    auto rows = dead();
    if (!rows.empty()) retry(rows[random_.below(rows.size())]);
    return;
  }
  const auto cursor = outbox_.true_cursor(kRawLog);
  if (!cursor) return;
  const uint64_t from = std::min(cursor->seq, outbox_.true_purged().seq);
  const Position to{0, 0, from + random_.below(cursor->seq - from + 1)};
  journal_.note("the raw log's cursor is moved back", to.seq);
  outbox_.write_by_hand(store::MoveCursor{kRawLog, to, "by hand"});
  checked_ = to;
}

void RawLogWatch::retry_what_can_be_stored() {
  for (auto& row : dead()) {
    if (!lake_.refuses(row.event_id) && outbox_.holds_row(row.event_id)) retry(std::move(row));
  }
}

// Rows that the lake always refuses may still wait at the end, the first of them at the cursor, because no other row
// flows any more.
std::string RawLogWatch::unfinished() {
  const auto cursor = outbox_.true_cursor(kRawLog).value_or(Position{});
  for (const auto& row : outbox_.rows_between(cursor, outbox_.true_end())) {
    if (lake_.refuses(row.event.id) || lake_.holds(row.event.id)) continue;
    return fmt::format("; the raw log is at {} of {}", cursor.seq, outbox_.true_end().seq);
  }
  for (const auto& row : dead()) {
    if (!lake_.refuses(row.event_id) && outbox_.holds_row(row.event_id)) return "; the raw log has dead letters";
  }
  for (const auto& row : *outbox_.deliveries(kRawLog, store::PutDelivery::State::retry, SIZE_MAX)) {
    if (!lake_.refuses(row.event_id)) return "; the raw log has retries";
  }
  return {};
}

void RawLogWatch::check_rest() {
  while (lake_.anything_runs()) lake_.end_running();
  for (const auto& row : outbox_.rows_between({}, outbox_.true_end())) {
    const Uuid id = row.event.id;
    if (lake_.holds(id)) continue;
    const bool lost_to_retention = !outbox_.holds_row(id);
    require(lake_.refuses(id) || (has_exception(id) && lost_to_retention), "{} is missing in the raw log",
            id.to_string());
  }
}

}  // namespace vf::simulation
