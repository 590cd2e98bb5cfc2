// AdminClient: asks the admin API of a running ingest, found through the configuration. One thread.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "cli/session.h"
#include "http/client.h"

namespace vf::cli {

class AdminClient {
 public:
  /// nullopt: the configuration is wrong, which has been told; return kWrongUsage.
  static std::optional<AdminClient> connect(const Session& session);

  /// `path` below /admin/v1/. Errors carry the API's own sentence; `unavailable` when nobody listens.
  Result<nlohmann::json> get(const std::string& path);
  Result<nlohmann::json> call(const std::string& method, const std::string& path, const std::string& body = {});

 private:
  AdminClient(std::string base, std::string token);

  std::string base_;
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

/// For a query or a path segment.
std::string percent_encode(std::string_view text);

}  // namespace vf::cli
