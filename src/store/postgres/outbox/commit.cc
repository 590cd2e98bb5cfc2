#include "store/postgres/outbox/commit.h"

#include <algorithm>

#include "store/postgres/outbox/events.h"
#include "store/postgres/outbox/retention.h"
#include "store/postgres/sqlstate.h"

namespace vf::store::postgres {
namespace {

constexpr int kAttemptsMax = 5;
// Retention deletes many rows in one statement, so its statements may take longer.
constexpr TransactionLimits kRetentionLimits{.statement = Millis{30000}, .lock = Millis{5000}, .idle = Millis{5000}};

struct Attempt {
  std::span<const Write> writes;
  TransactionWriter::Params params;
  std::vector<WriteResult> results = {};
  std::optional<size_t> refused = {};  // index of the refused write; unset when it is an event
};

Result<void> write_all(Connection& db, Attempt& attempt) {
  attempt.results.assign(attempt.writes.size(), WriteResult{Written{}});
  attempt.refused.reset();
  VF_TRY(add_events(db, attempt.writes, attempt.params.now, attempt.results));
  TransactionWriter writer(db, attempt.params);
  VF_TRY(writer.lock(attempt.writes));
  for (size_t i = 0; i < attempt.writes.size(); ++i) {
    if (std::holds_alternative<AddEvent>(attempt.writes[i])) continue;
    auto result = std::visit(writer, attempt.writes[i]);
    if (!result) {
      attempt.refused = i;
      return result.error();
    }
    attempt.results[i] = *result;
  }
  return {};
}

/// Returns whether the last error was a row without a partition: this error is a failed check without a name.
bool lacks_partition(const Connection& db) { return db.last_sqlstate() == "23514" && db.last_constraint().empty(); }

Result<void> commit_once(Connection& db, Attempt& attempt) {
  if (adds_alone(attempt.writes)) return write_all(db, attempt);
  const bool removes = std::ranges::any_of(
      attempt.writes, [](const Write& write) { return std::holds_alternative<RetentionStep>(write); });
  return db.transaction([&] { return write_all(db, attempt); }, removes ? kRetentionLimits : kCommitLimits);
}

Result<void> attempt_commit(Connection& db, Attempt& attempt) {
  Result<void> done;
  for (int i = 0; i < kAttemptsMax; ++i) {
    done = commit_once(db, attempt);
    if (done) return done;
    if (lacks_partition(db)) {
      VF_TRY(add_partitions(db, attempt.params.now));
    } else if (!is_worth_repeating(db.last_sqlstate())) {
      return done;
    }
  }
  return done;
}

/// Returns whether these events can be stored. Tries it in a transaction and rolls that back.
Result<bool> can_store(Connection& db, std::span<const Write> writes, std::optional<Instant> now) {
  std::vector<WriteResult> results(writes.size(), WriteResult{Written{}});
  bool fits = false;
  const auto done = db.transaction(
      [&]() -> Result<void> {
        VF_TRY(add_events(db, writes, now, results));
        fits = true;
        return unavailable("rolled back");
      },
      kCommitLimits);
  if (fits) return true;
  if (is_refusal(done.error())) return false;
  return done.error();
}

/// Returns the index of the first event that cannot be stored; finds it by bisection.
Result<size_t> find_refused(Connection& db, std::span<const Write> writes, std::optional<Instant> now) {
  size_t first = 0;
  size_t count = writes.size();
  while (count > 1) {
    const size_t half = count / 2;
    VF_ASSIGN(const auto fits, can_store(db, writes.subspan(first, half), now));
    if (fits) first += half;
    count = fits ? count - half : half;
  }
  return first;
}

Result<void> check_body_keys(std::span<const Write> writes, size_t* failed_index) {
  for (size_t i = 0; i < writes.size(); ++i) {
    const auto* add = std::get_if<AddEvent>(&writes[i]);
    const auto checked = add == nullptr ? Result<void>() : check_body_key(*add);
    if (checked) continue;
    if (failed_index != nullptr) *failed_index = i;
    return checked.error();
  }
  return {};
}

/// Drops expired partitions before the transaction of the writes, so that this transaction does not hold their locks.
Result<int64_t> drop_partitions(Connection& db, std::span<const Write> writes,
                                const TransactionWriter::Params& params) {
  int64_t removed = 0;
  for (const Write& write : writes) {
    const auto* step = std::get_if<RetentionStep>(&write);
    if (step == nullptr) continue;
    VF_TRY(add_partitions(db, params.now));
    VF_ASSIGN(const auto rows, drop_expired(db, *step));
    removed += rows;
  }
  return removed;
}

}  // namespace

Result<std::vector<WriteResult>> commit_writes(Connection& db, std::span<const Write> writes,
                                               const TransactionWriter::Params& params, size_t* failed_index) {
  VF_TRY(check_body_keys(writes, failed_index));
  VF_ASSIGN(const auto dropped, drop_partitions(db, writes, params));
  Attempt attempt{.writes = writes, .params = params};
  const auto done = attempt_commit(db, attempt);
  if (done) {
    const auto step =
        std::ranges::find_if(writes, [](const Write& write) { return std::holds_alternative<RetentionStep>(write); });
    if (step != writes.end()) {
      std::get<RowsRemoved>(attempt.results[static_cast<size_t>(step - writes.begin())]).removed += dropped;
    }
    return std::move(attempt.results);
  }
  if (failed_index == nullptr || !is_refusal(done.error())) return done.error();
  if (attempt.refused) {
    *failed_index = *attempt.refused;
    return done.error();
  }
  VF_ASSIGN(*failed_index, find_refused(db, writes, params.now));
  return done.error();
}

}  // namespace vf::store::postgres
