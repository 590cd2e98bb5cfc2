// AdminRole: the admin listener of every role: health and metrics without a token, and, where there is an ingest, the
// admin API and the status page. start() and drain() by one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/api.h"
#include "obs/services.h"
#include "concurrency/task_thread.h"
#include "config/config.h"
#include "http/router.h"
#include "http/server.h"

namespace vf::app {

class AdminRole {
 public:
  /// `hub`: what the API works on; nullopt where there is no ingest.
  static Result<std::unique_ptr<AdminRole>> start(const config::Admin& configured, std::optional<admin::Hub> hub,
                                                  obs::Services services);
  ~AdminRole() { drain(Millis{0}); }

  const std::string& url() const { return url_; }
  void drain(Millis at_most);

 private:
  AdminRole();
  void add_health(obs::Services services);

  http::Router router_;
  std::string url_;
  concurrency::TaskThread checks_;  // readiness asks the stores, which may take their time
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
