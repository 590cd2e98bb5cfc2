#include "store/postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

#include "store/postgres/address.h"
#include "store/postgres/leaving.h"

namespace vf::store::postgres {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kBinary = 1;
constexpr Millis kLookEvery{100};  // how soon a wait finds that the process leaves

void note_warning(void* warning, const PGresult* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (severity != nullptr && std::string_view(severity) == "WARNING" && message != nullptr) {
    *static_cast<std::string*>(warning) = message;
  }
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

std::string or_else(const char* text, std::string_view other) {
  return text == nullptr || *text == '\0' ? std::string(other) : std::string(text);
}

std::string place_of(PGconn* connection) {
  return fmt::format("{}:{}/{}", or_else(PQhost(connection), "localhost"), or_else(PQport(connection), "5432"),
                     or_else(PQdb(connection), "?"));
}

bool is_done(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/// Sets a timeout for the time until the end of the scope.
class TimeoutScope {
 public:
  TimeoutScope(Millis& timeout, Millis now) : timeout_(timeout), before_(std::exchange(timeout, now)) {}
  TimeoutScope(const TimeoutScope&) = delete;
  TimeoutScope& operator=(const TimeoutScope&) = delete;
  ~TimeoutScope() { timeout_ = before_; }

 private:
  Millis& timeout_;
  Millis before_;
};

}  // namespace

void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Result<Connection> Connection::open(ConnectionParams params) {
  Connection connection(std::move(params));
  VF_TRY(connection.connect());
  return connection;
}

Connection Connection::unopened(ConnectionParams params) { return Connection(std::move(params)); }

// in_transaction_ stays set until the body has ended: its remaining statements must not run on a new connection.
void Connection::close() { connection_.reset(); }

Result<void> Connection::connect() {
  close();
  if (is_leaving()) return unavailable("PostgreSQL: no connection is opened before the end of the process");
  VF_TRY(check_address(params_.url));
  const std::string name = "vf " + params_.role;
  const std::string connect_seconds = std::to_string((params_.connect_timeout.count() + 999) / 1000);
  // The URL ("dbname") overrides the options before it in this list; the options after it override the URL.
  const std::array<std::pair<const char*, const char*>, 9> options{{{"connect_timeout", connect_seconds.c_str()},
                                                                    {"keepalives", "1"},
                                                                    {"keepalives_idle", "10"},
                                                                    {"keepalives_interval", "5"},
                                                                    {"keepalives_count", "3"},
                                                                    {"tcp_user_timeout", "15000"},
                                                                    {"dbname", params_.url.c_str()},
                                                                    {"application_name", name.c_str()},
                                                                    {"client_encoding", "UTF8"}}};
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options) {
    keywords.push_back(keyword);
    values.push_back(value);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  where_ = place_of(connection_.get());
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    last_error_ = {.sqlstate = "", .message = PQerrorMessage(connection_.get()), .where = where_};
    last_constraint_.clear();
    close();
    return translate_refusal(last_error_);
  }
  PQsetnonblocking(connection_.get(), 1);
  PQsetNoticeReceiver(connection_.get(), note_warning, warning_.get());
  return check_server();
}

Result<void> Connection::check_server() {
  const TimeoutScope timeout(timeout_, params_.connect_timeout + params_.grace);
  VF_ASSIGN(
      const auto rows,
      send("SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('synchronous_commit'), "
           "pg_catalog.current_setting('default_transaction_isolation'), "
           "pg_catalog.current_setting('default_transaction_read_only'), "
           "pg_catalog.current_setting('client_min_messages')",
           nullptr));
  if (const std::string encoding = rows.text_at(0, 0); encoding != "UTF8") {
    close();
    return conflict(fmt::format("the database at {} is in {}: create it with ENCODING 'UTF8'", where_, encoding));
  }
  const std::string commit_level = rows.text_at(0, 1);
  commit_level_ = commit_level == "remote_apply" ? commit_level : "on";
  has_our_defaults_ = commit_level == commit_level_ && rows.text_at(0, 2) == "read committed" &&
                      rows.text_at(0, 3) == "off" && rows.text_at(0, 4) != "error";
  if (!params_.on_connect) return {};
  auto fits = params_.on_connect(*this);
  if (!fits) close();
  return fits;
}

// If the server has closed an idle connection, the server's last message and the end of the stream can be read from it.
Result<void> Connection::ensure_connected() {
  while (connection_ != nullptr) {
    pollfd idle{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    if (poll(&idle, 1, 0) <= 0) break;
    if (PQconsumeInput(connection_.get()) == 0) close();
  }
  if (connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) return {};
  return connect();
}

Error Connection::failed(const pg_result* result) {
  ServerError error{
      .sqlstate = field(result, PG_DIAG_SQLSTATE), .message = field(result, PG_DIAG_MESSAGE_PRIMARY), .where = where_};
  if (error.sqlstate.empty()) return lost(PQerrorMessage(connection_.get()));
  last_constraint_ = field(result, PG_DIAG_CONSTRAINT_NAME);
  if (needs_new_connection(error.sqlstate)) close();
  return remember(std::move(error));
}

Error Connection::remember(ServerError error) {
  last_error_ = std::move(error);
  return translate(last_error_);
}

Error Connection::lost(std::string_view why) {
  ServerError error{.sqlstate = "", .message = std::string(why), .where = where_};
  last_constraint_.clear();
  close();
  return remember(std::move(error));
}

/// Sends the buffered data and waits until a whole result has arrived. Returns false when the connection is unusable.
bool Connection::flush_and_wait() {
  PGconn* connection = connection_.get();
  auto deadline = Steady::now() + timeout_;
  for (bool hurries = false; true;) {
    if (!hurries && is_leaving()) {
      hurries = true;
      deadline = std::min(deadline, Steady::now() + kAnswerWhenLeaving);
    }
    const int unsent = PQflush(connection);
    if (unsent < 0) return false;
    if (unsent == 0 && PQisBusy(connection) == 0) return true;
    const auto left = std::chrono::ceil<Millis>(deadline - Steady::now());
    if (left <= Millis{0}) return false;
    pollfd wait{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
    if (unsent > 0) wait.events |= POLLOUT;
    if (poll(&wait, 1, static_cast<int>(std::min(left, kLookEvery).count())) < 0 && errno != EINTR) return false;
    if ((wait.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(connection) == 0) return false;
  }
}

Result<Rows> Connection::collect() {
  Rows last(nullptr);
  std::unique_ptr<PGresult, decltype(&PQclear)> error(nullptr, &PQclear);
  while (true) {
    if (!flush_and_wait()) {
      if (error != nullptr) break;
      const bool is_silent = PQstatus(connection_.get()) == CONNECTION_OK;
      if (is_silent && is_leaving()) return lost("no answer before the end of the process");
      return lost(is_silent ? fmt::format("silent for {} ms", timeout_.count())
                            : std::string(PQerrorMessage(connection_.get())));
    }
    PGresult* result = PQgetResult(connection_.get());
    if (result == nullptr) break;
    if (is_done(result)) {
      last = Rows(result);
    } else if (error == nullptr) {
      error.reset(result);
    } else {
      PQclear(result);
    }
  }
  if (error != nullptr) return failed(error.get());
  return last;
}

Result<Rows> Connection::send(const std::string& sql, const Values* values) {
  if (values == nullptr) {
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost(PQerrorMessage(connection_.get()));
    return collect();
  }
  std::vector<Oid> types;
  std::vector<const char*> pointers;
  std::vector<int> lengths;
  for (const Values::Parameter& parameter : values->parameters_) {
    types.push_back(parameter.type_oid);
    pointers.push_back(parameter.is_null ? nullptr : values->buffer_.data() + parameter.offset);
    lengths.push_back(static_cast<int>(parameter.bytes));
  }
  const std::vector<int> formats(types.size(), kBinary);
  const int sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(types.size()), types.data(),
                                     pointers.data(), lengths.data(), formats.data(), kBinary);
  if (sent == 0) return lost(PQerrorMessage(connection_.get()));
  return collect();
}

Result<Rows> Connection::query(const std::string& sql, const Values& values) {
  if (!in_transaction_) {
    VF_TRY(ensure_connected());
  } else if (connection_ == nullptr) {
    return lost("the connection was lost");
  }
  return send(sql, &values);
}

Result<Rows> Connection::run(const std::string& sql) {
  if (!in_transaction_) {
    VF_TRY(ensure_connected());
  } else if (connection_ == nullptr) {
    return lost("the connection was lost");
  }
  return send(sql, nullptr);
}

Result<Instant> Connection::server_time() {
  VF_ASSIGN(const auto rows, query("SELECT pg_catalog.clock_timestamp()"));
  return rows.time_at(0, 0);
}

// Everything that the transaction relies on is set here, because server, database and role may have other defaults:
// - client_min_messages: the warning that a commit did not reach its synchronous standby must be sent.
// - TimeZone and DateStyle: functions of the schema write times into statements that create partitions.
// - search_path: no function or operator of another schema may take the place of a built-in one.
std::string Connection::begin_text(const TransactionLimits& limits) const {
  constexpr int kTransactionTimeoutSince = 170000;
  const bool has_transaction_timeout = PQserverVersion(connection_.get()) >= kTransactionTimeoutSince;
  return fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; "
      "SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL synchronous_commit = {}; SET LOCAL "
      "client_min_messages = warning; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL TimeZone = 'UTC'; "
      "SET LOCAL DateStyle = 'ISO, YMD'{}",
      limits.statement.count(), limits.lock.count(), limits.idle.count(), commit_level_,
      has_transaction_timeout ? "; SET LOCAL transaction_timeout = 0" : "");
}

Millis Connection::timeout_for(const TransactionLimits& limits) const {
  return limits.statement > Millis{0} ? limits.statement + params_.grace : params_.answer_timeout;
}

Result<void> Connection::transaction(const std::function<Result<void>()>& body, const TransactionLimits& limits) {
  VF_INVARIANT(!in_transaction_);
  VF_TRY(ensure_connected());
  const TimeoutScope timeout(timeout_, timeout_for(limits));
  VF_TRY(send(begin_text(limits), nullptr));
  in_transaction_ = true;
  auto done = body();
  if (done) {
    done = commit();
  } else if (connection_ != nullptr) {
    const ServerError error = last_error_;
    if (!send("ROLLBACK", nullptr)) close();
    last_error_ = error;
  }
  in_transaction_ = false;
  return done;
}

Result<Rows> Connection::write(const std::string& sql, const Values& values, const TransactionLimits& limits) {
  Result<Rows> rows = Rows(nullptr);
  const auto body = [&]() -> Result<void> {
    rows = query(sql, values);
    if (!rows) return rows.error();
    return {};
  };
  VF_TRY(transaction(body, limits));
  return rows;
}

Result<Rows> Connection::write_at_once(const std::string& sql, const Values& values, const TransactionLimits& limits) {
  if (in_transaction_) return query(sql, values);
  VF_TRY(ensure_connected());
  if (!has_our_defaults_) return write(sql, values, limits);
  const TimeoutScope timeout(timeout_, timeout_for(limits));
  warning_->clear();
  auto rows = send(sql, &values);
  if (!rows) return unconfirmed(rows.error());
  VF_TRY(check_warning());
  return rows;
}

Result<void> Connection::confirm_earlier_commits(const TransactionLimits& limits) {
  const std::string write_a_little = fmt::format(
      "SELECT CASE pg_catalog.current_setting('synchronous_standby_names') WHEN '' THEN NULL ELSE "
      "pg_catalog.pg_logical_emit_message(true, 'vf', '') END, {}",
      kConfirmedCommit);
  VF_TRY(write_at_once(write_a_little, Values(), limits));
  return {};
}

/// Returns the error for a commit that failed. If the server reported a reason and still runs, it has rolled back;
/// otherwise the outcome is unknown.
Error Connection::unconfirmed(const Error& error) const {
  if (!leaves_commit_unknown(last_error_.sqlstate)) return error;
  return unavailable(fmt::format("the commit was not confirmed, its outcome is unknown: {}", error.message));
}

/// Checks the server's last warning after a commit: the server warns when its wait for the synchronous standby was
/// cancelled.
Result<void> Connection::check_warning() const {
  if (warning_->empty()) return {};
  return unavailable(fmt::format("the commit was not confirmed, its outcome is unknown: {}", *warning_));
}

// The server answers COMMIT with the command tag "ROLLBACK" when the transaction had already failed.
Result<void> Connection::commit() {
  if (connection_ == nullptr) return lost("the connection was lost before the commit");
  warning_->clear();
  const auto rows = send("COMMIT", nullptr);
  if (!rows) return unconfirmed(rows.error());
  if (rows->command() != "COMMIT")
    return internal(fmt::format("{}: a statement of the transaction failed, and its error was ignored", where_));
  return check_warning();
}

}  // namespace vf::store::postgres
