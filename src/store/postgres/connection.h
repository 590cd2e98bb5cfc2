// Connection: libpq with Result errors, deadlines and reconnection; hides its header. Works behind PgBouncer in
// transaction mode: no session state, unnamed statements, limits set inside each transaction.
// A Connection and what it gives are used by one thread at a time (see Pool).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/postgres/rows.h"
#include "store/postgres/sqlstate.h"
#include "store/postgres/values.h"

struct pg_conn;

namespace vf::store::postgres {

struct ConnectionParams {
  std::string url;   // libpq's form: postgresql://user@host1,host2/db?target_session_attrs=read-write, or key=value
  std::string role;  // "ingest": application_name becomes "vf ingest"
  Millis connect_timeout{3000};  // of each host
  // Without an answer for so long a connection is given up: to a statement that has no limit, which reads; and, beyond
  // the limit of one that has.
  Millis answer_timeout{20000};
  Millis grace{2000};
  // Called with each connection that was made; an error gives it up again. Made anew it may lead to another server.
  std::function<Result<void>(class Connection&)> on_connect = {};
};

/// Bounds of one transaction, kept by the server; its client waits for an answer as long, and the grace. 0: none.
struct TransactionLimits {
  Millis statement{30000};
  Millis lock{10000};
  Millis idle{30000};  // between two statements
};

class Connection {
 public:
  /// Connects. Errors: `unavailable` when no host answers or lets us in, `invalid` when the URL cannot be read,
  /// `conflict` when the database is not in UTF-8.
  static Result<Connection> open(ConnectionParams params);
  /// One that connects when it is first used.
  static Connection unopened(ConnectionParams params);

  /// One statement, $1 onward taken from `values`. Outside transaction(): a transaction of its own, without limits of
  /// the server; a lost connection is made anew first. It reads; see write().
  Result<Rows> query(const std::string& sql, const Values& values = {});
  /// Statements without parameters, separated by semicolons; the last one's rows.
  Result<Rows> run(const std::string& sql);

  /// READ COMMITTED. Commits when `body` answers without error, else rolls back and passes the error on. The connection
  /// is made anew first, when it was lost. Error `unavailable` "outcome unknown" when the commit was not confirmed: it
  /// may stand. A commit that a synchronous standby has not confirmed is not confirmed.
  Result<void> transaction(const std::function<Result<void>()>& body, const TransactionLimits& limits = {});
  /// One statement in a transaction() of its own, for what writes: query() takes isolation and access mode from the
  /// defaults of database and role.
  Result<Rows> write(const std::string& sql, const Values& values = {}, const TransactionLimits& limits = {});
  /// As write() in one round trip instead of three. The server bounds nothing but what `sql` bounds itself, so it may
  /// finish what was given up here: for a function that bounds its waits. Inside transaction() a part of that.
  Result<Rows> write_at_once(const std::string& sql, const Values& values, const TransactionLimits& limits = {});

  /// Of the last error; empty when the connection was lost or nothing has failed yet.
  const std::string& last_sqlstate() const { return last_error_.sqlstate; }
  /// The last error as the server told it.
  const ServerError& last_error() const { return last_error_; }
  /// The constraint that the last error names; empty when it names none.
  const std::string& last_constraint() const { return last_constraint_; }
  /// "host:port/database", for sentences.
  const std::string& where() const { return where_; }
  /// Gives the connection up; the next use connects anew.
  void close();

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit Connection(ConnectionParams params) : params_(std::move(params)), patience_(params_.answer_timeout) {}
  Result<void> connect();
  Result<void> check_server();
  Result<void> ensure_connected();
  Result<Rows> send(const std::string& sql, const Values* values);
  Result<Rows> collect();
  bool flush_and_wait();
  Error failed(const pg_result* result);
  Error lost(std::string_view why);
  Error told(ServerError error);
  Millis patience_with(const TransactionLimits& limits) const;
  std::string begin_text(const TransactionLimits& limits) const;
  Result<void> commit();
  Error unconfirmed(const Error& error) const;
  Result<void> check_warning() const;

  ConnectionParams params_;
  std::unique_ptr<pg_conn, Finish> connection_;
  std::unique_ptr<std::string> warning_ = std::make_unique<std::string>();  // of the server, since it was last emptied
  std::string where_;
  Millis patience_;  // with the server's answer to a statement
  ServerError last_error_;
  std::string last_constraint_;
  bool in_transaction_ = false;
  bool commits_asynchronously_ = false;  // as the server is configured: overruled in each transaction
  bool begins_as_we_do_ = false;         // by default a transaction is READ COMMITTED READ WRITE, and durable
};

}  // namespace vf::store::postgres
