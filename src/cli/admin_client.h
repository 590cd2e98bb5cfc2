// AdminClient: calls the admin API of a running ingest, which it finds through the configuration. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/json.h"
#include "cli/session.h"
#include "http/client.h"

namespace vf::cli {

class AdminClient {
 public:
  /// nullopt: the configuration is wrong, and its problems were printed; return kWrongUsage.
  static std::optional<AdminClient> connect(const Session& session);

  /// `path` below /admin/v1/. Errors carry the API's own sentence; `unavailable` if there is no answer.
  Result<Json> get(const std::string& path);
  Result<Json> call(const std::string& method, const std::string& path, const std::string& body = {});

 private:
  AdminClient(std::string base, std::string token);

  std::string base_;
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

/// Gets `path` and prints the answer: with --json as it is, else as the text that `to_text` makes of it. Returns the
/// exit code.
int print_answer(const Session& session, const std::string& path,
                 const std::function<std::string(const Json&)>& to_text);
/// Makes a call that changes something and prints "done", or the answer with --json. Returns the exit code.
int operate(const Session& session, const std::string& method, const std::string& path, const std::string& body = {});

/// For a query or a path segment.
std::string percent_encode(std::string_view text);

}  // namespace vf::cli
