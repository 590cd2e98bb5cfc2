// Interface: implements, over chDB, the part of ClickHouse's HTTP interface that the raw log uses: settings and query
// in the URL, user and password in headers, compressed bodies, exceptions with code and status, running queries that
// can be killed. It acts as one server, or as a cluster of one replica: for that it removes ON CLUSTER and Replicated…
// from statements and remembers the tokens of inserts, as a replica's keeper does. A test makes it fail through
// /control. Thread safe. Not implemented: formats other than RowBinary, sessions, streaming of answers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/message.h"
#include "lake/chdb/connection.h"

namespace vf::clickhouse_test {

struct Fault {
  std::string
      kind;  // drop_before drop_after hold error late late_tagged foreign; hold_cut: hold, and cut the client off
  std::string match;  // the fault hits a statement that contains this text
  int code = 0;       // the exception's code, for error and late
};

struct Statement {
  std::string sent;  // as received
  std::string sql;   // as run: without what a single engine cannot run
  std::string rows;  // of an INSERT, decompressed
  std::string query_id;
  std::string user;
  std::string token;  // insert_deduplication_token, while insert_deduplicate is 1
  std::vector<std::pair<std::string, std::string>> settings;
};

class Interface {
 public:
  struct Params {
    std::string folder, user, password;
    std::function<void()> cut;  // ends every client's connection
  };
  static Result<std::unique_ptr<Interface>> open(Params params);
  ~Interface();

  void handle(http::Request request, http::Respond respond);

 private:
  struct Running {
    Statement statement;
    bool killed = false;
  };
  struct Task {
    http::Request request;
    http::Respond respond;
  };

  explicit Interface(Params params) : params_(std::move(params)) {}
  void work(lake::chdb::Connection& connection);
  http::Response answer(const http::Request& request, lake::chdb::Connection& connection);
  Result<Statement> read(const http::Request& request) const;
  http::Response run(lake::chdb::Connection& connection, const Statement& statement);
  http::Response execute(lake::chdb::Connection& connection, const Statement& statement);
  http::Response kill(const std::string& sql);
  http::Response control(const http::Request& request);
  std::optional<Fault> take_fault(const std::string& sql);
  bool wait_for_release(Running& running);
  size_t running_like(const std::string& sql) const;

  const Params params_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<Task> tasks_;
  std::list<Running> running_;
  std::deque<Fault> faults_;
  int holding_ = 0, released_ = 0;
  std::atomic<int> answers_lost_ = 0;
  std::set<std::string> tokens_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<lake::chdb::Connection>> connections_;
  std::vector<std::jthread> workers_;
};

}  // namespace vf::clickhouse_test
