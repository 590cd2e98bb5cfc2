// Admin API: serves JSON under /admin/v1/ about a running ingest: sources, targets, events and their history, dead
// letters, the audit log. Handlers may block on the store, so reads and changes each have a thread of their own.
// Thread safe once built. openapi.json (served as /admin/v1/openapi.json) describes it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/access.h"
#include "base/time.h"
#include "fanout/status.h"
#include "fanout/target.h"
#include "http/router.h"
#include "intake/source_metrics.h"
#include "outbox/writer.h"
#include "raw_log/reconciliation.h"
#include "store/environment_store.h"
#include "store/outbox_store.h"

namespace vf::admin {

struct LakeStatus {
  std::string driver = "none";
  std::string state = "none";  // ok, backing off
  std::string last_error;
  int64_t rows_inserted = 0;
  std::optional<Position> cursor;
};

/// What one environment answered when it was asked for the outcome of an event.
struct EnvironmentAnswer {
  std::string name;
  std::string status;  // applied, ignored, quarantined, not received, unknown (`reason` says why)
  std::optional<Instant> at;
  std::string reason;
};

/// What the API reads and operates. Every function may be called from the API's thread at any time.
struct Hub {
  store::OutboxStore& outbox;
  outbox::Writer& writer;                    // for the audit log
  std::vector<fanout::Target> targets = {};  // as configured
  std::function<std::vector<intake::SourceCounts>()> sources = {};
  std::function<std::vector<fanout::Status>()> target_statuses = {};
  std::function<LakeStatus()> lake = {};
  std::function<Result<std::optional<Event>>(Uuid)> find_in_lake = {};  // empty: there is no lake
  std::function<std::vector<EnvironmentAnswer>(Uuid)> ask_environments = {};
  std::function<void(const std::string& target, std::optional<fanout::Mode>, outbox::OnDone)> set_mode =
      {};  // nullopt: resume, i.e. back to the configured mode
  // The target may be kRawLog.
  std::function<void(const std::string& target, Uuid, outbox::OnDone)> retry_dead = {}, drop_dead = {}, put_dead = {};
  std::function<void(const raw_log::ReconciliationRequest&, outbox::OnDone)> start_reconciliation =
      {};                                                              // starts a run; empty: there is no lake
  std::function<raw_log::ReconciliationStatus()> reconciliation = {};  // of the run started last
};

class Api {
 public:
  struct Params {
    Access access;
    const Clock& clock;
    Hub hub;
  };
  explicit Api(Params params);
  ~Api();

  /// Adds the API's routes to `router`. The Api must live until the router serves no more requests.
  void mount(http::Router& router);
  /// Answers the requests that wait; later requests get 503.
  void drain();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vf::admin
