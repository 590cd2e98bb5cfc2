#include "interface.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

#include "decompress.h"
#include "lake/chdb/library.h"
#include "lake/engine_error.h"
#include "lake/row_binary.h"

namespace vf::clickhouse_test {
namespace {

constexpr int kWorkers = 6;
constexpr int kAuthenticationFailed = 516, kQueryWasCancelled = 394, kNotImplemented = 48;
constexpr std::string_view kTag = "abcdefghijklmnop";
constexpr std::string_view kVersion = "(version 26.7.2.1 (official build))";

// Returns the status that ClickHouse's exceptionCodeToHTTPStatus() gives, for the codes that occur here.
int status_of(int code) {
  constexpr std::array kBadRequest = {6, 26, 27, 33, 38, 41, 62, 72, 117};
  constexpr std::array kNotFound = {16, 46, 47, 50, 60, 73, 81, 115};
  if (code == 194) return 401;
  if (code == 192 || code == 193 || code == kAuthenticationFailed) return 403;
  if (code == 159) return 408;
  if (code == kNotImplemented) return 501;
  if (code == 209) return 503;
  if (std::ranges::find(kBadRequest, code) != kBadRequest.end()) return 400;
  return std::ranges::find(kNotFound, code) != kNotFound.end() ? 404 : 500;
}

std::string exception_text(int code, std::string_view what) {
  return fmt::format("Code: {}. DB::Exception: {} {}\n", code, what, kVersion);
}

http::Response ok(std::string body) {
  http::Response response;
  response.content_type = "application/octet-stream";
  response.body = std::move(body);
  response.headers = {{"X-ClickHouse-Format", "RowBinary"}, {"X-ClickHouse-Summary", "{}"}};
  return response;
}

http::Response exception(int code, std::string text) {
  http::Response response = ok(std::move(text));
  response.status = status_of(code);
  response.content_type = "text/plain; charset=UTF-8";
  response.headers.emplace_back("X-ClickHouse-Exception-Code", std::to_string(code));
  return response;
}

http::Response plain(std::string text) {
  http::Response response;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

std::string header(const http::Request& request, std::string_view name) {
  return std::string(request.headers.unique(name).value_or(""));
}

std::vector<std::string> parameter_names(std::string_view query) {
  std::vector<std::string> names;
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    names.emplace_back(one.substr(0, one.find('=')));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return names;
}

bool is_protocol(std::string_view name) {
  constexpr std::array<std::string_view, 4> kProtocol = {"query", "query_id", "default_format", "wait_end_of_query"};
  return std::ranges::find(kProtocol, name) != kProtocol.end();
}

// Removes the parts of a statement that a single engine in a process cannot run. For a cluster of one replica the
// statement means the same without them.
std::string for_one_engine(std::string sql) {
  sql = std::regex_replace(sql, std::regex(R"( ON CLUSTER '[^']*')"), "");
  return std::regex_replace(sql, std::regex(R"(ReplicatedMergeTree\('[^']*', '[^']*'\))"), "MergeTree");
}

std::string set_text(const std::string& name, const std::string& value) {
  std::string quoted;
  for (const char c : value) quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return fmt::format("SET {} = '{}'", name, quoted);
}

// Returns the prefix in startsWith(query_id, '…').
std::string query_id_prefix(const std::string& sql) {
  std::smatch match;
  return std::regex_search(sql, match, std::regex(R"(startsWith\(query_id, '([^']*)'\))")) ? match[1].str() : "";
}

std::string little_endian(int64_t value) {
  std::string out;
  lake::row_binary::append_int(out, value);
  return out;
}

}  // namespace

Result<std::unique_ptr<Interface>> Interface::open(Params params) {
  auto library = lake::chdb::Library::load("");
  if (!library) return library.error();
  std::unique_ptr<Interface> made(new Interface(std::move(params)));
  const std::vector<std::string> options = {"--path=" + made->params_.folder,
                                            "--config-file=" + made->params_.folder + "/config.xml", "--max_threads=2"};
  for (int i = 0; i < kWorkers; ++i) {
    auto connection = lake::chdb::Connection::open(**library, options);
    if (!connection) return connection.error();
    made->connections_.push_back(std::move(*connection));
  }
  for (const auto& connection : made->connections_) {
    made->workers_.emplace_back([interface = made.get(), &connection] { interface->work(*connection); });
  }
  return made;
}

Interface::~Interface() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  workers_.clear();
}

void Interface::handle(http::Request request, http::Respond respond) {
  if (request.path() == "/ping") return respond(plain("Ok.\n"));
  if (request.path().starts_with("/control/")) return respond(control(request));
  const std::lock_guard lock(mutex_);
  tasks_.push_back({std::move(request), std::move(respond)});
  changed_.notify_all();
}

void Interface::work(lake::chdb::Connection& connection) {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task.respond(answer(task.request, connection));
  }
}

http::Response Interface::answer(const http::Request& request, lake::chdb::Connection& connection) {
  if (header(request, "X-ClickHouse-User") != params_.user || header(request, "X-ClickHouse-Key") != params_.password) {
    const std::string text = fmt::format(
        "{}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)",
        header(request, "X-ClickHouse-User"));
    return exception(kAuthenticationFailed, exception_text(kAuthenticationFailed, text));
  }
  const auto statement = read(request);
  if (!statement) return exception(kNotImplemented, exception_text(kNotImplemented, statement.error().message));
  {
    const std::lock_guard lock(mutex_);
    log_.push_back(fmt::format("{} {} {}", header(request, "Content-Encoding"), request.query(), statement->sent));
  }
  if (statement->sql.starts_with("KILL QUERY")) return kill(statement->sql);
  if (statement->sql.find("system.processes") != std::string::npos) {
    const std::lock_guard lock(mutex_);
    return ok(little_endian(static_cast<int64_t>(running_like(statement->sql))));
  }
  if (statement->sql.starts_with("SYSTEM SYNC REPLICA")) return ok("");
  if (statement->sql.find("FROM system.clusters") != std::string::npos) return ok(little_endian(1));
  return run(connection, *statement);
}

Result<Statement> Interface::read(const http::Request& request) const {
  const auto body = decompressed(request.body, header(request, "Content-Encoding"));
  if (!body) return invalid("Unknown or broken Content-Encoding");
  Statement statement;
  const auto query = request.query_value("query");
  statement.sent = query ? *query : *body;
  statement.sql = for_one_engine(statement.sent);
  if (query) statement.rows = *body;
  statement.query_id = request.query_value("query_id").value_or("");
  statement.user = header(request, "X-ClickHouse-User");
  for (const auto& name : parameter_names(request.query())) {
    if (!is_protocol(name)) statement.settings.emplace_back(name, *request.query_value(name));
  }
  if (request.query_value("insert_deduplicate") == "1") {
    statement.token = request.query_value("insert_deduplication_token").value_or("");
  }
  return statement;
}

http::Response Interface::run(lake::chdb::Connection& connection, const Statement& statement) {
  const auto fault = take_fault(statement.sql).value_or(Fault{});
  if (fault.kind == "drop_before") {
    params_.cut();
    return {};
  }
  if (fault.kind == "foreign") {
    http::Response response = plain("<html>502 Bad Gateway</html>");
    response.status = 502;
    return response;
  }
  const std::string failure = exception_text(fault.code, "Fails as the test ordered");
  if (fault.kind == "error") return exception(fault.code, failure);

  std::unique_lock lock(mutex_);
  const auto running = running_.insert(running_.end(), {statement, false});
  lock.unlock();
  if (fault.kind == "hold_cut") params_.cut();
  const bool held = fault.kind.starts_with("hold");
  const bool goes_on = !held || wait_for_release(*running);
  http::Response response =
      goes_on ? execute(connection, statement)
              : exception(kQueryWasCancelled, exception_text(kQueryWasCancelled, "Query was cancelled"));
  lock.lock();
  running_.erase(running);
  changed_.notify_all();
  lock.unlock();

  if (fault.kind == "drop_after") {
    params_.cut();
    ++answers_lost_;
  }
  if (fault.kind == "late") response.body += "\r\n" + failure;
  if (fault.kind == "late_tagged") {
    response.headers.emplace_back("X-ClickHouse-Exception-Tag", kTag);
    response.body +=
        fmt::format("\r\n__exception__\r\n{0}\r\n{1}{2} {0}\r\n__exception__\r\n", kTag, failure, failure.size());
  }
  return response;
}

http::Response Interface::execute(lake::chdb::Connection& connection, const Statement& statement) {
  for (const auto& [name, value] : statement.settings) {
    if (auto set = connection.query(set_text(name, value)); !set) {
      return exception(lake::engine_code(set.error().message), set.error().message.substr(6) + "\n");
    }
  }
  Result<std::string> done = std::string();
  constexpr std::string_view kFormat = " FORMAT RowBinary";
  if (statement.sql.starts_with("INSERT") && statement.sql.ends_with(kFormat)) {
    std::unique_lock lock(mutex_);
    const bool is_new = statement.token.empty() || tokens_.insert(statement.token).second;
    lock.unlock();
    const std::string sql = statement.sql.substr(0, statement.sql.size() - kFormat.size());
    if (is_new) {
      if (auto inserted = connection.insert(sql, statement.rows); !inserted) done = inserted.error();
    }
  } else {
    done = connection.query(statement.sql);
  }
  for (const auto& setting : statement.settings) {
    static_cast<void>(connection.query("SET " + setting.first + " = DEFAULT"));
  }
  if (done) return ok(std::move(*done));
  return exception(lake::engine_code(done.error().message), done.error().message.substr(6) + "\n");
}

http::Response Interface::kill(const std::string& sql) {
  const std::string prefix = query_id_prefix(sql);
  std::unique_lock lock(mutex_);
  for (auto& running : running_) running.killed = running.killed || running.statement.query_id.starts_with(prefix);
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || running_like(sql) == 0; });
  return ok("");
}

size_t Interface::running_like(const std::string& sql) const {
  const std::string prefix = query_id_prefix(sql);
  return static_cast<size_t>(std::ranges::count_if(
      running_, [&](const Running& running) { return running.statement.query_id.starts_with(prefix); }));
}

bool Interface::wait_for_release(Running& running) {
  std::unique_lock lock(mutex_);
  ++holding_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || running.killed || released_ > 0; });
  --holding_;
  if (running.killed || stopping_) return false;
  --released_;
  return true;
}

std::optional<Fault> Interface::take_fault(const std::string& sql) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(faults_, [&](const Fault& fault) { return sql.find(fault.match) != std::string::npos; });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = *found;
  faults_.erase(found);
  return fault;
}

http::Response Interface::control(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  if (request.path() == "/control/fault") {
    Fault fault{request.query_value("kind").value_or(""), request.query_value("match").value_or(""), 0};
    const std::string code = request.query_value("code").value_or("0");
    std::from_chars(code.data(), code.data() + code.size(), fault.code);
    faults_.push_back(std::move(fault));
  } else if (request.path() == "/control/release") {
    ++released_;
    changed_.notify_all();
  } else if (request.path() == "/control/holding") {
    return plain(std::to_string(holding_));
  } else if (request.path() == "/control/lost") {
    return plain(std::to_string(answers_lost_));
  } else if (request.path() == "/control/running") {
    return plain(std::to_string(running_.size()));
  } else if (request.path() == "/control/log") {
    std::string text;
    for (const auto& line : log_) text += line + '\0';
    return plain(std::move(text));
  }
  return plain("");
}

}  // namespace vf::clickhouse_test
