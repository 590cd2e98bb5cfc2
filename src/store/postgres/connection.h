// Connection: libpq with Result errors, timeouts and reconnection; hides libpq's header. Works behind PgBouncer in
// transaction mode: no session state, unnamed statements, limits set inside each transaction.
// A Connection and its results are used by one thread at a time (see Pool).
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
  // How long to wait for an answer before the connection is closed: a statement without a server-side limit, which
  // reads, waits `answer_timeout`; any other statement its own limit plus `grace`.
  Millis answer_timeout{20000};
  Millis grace{2000};
  // Called for each new connection, since a reconnection may lead to another server. An error closes it.
  std::function<Result<void>(class Connection&)> on_connect = {};
};

/// Limits of one transaction, enforced by the server; the client waits for that long plus the grace. 0: no limit.
struct TransactionLimits {
  Millis statement{30000};
  Millis lock{10000};
  Millis idle{30000};  // between two statements
};

class Connection {
 public:
  /// Connects. Errors: `unavailable` when no host answers or the login is refused, `invalid` when the URL cannot be
  /// parsed, `conflict` when the database is not in UTF-8.
  static Result<Connection> open(ConnectionParams params);
  /// A connection that connects at its first use.
  static Connection unopened(ConnectionParams params);

  /// One statement that reads, with $1 onward taken from `values`; for statements that write see write(). Outside
  /// transaction(): a transaction of its own, without server-side limits; reconnects first if the connection was lost.
  Result<Rows> query(const std::string& sql, const Values& values = {});
  /// Statements without parameters, separated by semicolons. Returns the rows of the last one.
  Result<Rows> run(const std::string& sql);

  /// A READ COMMITTED transaction. Commits when `body` succeeds, else rolls back and returns its error. Reconnects
  /// first if the connection was lost. Error `unavailable` "outcome is unknown" when the commit was not confirmed (by
  /// the server and its synchronous standby): it may be in effect.
  Result<void> transaction(const std::function<Result<void>()>& body, const TransactionLimits& limits = {});
  /// One statement that writes, in a transaction() of its own. (query() takes isolation and access mode from the
  /// defaults of database and role.)
  Result<Rows> write(const std::string& sql, const Values& values = {}, const TransactionLimits& limits = {});
  /// As write(), in one round trip instead of three. The server enforces no limits, so it may finish a statement after
  /// this client timed out: only for SQL functions that bound their waits themselves. Inside transaction() the
  /// statement is a part of it.
  Result<Rows> write_at_once(const std::string& sql, const Values& values, const TransactionLimits& limits = {});

  /// The SQLSTATE of the last error; empty when the connection was lost or no statement has failed yet.
  const std::string& last_sqlstate() const { return last_error_.sqlstate; }
  /// The last error as the server reported it.
  const ServerError& last_error() const { return last_error_; }
  /// The constraint that the last error names; empty when there is none.
  const std::string& last_constraint() const { return last_constraint_; }
  /// The server's clock now, which all processes that use its databases share; also inside a transaction.
  Result<Instant> server_time();
  /// "host:port/database", for messages.
  const std::string& where() const { return where_; }
  /// Closes the connection; the next use reconnects.
  void close();

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit Connection(ConnectionParams params) : params_(std::move(params)), timeout_(params_.answer_timeout) {}
  Result<void> connect();
  Result<void> check_server();
  Result<void> ensure_connected();
  Result<Rows> send(const std::string& sql, const Values* values);
  Result<Rows> collect();
  bool flush_and_wait();
  Error failed(const pg_result* result);
  Error lost(std::string_view why);
  Error remember(ServerError error);
  Millis timeout_for(const TransactionLimits& limits) const;
  std::string begin_text(const TransactionLimits& limits) const;
  Result<void> commit();
  Error unconfirmed(const Error& error) const;
  Result<void> check_warning() const;

  ConnectionParams params_;
  std::unique_ptr<pg_conn, Finish> connection_;
  std::unique_ptr<std::string> warning_ =
      std::make_unique<std::string>();  // the server's last warning since this was cleared
  std::string where_;
  Millis timeout_;  // for the server's answer to a statement
  ServerError last_error_;
  std::string last_constraint_;
  bool in_transaction_ = false;
  bool commits_asynchronously_ = false;  // the server's default: overridden in each transaction
  bool has_our_defaults_ = false;        // by default a transaction is READ COMMITTED, READ WRITE and durable
};

}  // namespace vf::store::postgres
