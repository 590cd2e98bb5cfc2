// Connection: wraps libpq, adds timeouts and reconnection, reports errors as Result, and hides libpq's header. It works
// behind PgBouncer in transaction mode, because it keeps no session state, uses unnamed statements and sets inside each
// transaction what must not depend on the defaults of server, database and role (docs/operations.md lists it). A
// Connection and its results may be used by one thread at a time (see Pool).
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
  Millis connect_timeout{3000};  // for each host
  // How long to wait for the server's answer to a statement before the connection is closed: a statement that reads has
  // no server-side limit and waits for `answer_timeout`; any other statement waits for its own limit plus `grace`.
  Millis answer_timeout{20000};
  Millis grace{2000};
  // Called for each new connection, because a reconnection may lead to another server. If it returns an error, the new
  // connection is closed.
  std::function<Result<void>(class Connection&)> on_connect = {};
};

/// A column for the SELECT of a statement that write_at_once() runs. The commit then waits for the synchronous standby,
/// and the server warns when it did not, whatever this session's defaults are. write_at_once() asks for the defaults
/// when it connects; through PgBouncer the statement may run in a later session, with other defaults.
inline constexpr std::string_view kConfirmedCommit =
    "(SELECT pg_catalog.set_config('client_min_messages', 'warning', true) || pg_catalog.set_config("
    "'synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit') WHEN 'remote_apply' THEN "
    "'remote_apply' ELSE 'on' END, true))";

/// Limits of one transaction, enforced by the server; the client waits for the statement limit plus
/// ConnectionParams::grace. 0: no limit.
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
  /// Returns a Connection that connects at its first use.
  static Connection unopened(ConnectionParams params);

  /// Runs one statement that reads; `values` are its parameters from $1 on. (For statements that write see write().)
  /// Outside transaction(), the statement is a transaction of its own without server-side limits, and a lost connection
  /// is opened again first.
  Result<Rows> query(const std::string& sql, const Values& values = {});
  /// Runs statements without parameters, separated by semicolons. Returns the rows of the last statement.
  Result<Rows> run(const std::string& sql);

  /// Runs `body` in a READ COMMITTED transaction, in which names without a schema are those of pg_catalog, times are in
  /// UTC and ISO format, and the commit waits for the synchronous standby. Commits when `body` succeeds, else rolls
  /// back and returns the error of `body`. Reconnects first if the connection was lost. Error `unavailable` "outcome is
  /// unknown": the server and its synchronous standby did not confirm the commit, which may be in effect or not.
  Result<void> transaction(const std::function<Result<void>()>& body, const TransactionLimits& limits = {});
  /// Runs one statement that writes, in a transaction() of its own. (query() uses the isolation level and access mode
  /// that are the defaults of database and role.)
  Result<Rows> write(const std::string& sql, const Values& values = {}, const TransactionLimits& limits = {});
  /// Does the same as write() in one round trip instead of three. The server enforces no limits, so it may finish the
  /// statement after this client timed out: use it only for SQL functions that bound their waits themselves. Inside
  /// transaction(), the statement is a part of that transaction.
  Result<Rows> write_at_once(const std::string& sql, const Values& values, const TransactionLimits& limits = {});

  /// Waits until all that was committed on this server before is on its synchronous standby; inside transaction(), the
  /// commit waits for it. Call it before an answer rests on rows of an earlier commit: that commit may be visible
  /// without being confirmed, and a transaction that writes nothing does not wait. Errors are those of a commit.
  /// Without a synchronous standby, what is visible is durable, and nothing is waited for.
  Result<void> confirm_earlier_commits(const TransactionLimits& limits = {});

  /// Returns the SQLSTATE of the last error; empty when the connection was lost or no statement has failed yet.
  const std::string& last_sqlstate() const { return last_error_.sqlstate; }
  /// Returns the last error as the server reported it.
  const ServerError& last_error() const { return last_error_; }
  /// Returns the name of the constraint in the last error; empty when that error names no constraint.
  const std::string& last_constraint() const { return last_constraint_; }
  /// Returns the current time of the server's clock, which all processes that use its databases share. Inside a
  /// transaction too it is the current time, not the time at which the transaction began.
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
      std::make_unique<std::string>();  // the last warning of the server since this text was cleared
  std::string where_;
  Millis timeout_;  // for the server's answer to a statement
  ServerError last_error_;
  std::string last_constraint_;
  bool in_transaction_ = false;
  std::string commit_level_ = "on";  // of synchronous_commit; "remote_apply" where that is the default
  // By default a transaction is READ COMMITTED, READ WRITE and durable, and its warnings are sent.
  bool has_our_defaults_ = false;
};

}  // namespace vf::store::postgres
