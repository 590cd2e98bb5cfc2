// AdminRole: composes the admin listener, which every role has. It serves health and metrics without a token, and the
// admin API: its description in every process, its resources and the status page in a process that ingests. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/audit.h"
#include "admin/hub.h"
#include "admin/jobs.h"
#include "admin/quarantine.h"
#include "api/service.h"
#include "app/reloads.h"
#include "concurrency/task_thread.h"
#include "http/server.h"
#include "obs/services.h"
#include "outbox/writer.h"
#include "settings/settings.h"

namespace vf::app {

/// Returns the tokens that the configuration of an admin listener grants, with what each may do.
std::vector<api::Token> admin_tokens(const settings::Admin& configured);

class AdminRole {
 public:
  /// The part of a process that ingests: what its resources are about, and who keeps the audit log.
  struct Ingesting {
    admin::Hub hub;
    outbox::Writer& writer;
  };
  struct Params {
    const settings::Settings& config;
    obs::Services services;
    std::function<std::string()> config_in_force;  // as JSON
    std::optional<Ingesting> ingesting = {};       // nullopt in a process that does not ingest
    std::optional<admin::JobPlaces> jobs = {};     // nullopt: no jobs run yet
    admin::Quarantines quarantines = {};
  };
  static Result<std::unique_ptr<AdminRole>> start(Params params);
  ~AdminRole() { drain(Millis{0}); }

  const std::string& url() const { return url_; }
  /// Makes the new set of tokens.
  Result<PutIntoForce> prepare(const Change& change);
  void drain(Millis at_most);

 private:
  AdminRole();
  api::Routes health_routes(obs::Services services);

  api::Tokens tokens_;
  std::string url_;
  concurrency::TaskThread checks_;  // runs the checks of /readyz, which ask the stores and may be slow
  std::unique_ptr<api::AuditLog> audit_;
  std::unique_ptr<api::Service> api_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
