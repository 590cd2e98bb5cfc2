#include "store/postgres/outbox/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "store/postgres/outbox/event_row.h"

namespace vf::store::postgres {
namespace {

const std::string kAdd = fmt::format(
    "SELECT event_id, era, tx, seq, received_at, {} FROM "
    "ingest.add_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    kConfirmedCommit);
// Frees the body keys whose replay guard has ended, or that a clock that was ahead has put into the future. By body
// key, as kAddBodies, so that two transactions do not wait for each other.
constexpr const char* kFreeBodies = R"(
DELETE FROM ingest.processed_bodies b USING (
  SELECT i.body_key, l.received_at AS now, i.guard_ms * interval '1 millisecond' AS guard
  FROM unnest($1, $2, $3) AS i(body_key, event_id, guard_ms)
  JOIN ingest.processed_webhooks l ON l.event_id = i.event_id ORDER BY i.body_key) e
WHERE b.body_key = ANY($1) AND b.body_key = e.body_key
  AND (b.received_at <= e.now - e.guard OR b.received_at >= e.now + e.guard))";
constexpr const char* kAddBodies = R"(
INSERT INTO ingest.processed_bodies (body_key, event_id, received_at)
SELECT i.body_key, i.event_id, l.received_at
FROM unnest($1, $2) AS i(body_key, event_id) JOIN ingest.processed_webhooks l ON l.event_id = i.event_id
ORDER BY i.body_key ON CONFLICT DO NOTHING RETURNING event_id)";
constexpr const char* kRemove = R"(
WITH removed AS (DELETE FROM ingest.processed_webhooks WHERE event_id = ANY($1) RETURNING era, tx, seq, received_at)
DELETE FROM ingest.ingest_outbox o USING removed r
WHERE o.era = r.era AND o.tx = r.tx AND o.seq = r.seq AND o.received_at = r.received_at)";
constexpr const char* kFindById =
    "SELECT event_id, received_at FROM ingest.processed_webhooks WHERE event_id = ANY($1)";
constexpr const char* kFindByBody =
    "SELECT body_key, event_id, received_at FROM ingest.processed_bodies WHERE body_key = ANY($1)";

struct Candidate {
  const AddEvent* add;
  size_t index;  // index of the event's result
};

using Candidates = std::vector<Candidate>;

/// Returns the key of a body in the ledger. It includes the source, because two sources may send the same body.
std::string ledger_key(const AddEvent& add) { return *add.body_key + add.event.source; }

/// Returns the candidates of one round, in which no id and no body occurs twice. The other candidates are put into
/// `later`: whether they are duplicates depends on what this round stores.
Candidates take_distinct(const Candidates& all, Candidates& later) {
  Candidates distinct;
  std::unordered_set<Uuid> ids;
  std::unordered_set<std::string> bodies;
  for (const Candidate& candidate : all) {
    const bool is_repeated = ids.contains(candidate.add->event.id) ||
                             (candidate.add->body_key && bodies.contains(ledger_key(*candidate.add)));
    if (is_repeated) {
      later.push_back(candidate);
      continue;
    }
    ids.insert(candidate.add->event.id);
    if (candidate.add->body_key) bodies.insert(ledger_key(*candidate.add));
    distinct.push_back(candidate);
  }
  return distinct;
}

struct Columns {
  Array ids{Type::uuid}, sources{Type::text}, types{Type::text}, subjects{Type::text}, times{Type::time};
  Array message_ids{Type::text}, fact_keys{Type::text}, versions{Type::text}, sandboxes{Type::boolean};
  Array fan_outs{Type::boolean}, are_json{Type::boolean}, headers{Type::text}, bodies{Type::bytes};

  void add(const AddEvent& add) {
    const Event& event = add.event;
    ids.uuid(event.id);
    sources.text(event.source);
    types.text(event.type);
    subjects.text(event.subject);
    times.time(event.time);
    message_ids.text(event.message_id);
    fact_keys.text(event.fact_key);
    versions.text(event.version);
    sandboxes.boolean(event.sandbox);
    fan_outs.boolean(add.fan_out);
    are_json.boolean(event.is_json);
    headers.text(event.headers);
    bodies.bytes(event.body);
  }
  Values values(std::optional<Instant> now) const {
    Values values;
    now ? values.time(*now) : values.null(Type::time);
    for (const Array* column : {&ids, &sources, &types, &subjects, &times, &message_ids, &fact_keys, &versions,
                                &sandboxes, &fan_outs, &are_json, &headers, &bodies}) {
      values.array(*column);
    }
    return values;
  }
};

using AddedById = std::unordered_map<Uuid, EventAdded>;

Result<AddedById> insert(Connection& db, const Candidates& candidates, std::optional<Instant> now) {
  Columns columns;
  for (const Candidate& candidate : candidates) columns.add(*candidate.add);
  VF_ASSIGN(const auto rows, db.write_at_once(kAdd, columns.values(now), kCommitLimits));
  AddedById added;
  for (int i = 0; i < rows.size(); ++i) {
    const Uuid id = rows.uuid_at(i, 0);
    added[id] = {.event_id = id, .position = position_at(rows, i, 1), .received = rows.time_at(i, 4)};
  }
  return added;
}

/// Adds the body keys of the added events. If the body of an event is in the ledger already and its replay guard has
/// not ended, the event is removed again, from the database and from `added`.
Result<void> add_bodies(Connection& db, const Candidates& candidates, AddedById& added) {
  Array keys(Type::bytes);
  Array ids(Type::uuid);
  Array guards(Type::integer);
  std::unordered_set<Uuid> refused;
  for (const Candidate& candidate : candidates) {
    if (!candidate.add->body_key || !added.contains(candidate.add->event.id)) continue;
    keys.bytes(ledger_key(*candidate.add));
    ids.uuid(candidate.add->event.id);
    guards.integer(candidate.add->replay_guard.count());
    refused.insert(candidate.add->event.id);
  }
  if (refused.empty()) return {};
  VF_TRY(db.query(kFreeBodies, Values().array(keys).array(ids).array(guards)));
  VF_ASSIGN(const auto accepted, db.query(kAddBodies, Values().array(keys).array(ids)));
  for (int i = 0; i < accepted.size(); ++i) refused.erase(accepted.uuid_at(i, 0));
  if (refused.empty()) return {};
  Array removed(Type::uuid);
  for (const Uuid& id : refused) {
    removed.uuid(id);
    added.erase(id);
  }
  VF_TRY(db.query(kRemove, Values().array(removed)));
  return {};
}

/// Puts the results of duplicates into `results`: each names the stored event with the same id, or else the one with
/// the same body. A duplicate is answered like a new event, so the stored one must be as safe as a new one.
Result<void> report_duplicates(Connection& db, const Candidates& duplicates, std::vector<WriteResult>& results) {
  if (duplicates.empty()) return {};
  VF_TRY(db.confirm_earlier_commits(kCommitLimits));
  Array ids(Type::uuid);
  Array keys(Type::bytes);
  for (const Candidate& candidate : duplicates) {
    ids.uuid(candidate.add->event.id);
    if (candidate.add->body_key) keys.bytes(ledger_key(*candidate.add));
  }
  std::unordered_map<Uuid, EventAdded> by_id;
  std::unordered_map<std::string, EventAdded> by_body;
  VF_ASSIGN(const auto found, db.query(kFindById, Values().array(ids)));
  for (int i = 0; i < found.size(); ++i) {
    const Uuid id = found.uuid_at(i, 0);
    by_id[id] = {.duplicate = true, .event_id = id, .received = found.time_at(i, 1)};
  }
  if (keys.size() > 0) {
    VF_ASSIGN(const auto bodies, db.query(kFindByBody, Values().array(keys)));
    for (int i = 0; i < bodies.size(); ++i) {
      by_body[std::string(bodies.bytes_at(i, 0))] = {
          .duplicate = true, .event_id = bodies.uuid_at(i, 1), .received = bodies.time_at(i, 2)};
    }
  }
  for (const Candidate& candidate : duplicates) {
    const auto same_id = by_id.find(candidate.add->event.id);
    const auto same_body = candidate.add->body_key ? by_body.find(ledger_key(*candidate.add)) : by_body.end();
    if (same_id == by_id.end() && same_body == by_body.end()) {
      return unavailable("the ledger row that an event collided with has been purged meanwhile: try again");
    }
    results[candidate.index] = same_id != by_id.end() ? same_id->second : same_body->second;
  }
  return {};
}

}  // namespace

bool adds_alone(std::span<const Write> writes) {
  return std::ranges::all_of(writes, [](const Write& write) {
    const auto* add = std::get_if<AddEvent>(&write);
    return add != nullptr && !add->body_key;
  });
}

Result<void> add_events(Connection& db, std::span<const Write> writes, std::optional<Instant> now,
                        std::vector<WriteResult>& results) {
  Candidates left;
  for (size_t i = 0; i < writes.size(); ++i) {
    if (const auto* add = std::get_if<AddEvent>(&writes[i])) left.push_back({add, i});
  }
  while (!left.empty()) {
    Candidates later;
    const Candidates candidates = take_distinct(left, later);
    VF_ASSIGN(auto added, insert(db, candidates, now));
    VF_TRY(add_bodies(db, candidates, added));
    Candidates duplicates;
    for (const Candidate& candidate : candidates) {
      const auto found = added.find(candidate.add->event.id);
      if (found != added.end()) {
        results[candidate.index] = found->second;
      } else {
        duplicates.push_back(candidate);
      }
    }
    VF_TRY(report_duplicates(db, duplicates, results));
    left = std::move(later);
  }
  return {};
}

}  // namespace vf::store::postgres
