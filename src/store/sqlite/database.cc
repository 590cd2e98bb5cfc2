#include "store/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/schema.h"

namespace vf::store::sqlite {
namespace {

constexpr Millis kCheckpointBusyTimeout{20};
constexpr int64_t kLogBytesKept = 64 << 20;
constexpr int kProbeBytes = 256 << 10;  // about the size of a full batch

int on_commit(void* checkpointer, sqlite3*, const char*, int log_pages) {
  static_cast<Checkpointer*>(checkpointer)->committed(log_pages);
  return SQLITE_OK;
}

Error outcome_unknown(Error error) {
  return unavailable(fmt::format("the commit failed, its outcome is unknown: {}", error.message));
}

}  // namespace

Database::Database(Connections connections, const Checkpointer::Limits& limits)
    : writer_(std::move(connections.writer)),
      checkpointer_(std::move(connections.checkpoints), writing_, limits),
      readers_(std::move(connections.readers)) {
  sqlite3_wal_hook(writer_.raw(), on_commit, &checkpointer_);
}

Result<std::unique_ptr<Database>> Database::open(const Params& params) {
  VF_ASSIGN(
      auto writer,
      Connection::open(
          {.path = params.path, .create = true, .cache_bytes = params.cache_bytes, .page_bytes = params.page_bytes}));
  // A log that grew during a long read is truncated when SQLite next writes it from its beginning.
  VF_TRY(writer.run(fmt::format("PRAGMA journal_size_limit={}", kLogBytesKept)));
  VF_TRY(migrate(writer, params.migrations, params.target, params.now));
  VF_ASSIGN(auto checkpoints, Connection::open({.path = params.path, .busy_timeout = kCheckpointBusyTimeout}));
  std::vector<Connection> readers;
  for (int i = 0; i < params.readers; ++i) {
    VF_ASSIGN(auto reader, Connection::open({.path = params.path, .read_only = true}));
    readers.push_back(std::move(reader));
  }
  return std::unique_ptr<Database>(
      new Database({std::move(writer), std::move(checkpoints), std::move(readers)}, params.checkpoints));
}

Result<void> Database::transaction(const std::function<Result<void>(Connection&)>& body) {
  const auto turn = writing_.take();
  auto done = attempt(body);
  if (!done && writer_.in_transaction()) (void)writer_.query("ROLLBACK").run();
  writes_fail_ = !done && done.error().code == Code::unavailable;
  return done;
}

Result<void> Database::attempt(const std::function<Result<void>(Connection&)>& body) {
  VF_TRY(writer_.query("BEGIN IMMEDIATE").run());
  VF_TRY(body(writer_));
  if (auto committed = writer_.query("COMMIT").run(); !committed) return outcome_unknown(committed.error());
  return {};
}

Result<void> Database::ping() {
  if (writes_fail_) return probe();
  auto db = read();
  return db->query("SELECT count(*) FROM _probe").run();
}

// Tests that a full batch can be written. It uses two transactions, because pages that are freed in the transaction
// that filled them are never written.
Result<void> Database::probe() {
  VF_TRY(transaction([](Connection& db) {
    return db.query("INSERT OR REPLACE INTO _probe (rowid, filler) VALUES (1, zeroblob(?))").integer(kProbeBytes).run();
  }));
  return transaction([](Connection& db) { return db.query("DELETE FROM _probe").run(); });
}

}  // namespace vf::store::sqlite
