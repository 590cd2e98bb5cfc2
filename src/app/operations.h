// HubOperations: what operators read and order of a hub, carried out where it belongs: by the workers of this process,
// else through the shared store. Thread safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/operations.h"
#include "app/consumers.h"
#include "app/environment_calls.h"
#include "fanout/target_mode.h"
#include "intake/intake.h"
#include "jobs/jobs.h"
#include "lake/raw_log.h"
#include "outbox/committer.h"
#include "outbox/dead_letters.h"
#include "settings/settings.h"
#include "store/outbox_store.h"

namespace vf::app {

class HubOperations final : public admin::Operations {
 public:
  struct Params {
    const settings::Settings& config;
    const Clock& clock;
    store::OutboxStore& outbox;
    outbox::Committer& committer;
    lake::RawLog* lake = nullptr;  // nullptr: there is no raw log
    Consumers& consumers;
    jobs::Jobs& jobs;
    const intake::Intake& intake;
    EnvironmentCalls& environments;
  };
  explicit HubOperations(Params params);

  std::vector<intake::SourceCounts> sources() const override { return params_.intake.counts(); }
  std::vector<fanout::Target> targets() const override { return params_.consumers.targets(); }
  std::vector<fanout::Status> target_statuses() const override { return params_.consumers.target_statuses(); }
  std::vector<fanout::LeftTarget> left_targets() const override { return params_.consumers.left_targets(); }
  void dismiss(const std::string& target, outbox::OnDone done) override;
  void set_mode(const std::string& target, std::optional<fanout::Mode> mode, outbox::OnDone done) override;

  admin::LakeStatus lake() const override;
  bool has_lake() const override { return params_.lake != nullptr; }
  Result<std::optional<Event>> find_in_lake(Uuid event_id) const override;
  void start_reconciliation(const raw_log::ReconciliationRequest& request, const std::string& asked_by,
                            outbox::OnDone done) override;
  Result<raw_log::ReconciliationStatus> reconciliation() const override;

  void retry_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) override;
  void put_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) override;
  void drop_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) override;

  void ask_environments(Uuid event_id, std::function<void(std::vector<admin::EnvironmentAnswer>)> done) const override;
  void call_environment(admin::EnvironmentCall call, admin::OnAnswer done) const override;

 private:
  Result<void> start_reconciliation(const raw_log::ReconciliationRequest& request, const std::string& asked_by);
  Result<void> is_consumer(const std::string& name) const;
  void wake(const std::string& target, fanout::Wake wake);
  outbox::OnDone and_wake(const std::string& consumer, Uuid event_id, outbox::OnDone done);

  const Params params_;
  const outbox::DeadLetters dead_letters_;
};

}  // namespace vf::app
