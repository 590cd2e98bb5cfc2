// Connection and Query: SQLite's C API with Result errors. Statements are prepared once and kept by the connection.
// A Connection and its queries are used by one thread at a time (see ReadPool, Writer).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vf::store::sqlite {

/// What a driver's code means to a caller, in a sentence that names the file and says how to mend it.
/// Full, read-only, busy or unreadable storage is `unavailable`; constraints and oversize values are `invalid`.
Error translate(sqlite3* db, int code);

/// A kept statement in use. Values are bound in turn; errors wait until step(). The bytes given to text() and blob()
/// must live until the last step(). Resets the statement when it goes out of scope: one Query per statement at a time.
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

  /// True: a row stands ready. False: done.
  Result<bool> step();
  /// Steps to the end.
  Result<void> run();
  /// Ready to be bound and run again; values bound before stay until they are bound anew.
  Query& again();

  int64_t integer_at(int column) const;
  std::string text_at(int column) const;       // of TEXT or BLOB
  std::string_view view_at(int column) const;  // until the next step
  Instant time_at(int column) const;
  Uuid uuid_at(int column) const;
  bool is_null(int column) const;
  bool is_text(int column) const;

 private:
  void note(int code);

  sqlite3* db_;
  sqlite3_stmt* statement_;
  int code_;  // the first error, told by step()
  int bound_ = 0;
};

class Connection {
 public:
  struct Params {
    std::string path;
    bool create = false;
    bool read_only = false;  // refuses to write (query_only), yet may recover the write-ahead log
    Millis busy_timeout{2000};
    int64_t cache_bytes = 2 << 20;
    int page_bytes = 16384;  // of a file that is created
  };
  static Result<Connection> open(const Params& params);

  /// The kept statement of this text, prepared at first use.
  Query query(std::string_view sql);
  /// Runs statements that give no rows of interest.
  Result<void> run(const std::string& sql);
  /// Rows changed by the last statement.
  int64_t changes() const;
  bool in_transaction() const;

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
  Result<void> enter_wal(Millis patience);

  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, TextHash, std::equal_to<>> statements_;
  std::string path_;
};

}  // namespace vf::store::sqlite
