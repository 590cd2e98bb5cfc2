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

/// Checks that the file can be read. Error `unavailable`: it cannot, also because it is damaged: what is written to it
/// would be lost. The next call then reads from the disk again.
Result<void> can_read(Connection& db) {
  auto done = db.query("SELECT count(*) FROM _probe").run();
  if (done) return done;
  sqlite3_db_release_memory(db.raw());
  return unavailable(done.error().message);
}

/// Makes SQLite open the log. It does so at the first read, and a later read might find another file there.
Result<void> open_log(Connection& db) { return db.query("SELECT count(*) FROM sqlite_schema").run(); }

/// Gives the database's file a generation of its own, so that copies of it made earlier can be recognised. It is no
/// failure of the start if that cannot be done now: without space the hub serves what can be read.
void begin_generation(Connection& writer, Connection& checkpoints) {
  const auto begun = writer.query("BEGIN IMMEDIATE").run();
  if (!begun || !renew(writer) || !writer.query("COMMIT").run()) {
    if (writer.in_transaction()) (void)writer.query("ROLLBACK").run();
    return;
  }
  (void)sqlite3_wal_checkpoint_v2(checkpoints.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Result<std::unique_ptr<OverwriteGuard>> guard_content(const std::string& path) {
  VF_ASSIGN(auto db, Connection::open({.path = path, .read_only = true}));
  VF_TRY(open_log(db));
  return OverwriteGuard::of(std::move(db));
}

Result<OpenFiles> record_files(Connection& db, const std::string& path) {
  const char* file = sqlite3_db_filename(db.raw(), "main");
  return OpenFiles::record(
      {.configured = path, .database = file, .log = sqlite3_filename_wal(file), .index = file + std::string("-shm")});
}

}  // namespace

Database::Database(Connections connections, Guards guards, const Checkpointer::Limits& limits)
    : files_(std::move(guards.files)),
      log_(std::move(guards.log)),
      writer_(std::move(connections.writer)),
      content_(std::move(guards.content)),
      foreign_commits_(data_version(writer_)),
      checkpointer_({std::move(connections.checkpoints), writing_, [this] { return prepare_checkpoint(); }}, limits),
      readers_(std::move(connections.readers)) {
  sqlite3_wal_hook(writer_.raw(), on_commit, &checkpointer_);
}

// The connection that is closed last makes a checkpoint.
Database::~Database() {
  const auto content = content_->check_before_close();
  if (!content || !log_.check()) sqlite3_db_config(writer_.raw(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
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
  begin_generation(writer, checkpoints);
  VF_ASSIGN(auto content, guard_content(params.path));
  std::vector<Connection> readers;
  for (int i = 0; i < params.readers; ++i) {
    VF_ASSIGN(auto reader, Connection::open({.path = params.path, .read_only = true}));
    VF_TRY(open_log(reader));
    readers.push_back(std::move(reader));
  }
  VF_ASSIGN(auto files, record_files(writer, params.path));
  VF_ASSIGN(auto log, LogGuard::of(writer.raw()));
  return std::unique_ptr<Database>(new Database({std::move(writer), std::move(checkpoints), std::move(readers)},
                                                {std::move(files), std::move(log), std::move(content)},
                                                params.checkpoints));
}

Result<void> Database::transaction(const std::function<Result<void>(Connection&)>& body) {
  const auto turn = writing_.take();
  auto done = writes_fail_ ? look_again() : Result<void>{};
  if (done) done = attempt(body);
  if (!done && writer_.in_transaction()) (void)writer_.query("ROLLBACK").run();
  writes_fail_ = !done && (done.error().code == Code::unavailable || done.error().code == Code::internal);
  return done;
}

Result<void> Database::attempt(const std::function<Result<void>(Connection&)>& body) {
  VF_TRY(writer_.query("BEGIN IMMEDIATE").run());
  VF_TRY(log_.check());  // later the commit would have filled the gap
  VF_TRY(body(writer_));
  if (auto committed = writer_.query("COMMIT").run(); !committed) return outcome_unknown(committed.error());
  // After the commit, not before it: a file that goes away between a check and the commit would take the commit along.
  if (auto in_place = check_files(); !in_place) return outcome_unknown(in_place.error());
  return {};
}

/// Checks, after a failure, what the last transaction or ping() may have failed at: the files, and reading.
Result<void> Database::look_again() {
  VF_TRY(check_files());
  return can_read(*read());
}

/// Checks that the open files are the ones at their paths, and that the database's was not overwritten. The caller has
/// the turn, and no transaction is open.
Result<void> Database::check_files() {
  VF_TRY(content_->check());
  const auto lost = files_.find_lost();
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
  if (!log_.check()) return false;
  if (lost.kind == Kind::log && lost.is_replaced && data_version(writer_) != foreign_commits_) return false;
  const int mode = lost.kind == Kind::index ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  int log = 0;
  int done = 0;
  return sqlite3_wal_checkpoint_v2(writer_.raw(), nullptr, mode, &log, &done) == SQLITE_OK && log == done;
}

/// A copy of the database that is made from here on is older than the one that the checkpoint makes.
Result<void> Database::prepare_checkpoint() {
  (void)transaction(renew);  // a full disk must not keep the log from being emptied
  VF_TRY(content_->check());
  return log_.check();
}

// The content comes first: where it was overwritten, the log has another name, and an empty one may be at its path.
Result<void> Database::ping() {
  auto alive = content_->check();
  if (alive) alive = log_.check();
  if (alive && files_.find_lost()) {
    const auto turn = writing_.take();
    alive = check_files();
    writes_fail_ = true;  // the next transaction looks again before it writes
  }
  if (alive) alive = writes_fail_ ? probe() : can_read(*read());
  if (!alive) writes_fail_ = true;
  return alive;
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
