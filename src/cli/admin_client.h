// AdminClient: calls the admin API of a running ingest. The configuration holds its URL and token. One thread.
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
  /// Returns nullopt when the configuration is wrong; its problems were printed, and the command returns kWrongUsage.
  /// Sends nothing yet.
  static std::optional<AdminClient> connect(const Session& session);

  /// Sends a request and returns the JSON of the response. `path` is below /admin/v1/. An error's message is the API's
  /// own sentence. Error `unavailable`: no response came, or it was a 503.
  Result<Json> get(const std::string& path);
  Result<Json> call(const std::string& method, const std::string& path, const std::string& body = {});

 private:
  AdminClient(std::string base, std::string token);

  std::string base_;
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

/// Gets `path` from the admin API and prints the response: with --json it prints the JSON, else the text that `to_text`
/// returns for it. Returns the exit code.
int print_answer(const Session& session, const std::string& path,
                 const std::function<std::string(const Json&)>& to_text);
/// Calls an operation of the admin API and prints "done", or with --json the JSON of the response. Returns the exit
/// code.
int operate(const Session& session, const std::string& method, const std::string& path, const std::string& body = {});

/// Encodes `text` so that it can stand in a URL's query or path segment.
std::string percent_encode(std::string_view text);

}  // namespace vf::cli
