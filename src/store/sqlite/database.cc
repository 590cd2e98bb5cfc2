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

int64_t data_version(Connection& db) {
  Query query = db.query("PRAGMA data_version");
  const auto row = query.step();
  return row && *row ? query.integer_at(0) : -1;
}

/// Makes SQLite open the log. It does so at the first read, and a later read might find another file there.
Result<void> open_log(Connection& db) { return db.query("SELECT count(*) FROM sqlite_schema").run(); }

Result<OpenFiles> record_files(Connection& db, const std::string& path) {
  const char* file = sqlite3_db_filename(db.raw(), "main");
  return OpenFiles::record(
      {.configured = path, .database = file, .log = sqlite3_filename_wal(file), .index = file + std::string("-shm")});
}

}  // namespace

Database::Database(Connections connections, Guards guards, const Checkpointer::Limits& limits)
    : guards_(std::move(guards)),
      writer_(std::move(connections.writer)),
      foreign_commits_(data_version(writer_)),
      checkpointer_({std::move(connections.checkpoints), writing_, guards_.log}, limits),
      readers_(std::move(connections.readers)) {
  sqlite3_wal_hook(writer_.raw(), on_commit, &checkpointer_);
}

// The connection that is closed last makes a checkpoint.
Database::~Database() {
  if (!guards_.log.check()) sqlite3_db_config(writer_.raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Result<std::unique_ptr<Database>> Database::open(const Params& params) {
  VF_ASSIGN(
      auto writer,
      Connection::open(
          {.path = params.path, .create = true, .cache_bytes = params.cache_bytes, .page_bytes = params.page_bytes}));
  // A log that grew during a long read is truncated when SQLite next writes it from its beginning.
  VF_TRY(writer.run(fmt::format("PRAGMA journal_size_limit={}", kLogBytesKept)));
  VF_TRY(migrate(writer, params.migrations, params.target, params.now));
  VF_TRY(check_single_name(params.path));
  VF_ASSIGN(auto checkpoints, Connection::open({.path = params.path, .busy_timeout = kCheckpointBusyTimeout}));
  VF_TRY(open_log(checkpoints));
  std::vector<Connection> readers;
  for (int i = 0; i < params.readers; ++i) {
    VF_ASSIGN(auto reader, Connection::open({.path = params.path, .read_only = true}));
    VF_TRY(open_log(reader));
    readers.push_back(std::move(reader));
  }
  VF_ASSIGN(auto files, record_files(writer, params.path));
  VF_ASSIGN(auto log, LogGuard::of(writer.raw()));
  return std::unique_ptr<Database>(new Database({std::move(writer), std::move(checkpoints), std::move(readers)},
                                                {std::move(files), std::move(log)}, params.checkpoints));
}

Result<void> Database::transaction(const std::function<Result<void>(Connection&)>& body) {
  const auto turn = writing_.take();
  auto done = writes_fail_ ? check_files() : Result<void>{};
  if (done) done = attempt(body);
  if (!done && writer_.in_transaction()) (void)writer_.query("ROLLBACK").run();
  writes_fail_ = !done && done.error().code == Code::unavailable;
  return done;
}

Result<void> Database::attempt(const std::function<Result<void>(Connection&)>& body) {
  VF_TRY(writer_.query("BEGIN IMMEDIATE").run());
  VF_TRY(guards_.log.check());  // later the commit would have filled the gap
  VF_TRY(body(writer_));
  if (auto committed = writer_.query("COMMIT").run(); !committed) return outcome_unknown(committed.error());
  // After the commit, not before it: a file that goes away between a check and the commit would take the commit along.
  if (auto in_place = check_files(); !in_place) return outcome_unknown(in_place.error());
  return {};
}

/// Checks that the open files are the ones at their paths. The caller has the turn, and no transaction is open.
Result<void> Database::check_files() {
  const auto lost = guards_.files.find_lost();
  if (!lost) {
    is_log_saved_ = false;
    return {};
  }
  if (!is_log_saved_) is_log_saved_ = save_log(*lost);
  if (lost->kind == OpenFiles::Kind::database) return unavailable(lost->message);
  return unavailable(fmt::format("{} ({})", lost->message,
                                 is_log_saved_ ? "all that was committed is in the database"
                                               : "stop it by SIGTERM: it then tries to save what the log holds"));
}

/// Copies what is committed from the open log into the open database, so that it outlives a kill wherever the database
/// was moved to, and empties the log, so that SQLite cannot apply it to a database that took the place of the open one.
/// Returns whether this is done. Where another log took the place of the open one and another process has committed,
/// the index describes that log: copying would damage the database. Where the index is gone, other processes use
/// another one and may have added to the log: it is copied, but not emptied.
bool Database::save_log(const OpenFiles::Lost& lost) {
  using Kind = OpenFiles::Kind;
  if (!guards_.log.check()) return false;
  if (lost.kind == Kind::log && lost.is_replaced && data_version(writer_) != foreign_commits_) return false;
  const int mode = lost.kind == Kind::index ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  int log = 0;
  int done = 0;
  return sqlite3_wal_checkpoint_v2(writer_.raw(), nullptr, mode, &log, &done) == SQLITE_OK && log == done;
}

Result<void> Database::ping() {
  VF_TRY(guards_.log.check());
  if (guards_.files.find_lost()) {
    const auto turn = writing_.take();
    writes_fail_ = true;  // the next transaction looks again before it writes
    VF_TRY(check_files());
  }
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
