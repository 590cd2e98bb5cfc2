// FakeOperations: operations with answers that a test sets, and that do nothing. Header only, for tests of this folder.
#pragma once

#include <string>
#include <vector>

#include "admin/operations.h"

namespace vf::admin {

class FakeOperations final : public Operations {
 public:
  std::vector<intake::SourceCounts> sources() const override { return sources_; }
  std::vector<fanout::Target> targets() const override { return targets_; }
  std::vector<fanout::Status> target_statuses() const override {
    std::vector<fanout::Status> statuses;
    for (const auto& target : targets_) statuses.emplace_back().name = target.name;
    for (auto& status : statuses) status.mode = mode_;
    return statuses;
  }
  std::vector<fanout::LeftTarget> left_targets() const override { return left_; }
  void dismiss(const std::string& target, outbox::OnDone done) override {
    dismissed_.push_back(target);
    done({});
  }
  void set_mode(const std::string&, std::optional<fanout::Mode> mode, outbox::OnDone done) override {
    mode_ = mode.value_or(fanout::Mode::live);
    done({});
  }

  LakeStatus lake() const override { return lake_; }
  bool has_lake() const override { return lake_.driver != "none"; }
  Result<std::optional<Event>> find_in_lake(Uuid) const override { return std::optional<Event>{}; }
  void start_reconciliation(const raw_log::ReconciliationRequest&, const std::string& asked_by,
                            outbox::OnDone done) override {
    asked_by_ = asked_by;
    done({});
  }
  Result<raw_log::ReconciliationStatus> reconciliation() const override { return reconciliation_; }

  void retry_dead(const std::string&, Uuid, outbox::OnDone done) override { done({}); }
  void put_dead(const std::string&, Uuid, outbox::OnDone done) override { done({}); }
  void drop_dead(const std::string&, Uuid, outbox::OnDone done) override { done({}); }

  void ask_environments(Uuid, std::function<void(std::vector<EnvironmentAnswer>)> done) const override {
    done(answers_);
  }
  void call_environment(EnvironmentCall, OnAnswer done) const override { done(not_found("no environment")); }

  void add_target(const std::string& name, std::vector<std::string> types = {}) {
    auto& target = targets_.emplace_back();
    target.name = name;
    target.types = std::move(types);
  }

  std::vector<intake::SourceCounts> sources_;
  std::vector<fanout::Target> targets_;
  fanout::Mode mode_ = fanout::Mode::live;
  std::vector<fanout::LeftTarget> left_;
  std::vector<std::string> dismissed_;
  LakeStatus lake_;
  raw_log::ReconciliationStatus reconciliation_;
  std::vector<EnvironmentAnswer> answers_;
  std::string asked_by_;  // of the reconciliation that was started last
};

}  // namespace vf::admin
