#include "store/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "store/sqlite/database_files.h"

namespace vf::store::sqlite {
namespace {

// Free pages are reused by the next events: only those beyond this number are released, a few at a time.
constexpr int64_t kFreePagesKept = 1024;
constexpr int64_t kFreePagesPerStep = 256;

/// Returns the operating system's error number; 0: none is known. SQLite keeps that of a failed write to the log with
/// the log's file only.
int system_error(sqlite3* db, int code) {
  int error = sqlite3_system_errno(db);
  sqlite3_file* log = nullptr;
  if (error != 0 || (code & 0xff) != SQLITE_IOERR) return error;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log)) != SQLITE_OK) return 0;
  if (log == nullptr || log->pMethods == nullptr) return 0;
  return log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK ? error : 0;
}

std::string reason(sqlite3* db, int code) {
  const int os_error = system_error(db, code);
  const std::string text = sqlite3_errstr(code);
  return os_error == 0 ? text : fmt::format("{}, {}", text, std::strerror(os_error));
}

// Returns an error if the file's folder is missing. SQLite does not keep the name of a file that it could not open.
std::optional<Error> missing_folder(const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path();
  std::error_code failed;
  if (std::filesystem::is_directory(folder, failed)) return std::nullopt;
  return unavailable(
      fmt::format("{} cannot be opened: there is no folder {}: create it, or correct the path", path, folder.string()));
}

}  // namespace

Error translate(sqlite3* db, int code) {
  const char* name = sqlite3_db_filename(db, "main");
  const std::string file = name != nullptr ? name : "the database";
  const std::string why = reason(db, code);
  if (code == SQLITE_READONLY_DBMOVED)
    return unavailable(fmt::format("{} was moved while it is open: put it back, or restart the hub", file));
  if (system_error(db, code) == EFBIG) {
    return unavailable(
        fmt::format("{} may not grow ({}): raise the limit on file sizes (ulimit -f, LimitFSIZE=)", file, why));
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return unavailable(
          fmt::format("the disk of {} is full ({}): free some space; writing resumes without a restart", file, why));
    case SQLITE_READONLY:
      return unavailable(fmt::format("{} cannot be written ({}): make file and directory writable again", file, why));
    case SQLITE_CANTOPEN:
      return unavailable(
          fmt::format("{} cannot be opened ({}): check that its directory exists and is writable", file, why));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(fmt::format("{} is locked by another program ({}): end its transaction", file, why));
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return unavailable(fmt::format("reading or writing {} failed ({}): check the disk", file, why));
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return unavailable(fmt::format("{} may not be used by this user ({}): check its owner and mode", file, why));
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return unavailable(fmt::format("{}: {}", file, why));
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return invalid(fmt::format("{}: a row was refused: {}", file, sqlite3_errmsg(db)));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return internal(fmt::format("{} is damaged or not a database ({}): restore it from a backup", file, why));
    default:
      return internal(fmt::format("{}: {} ({})", file, sqlite3_errmsg(db), why));
  }
}

Query::Query(Query&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), code_(other.code_), bound_(other.bound_) {}

Query::~Query() {
  if (statement_ != nullptr) sqlite3_reset(statement_);  // the result code is ignored: step() has returned it already
}

void Query::note(int code) {
  if (code_ == SQLITE_OK) code_ = code;
}

Query& Query::integer(int64_t value) {
  note(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

// An empty view may hold a null pointer, which SQLite would bind as NULL.
Query& Query::text(std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  note(sqlite3_bind_text64(statement_, ++bound_, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::blob(std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  note(sqlite3_bind_blob64(statement_, ++bound_, bytes, value.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::time(Instant value) {
  const std::string text = to_rfc3339(value);
  note(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Query& Query::uuid(Uuid value) {
  const std::string text = value.to_string();
  note(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Query& Query::null() {
  note(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

Result<bool> Query::step() {
  if (code_ != SQLITE_OK) return translate(db_, code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return translate(db_, sqlite3_extended_errcode(db_));
}

Result<void> Query::run() {
  for (;;) {
    VF_ASSIGN(const bool more, step());
    if (!more) return {};
  }
}

Query& Query::again() {
  sqlite3_reset(statement_);
  bound_ = 0;
  return *this;
}

int64_t Query::integer_at(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::view_at(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string_view{} : std::string_view{static_cast<const char*>(bytes), size};
}

std::string Query::text_at(int column) const { return std::string(view_at(column)); }

Instant Query::time_at(int column) const { return parse_time(view_at(column)).value_or(Instant{}); }

Uuid Query::uuid_at(int column) const { return Uuid::parse(view_at(column)).value_or(Uuid{}); }

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

bool Query::is_text(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_TEXT; }

void Connection::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<Connection> Connection::open(const Params& params) {
  if (params.create) make_private(params.path);
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (params.create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(params.path.c_str(), &raw, flags, nullptr);
  Connection connection(raw);
  connection.path_ = params.path;
  if (code != SQLITE_OK) {
    if (auto missing = missing_folder(params.path)) return *missing;
    if (raw == nullptr) return unavailable(fmt::format("{}: out of memory", params.path));
    return translate(raw, sqlite3_extended_errcode(raw));
  }
  sqlite3_extended_result_codes(raw, 1);
  VF_TRY(connection.configure(params));
  return connection;
}

Result<void> Connection::configure(const Params& params) {
  sqlite3_busy_timeout(raw(), static_cast<int>(params.busy_timeout.count()));
  // Page size and auto_vacuum take effect only before the first page is written; later SQLite ignores them.
  if (params.create) {
    const auto pages = fmt::format("PRAGMA page_size={}; PRAGMA auto_vacuum=INCREMENTAL;", params.page_bytes);
    VF_TRY(run(pages));
    VF_TRY(enter_wal(params.busy_timeout));
  }
  // Only the checkpointer moves the log into the database; a commit never does.
  std::string pragmas = fmt::format("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-{};",
                                    params.cache_bytes / 1024);
  if (params.read_only) pragmas += "PRAGMA query_only=1;";
  return run(pragmas);
}

// Retries until `timeout`: while another process changes the journal mode of the same file, SQLite fails at once and
// ignores the busy timeout.
Result<void> Connection::enter_wal(Millis timeout) {
  constexpr Millis kPause{10};
  for (Millis waited{0};; waited += kPause) {
    auto done = run("PRAGMA journal_mode=WAL");
    if (done || done.error().code != Code::unavailable || waited >= timeout) return done;
    sqlite3_sleep(static_cast<int>(kPause.count()));
  }
}

Query Connection::query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return Query(raw(), nullptr, code);
    found = statements_.try_emplace(std::string(sql), statement).first;
  }
  return Query(raw(), found->second.get(), SQLITE_OK);
}

Result<void> Connection::run(const std::string& sql) {
  const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return translate(raw(), sqlite3_extended_errcode(raw()));
  return {};
}

int64_t Connection::changes() const { return sqlite3_changes64(raw()); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(raw()) == 0; }

Result<void> Connection::release_free_pages() {
  int64_t free = 0;
  {
    Query count = query("PRAGMA freelist_count");
    VF_TRY(count.step());
    free = count.integer_at(0);
  }
  if (free <= kFreePagesKept) return {};
  const int64_t pages = std::min(free - kFreePagesKept, kFreePagesPerStep);
  return run(fmt::format("PRAGMA incremental_vacuum({})", pages));
}

}  // namespace vf::store::sqlite
