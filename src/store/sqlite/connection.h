// Connection and Query: wrap SQLite's C API and report errors as Result. The connection prepares each statement once
// and keeps it. A Connection and its queries may be used by one thread at a time (see ReadPool and
// Database::transaction()).
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vf::store::sqlite {

/// Translates SQLite's result code into an error; the message names the file and the remedy. Full, read-only, busy or
/// unreadable storage gives `unavailable`; a violated constraint or an oversize value gives `invalid`.
Error translate(sqlite3* db, int code);

/// A prepared statement in use. Values are bound in the order of the calls; step() returns an error of binding. The
/// bytes given to text() and blob() must live until the last step(). The destructor resets the statement, so a
/// statement may have one Query at a time.
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement, int code) : db_(db), statement_(statement), code_(code) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& integer(int64_t value);
  Query& text(std::string_view value);
  Query& blob(std::string_view value);
  Query& time(Instant value);  // as RFC 3339 text
  Query& uuid(Uuid value);     // as canonical text
  Query& null();

  /// Moves to the next row. Returns false when there are no more rows.
  Result<bool> step();
  /// Runs the statement to its end; rows are discarded.
  Result<void> run();
  /// Resets the statement, so that it can be bound and run again.
  Query& again();

  int64_t integer_at(int column) const;
  std::string text_at(int column) const;       // of a TEXT or BLOB value
  std::string_view view_at(int column) const;  // valid until the next step()
  Instant time_at(int column) const;
  Uuid uuid_at(int column) const;
  bool is_null(int column) const;
  bool is_text(int column) const;

 private:
  void note(int code);

  sqlite3* db_;
  sqlite3_stmt* statement_;
  int code_;  // the first error, returned by step()
  int bound_ = 0;
};

/// Returns all rows of a bound query, each converted by `read`.
template <class Read>
auto collect(Query& query, Read read) -> Result<std::vector<decltype(read(query))>> {
  std::vector<decltype(read(query))> rows;
  while (true) {
    VF_ASSIGN(const auto row, query.step());
    if (!row) return rows;
    rows.push_back(read(query));
  }
}

/// Returns a number of rows as a parameter for LIMIT.
inline int64_t limit(size_t rows_max) { return static_cast<int64_t>(std::min<size_t>(rows_max, 1u << 30)); }

class Connection {
 public:
  struct Params {
    std::string path;
    bool create = false;
    bool read_only = false;  // refuses to write (query_only), but may recover the write-ahead log
    Millis busy_timeout{2000};
    int64_t cache_bytes = 2 << 20;
    int page_bytes = 16384;  // page size of a new file
  };
  static Result<Connection> open(const Params& params);

  /// Returns the statement with this text, prepared at its first use.
  Query query(std::string_view sql);
  /// Runs statements whose rows are not needed.
  Result<void> run(const std::string& sql);
  /// Returns the number of rows that the last statement changed.
  int64_t changes() const;
  bool in_transaction() const;
  /// Shortens the file by some of its free pages, if it has more of them than the next rows will need. Call it inside a
  /// transaction.
  Result<void> release_free_pages();

  sqlite3* raw() const { return db_.get(); }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  explicit Connection(sqlite3* db) : db_(db) {}
  Result<void> configure(const Params& params);
  Result<void> enter_wal(Millis timeout);

  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>> statements_;
  std::string path_;
};

}  // namespace vf::store::sqlite
