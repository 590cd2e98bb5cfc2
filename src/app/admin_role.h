// AdminRole: composes the admin listener, which every role has. It serves health and metrics without a token, and, in a
// process that ingests, the admin API and the status page. One thread calls start() and drain().
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/api.h"
#include "concurrency/task_thread.h"
#include "http/router.h"
#include "http/server.h"
#include "obs/services.h"
#include "settings/settings.h"

namespace vf::app {

class AdminRole {
 public:
  /// `hub` holds the stores and functions behind the admin API; it is nullopt in a process that does not ingest.
  static Result<std::unique_ptr<AdminRole>> start(const settings::Admin& configured, std::optional<admin::Hub> hub,
                                                  obs::Services services);
  ~AdminRole() { drain(Millis{0}); }

  const std::string& url() const { return url_; }
  void drain(Millis at_most);

 private:
  AdminRole();
  void add_health(obs::Services services);

  http::Router router_;
  std::string url_;
  concurrency::TaskThread checks_;  // runs the checks of /readyz, which ask the stores and may be slow
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
