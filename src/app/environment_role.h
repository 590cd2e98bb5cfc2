// EnvironmentRole: composes one environment in this process: its database, and, by its duties, the receiver with its
// listener, the runner of its jobs, or both. One thread calls start() and drain().
#pragma once

#include <memory>
#include <string>

#include "admin/audit.h"
#include "admin/quarantine_place.h"
#include "api/service.h"
#include "api/signatures.h"
#include "app/environment_jobs.h"
#include "app/reloads.h"
#include "app/store_wait.h"
#include "http/server.h"
#include "obs/services.h"
#include "receive/receiver.h"
#include "settings/settings.h"
#include "store/environment_store.h"
#include "watch/trusted_time.h"

namespace vf::app {

class EnvironmentRole {
 public:
  enum class Duties { receive, maintain, both };
  struct Params {
    std::string name;
    const settings::Environment& configured;
    obs::Services services;
    watch::TrustedClocks& clocks;
    Duties duties = Duties::both;
    Waiting waiting = {};  // for a store that is away
  };
  static Result<std::unique_ptr<EnvironmentRole>> start(Params params);
  ~EnvironmentRole();

  const std::string& name() const { return name_; }
  /// The listener's URL; empty when the duties do not include receiving.
  const std::string& url() const { return url_; }
  /// Makes a signer of the new secrets.
  Result<PutIntoForce> prepare(const Change& change);

  jobs::Jobs& jobs() { return jobs_->jobs(); }
  admin::Quarantine quarantine() { return {.store = *store_, .clock = services_.clock}; }

  /// Stops accepting requests, lets those in flight finish, then stops the jobs and the receiver.
  void drain(Millis at_most);

 private:
  explicit EnvironmentRole(const Params& params)
      : name_(params.name), configured_(params.configured), services_(params.services), clocks_(params.clocks) {}
  Result<void> open(const Waiting& waiting);
  Result<void> listen();
  Result<crypto::WebhookSigner> signer_of(const settings::Environment& configured) const;
  watch::TrustedTime& time();

  const std::string name_;
  const settings::Environment& configured_;
  obs::Services services_;
  watch::TrustedClocks& clocks_;
  std::string url_;
  std::unique_ptr<store::EnvironmentStore> store_;
  std::unique_ptr<api::Signatures> signatures_;
  std::unique_ptr<receive::Receiver> receiver_;
  std::unique_ptr<EnvironmentJobs> jobs_;
  std::unique_ptr<admin::LoggedAudit> audit_;
  std::unique_ptr<api::Service> api_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
