// Connection: a session with the chDB engine in this process. The engine itself starts with the first connection and
// stops with the last; it serves one folder at a time. Not thread safe: a connection runs one statement at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/chdb/library.h"

namespace vf::lake::chdb {

class Connection {
 public:
  /// `arguments` are the engine's options ("--path=…"). Error `unavailable`: the engine does not start.
  static Result<std::unique_ptr<Connection>> open(const Library& library, const std::vector<std::string>& arguments);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one statement and returns its result in RowBinary. Errors are those of engine_error().
  Result<std::string> query(const std::string& sql);
  /// Runs an INSERT with `rows` (RowBinary) and waits until they are committed. Errors are those of engine_error().
  Result<void> insert(const std::string& sql, std::string_view rows);

 private:
  Connection(const Library& library, Handle** handle) : library_(library), handle_(handle) {}

  const Library& library_;
  Handle** handle_;
};

}  // namespace vf::lake::chdb
