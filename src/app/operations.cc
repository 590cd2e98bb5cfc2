#include "app/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/target_list.h"
#include "fanout/target_mode.h"
#include "upkeep/reconciliation_job.h"

namespace vf::app {
namespace {

constexpr const char* kNoLake = "there is no raw log here";

}  // namespace

HubOperations::HubOperations(Params params)
    : params_(params), dead_letters_(params_.outbox, params_.committer, params_.clock) {}

Result<void> HubOperations::is_consumer(const std::string& name) const {
  if (params_.consumers.target(name) || (has_lake() && name == store::kRawLog)) return {};
  return admin::no_such_target(name, targets());
}

void HubOperations::dismiss(const std::string& target, outbox::OnDone done) {
  const auto left = left_targets();
  const auto found = std::ranges::find(left, target, &fanout::LeftTarget::name);
  if (found == left.end()) {
    return done(
        not_found(fmt::format("there is no alarm about a target {} that is no longer configured: it is "
                              "configured, or nothing waits for it, or the alarm was dismissed",
                              target.substr(0, 64))));
  }
  auto ended = [this, target, done = std::move(done)](Result<void> result) {
    if (result) params_.consumers.dismissed(target);
    done(std::move(result));
  };
  params_.committer.write(fanout::dismissed_setting(found->name, found->cursor), outbox::completing(std::move(ended)));
}

void HubOperations::set_mode(const std::string& target, std::optional<fanout::Mode> mode, outbox::OnDone done) {
  if (auto known = is_consumer(target); !known) return done(known.error());
  const auto configured = params_.consumers.target(target);
  if (!configured) return done(invalid("the raw log has no mode: it copies every event, always"));
  const auto running = params_.consumers.worker(target);
  if (!running) {
    wake(target, fanout::Wake::all);  // also an order that leaves the mode as it is ends waits
    return fanout::order_mode(params_.committer, *configured, mode, std::move(done));
  }
  mode ? running->set_mode(*mode, std::move(done)) : running->resume(std::move(done));
}

admin::LakeStatus HubOperations::lake() const {
  admin::LakeStatus result;
  if (!has_lake()) return result;
  const auto status = params_.consumers.feeder_status();
  result.driver = params_.config.ingest.lake.kind == settings::StoreUrl::Kind::chdb ? "chdb" : "clickhouse";
  result.state = status.last_error.empty() ? "ok" : "backing off";
  result.last_error = status.last_error;
  result.rows_inserted = status.rows_inserted;
  result.cursor = status.cursor;
  return result;
}

Result<std::optional<Event>> HubOperations::find_in_lake(Uuid event_id) const {
  if (!has_lake()) return std::optional<Event>{};
  return params_.lake->find(event_id);
}

Result<void> HubOperations::start_reconciliation(const raw_log::ReconciliationRequest& request,
                                                 const std::string& asked_by) {
  VF_ASSIGN(const auto newest, reconciliation());
  if (newest.state == "running") return conflict("a reconciliation is under way: wait for its end");
  VF_TRY(params_.jobs.request({.job = std::string(upkeep::kReconciliationJob),
                               .parameters = upkeep::to_parameters(request),
                               .asked_by = asked_by}));
  return {};
}

void HubOperations::start_reconciliation(const raw_log::ReconciliationRequest& request, const std::string& asked_by,
                                         outbox::OnDone done) {
  done(start_reconciliation(request, asked_by));
}

Result<raw_log::ReconciliationStatus> HubOperations::reconciliation() const {
  if (!has_lake()) return not_found(kNoLake);
  VF_ASSIGN(const auto run, upkeep::newest_verification(params_.outbox));
  return run ? upkeep::status_of(*run) : raw_log::ReconciliationStatus{};
}

// Returns `done` with a call before it: once the row is changed, the consumer's worker looks at it.
outbox::OnDone HubOperations::and_wake(const std::string& consumer, Uuid event_id, outbox::OnDone done) {
  return [this, consumer, event_id, done = std::move(done)](Result<void> result) {
    if (result) {
      params_.consumers.row_changed(consumer, event_id);
      if (consumer != store::kRawLog && !params_.consumers.worker(consumer)) wake(consumer, fanout::Wake::receiver);
    }
    done(std::move(result));
  };
}

// Another process works on the target: it finds the order in the store. If that fails, the waits end by themselves.
void HubOperations::wake(const std::string& target, fanout::Wake wake) {
  params_.committer.write(fanout::wake_setting(target, wake, params_.clock.now()), [](const auto&) {});
}

void HubOperations::retry_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) {
  if (auto known = is_consumer(consumer); !known) return done(known.error());
  dead_letters_.retry(consumer, event_id, and_wake(consumer, event_id, std::move(done)));
}

void HubOperations::put_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) {
  if (auto known = is_consumer(consumer); !known) return done(known.error());
  dead_letters_.put(consumer, event_id, and_wake(consumer, event_id, std::move(done)));
}

void HubOperations::drop_dead(const std::string& consumer, Uuid event_id, outbox::OnDone done) {
  if (auto known = is_consumer(consumer); !known) return done(known.error());
  dead_letters_.drop(consumer, event_id, std::move(done));
}

void HubOperations::ask_environments(Uuid event_id,
                                     std::function<void(std::vector<admin::EnvironmentAnswer>)> done) const {
  params_.environments.ask(targets(), event_id, done);
}

void HubOperations::call_environment(admin::EnvironmentCall call, admin::OnAnswer done) const {
  params_.environments.call(targets(), std::move(call), std::move(done));
}

}  // namespace vf::app
