#include "admin/event_history.h"

#include <nlohmann/json.hpp>

#include "admin/views.h"

namespace vf::admin {
namespace {

using nlohmann::json;

json in_batch(const store::BatchRow& batch, std::string_view state) {
  return {{"state", state},
          {"sent_at", to_rfc3339(batch.sent_at)},
          {"acked_at", to_rfc3339(batch.acked_at)},
          {"attempts", batch.attempts}};
}

std::string_view word_for(store::SkipReason skip_reason) {
  switch (skip_reason) {
    case store::SkipReason::none:
      return "delivered";
    case store::SkipReason::unwanted:
      return "skipped";
    case store::SkipReason::dry_run:
      return "skipped (dry-run)";
    case store::SkipReason::detached:
      return "skipped (detached)";
  }
  return "delivered";
}

// A cursor may be past an event that no batch contains: the consumer began behind the event, or its cursor was moved.
Result<json> not_in_a_batch(const fanout::Target& target, Position position, const Hub& hub) {
  VF_ASSIGN(auto cursor, hub.outbox.cursor(target.name));
  return json{{"state", cursor && position <= *cursor ? "skipped (before the cursor)" : "waiting"}};
}

/// Returns the row about an event that waits for a retry or is a dead letter of one consumer; nullopt when the event is
/// neither.
Result<std::optional<json>> exception_of(Uuid event_id, std::string_view consumer, const Hub& hub) {
  VF_ASSIGN(auto rows, hub.outbox.deliveries_of(event_id));
  for (const auto& row : rows) {
    if (row.target == consumer) return std::optional(view(row));
  }
  return std::optional<json>();
}

// Returns what one target did with an event that the outbox still holds.
Result<json> delivery(const fanout::Target& target, const store::OutboxRow& row, const Hub& hub) {
  VF_ASSIGN(auto exception, exception_of(row.event.id, target.name, hub));
  if (exception) return std::move(*exception);
  VF_ASSIGN(auto batch, hub.outbox.batch_of(target.name, row.event.position));
  const bool wanted = row.fan_out && fanout::wants(target, row.event);
  Result<json> result = json{{"state", "skipped"}};
  if (batch) {
    result = in_batch(*batch, wanted ? word_for(batch->skip_reason) : "skipped");
  } else if (wanted) {
    result = not_in_a_batch(target, row.event.position, hub);
  }
  if (result) (*result)["target"] = target.name;
  return result;
}

Result<json> raw_log(const Event& event, const Hub& hub) {
  if (!hub.operations.has_lake()) return json{{"state", "none"}};
  VF_ASSIGN(auto exception, exception_of(event.id, store::kRawLog, hub));
  if (exception) return std::move(*exception);
  VF_ASSIGN(auto batch, hub.outbox.batch_of(std::string(store::kRawLog), event.position));
  return batch ? in_batch(*batch, "written") : json{{"state", "waiting"}};
}

// Returns the history of an event that retention removed from the outbox. It is built from the raw log, else from the
// ledger.
Result<json> history_after_retention(Uuid event_id, const Hub& hub) {
  VF_ASSIGN(auto kept, hub.operations.find_in_lake(event_id));
  if (kept) {
    return json{{"event", whole(*kept)},
                {"received", to_rfc3339(kept->received)},
                {"raw_log", {{"state", "written"}}},
                {"deliveries", json::array()}};
  }
  VF_ASSIGN(auto entry, hub.outbox.ledger(event_id));
  if (!entry) {
    return not_found("no event has the id " + event_id.to_string() +
                     ": none was received, or retention has removed it; vf events list shows the newest");
  }
  return json{{"event", {{"id", event_id.to_string()}}},
              {"received", to_rfc3339(entry->received)},
              {"raw_log", {{"state", "none"}}},
              {"deliveries", json::array()}};
}

// Returns the history as far as the stores have it.
Result<json> stored_history(Uuid event_id, const Hub& hub) {
  VF_ASSIGN(auto row, hub.outbox.find(event_id));
  if (!row) return history_after_retention(event_id, hub);
  const auto& event = row->event;
  VF_ASSIGN(auto logged, raw_log(event, hub));
  json deliveries = json::array();
  for (const auto& target : hub.operations.targets()) {
    VF_ASSIGN(auto one, delivery(target, *row, hub));
    deliveries.push_back(std::move(one));
  }
  return json{{"event", whole(event)},
              {"happened", to_rfc3339(event.time)},
              {"received", to_rfc3339(event.received)},
              {"committed", to_rfc3339(event.received)},
              {"fan_out", row->fan_out},
              {"raw_log", std::move(logged)},
              {"deliveries", std::move(deliveries)}};
}

}  // namespace

void history_of(Uuid event_id, const Hub& hub, const api::Done& done) {
  auto history = stored_history(event_id, hub);
  if (!history) return done(history.error());
  hub.operations.ask_environments(event_id, [history = *std::move(history), done](const auto& answers) mutable {
    history["environments"] = json::array();
    for (const auto& answer : answers) history["environments"].push_back(view(answer));
    done(std::move(history));
  });
}

}  // namespace vf::admin
