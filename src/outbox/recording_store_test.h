// RecordingStore: an OutboxStore for tests of this folder. It records its transactions and refuses the events that a
// test names in `poison`; only write() is implemented. One thread writes.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/outbox_store.h"

namespace vf::outbox {

class RecordingStore final : public store::OutboxStore {
 public:
  std::vector<std::vector<store::Write>> transactions;  // committed ones
  std::set<std::string> poison;                         // message ids the store refuses
  bool names_index = true;
  bool away = false;
  std::optional<Error> failure;  // the error of every write; nullopt: writes succeed
  int calls = 0;
  std::function<void()> before_write;

  Result<std::vector<store::WriteResult>> write(std::span<const store::Write> writes, Instant now,
                                                size_t* failed_index) override {
    ++calls;
    if (before_write) before_write();
    if (away) return unavailable("away");
    if (failure) return *failure;
    auto seen = seen_;  // a refused transaction leaves nothing
    std::vector<store::WriteResult> results;
    for (size_t i = 0; i < writes.size(); ++i) {
      const auto* add = std::get_if<store::AddEvent>(&writes[i]);
      if (add && poison.contains(add->event.message_id)) {
        if (names_index) *failed_index = i;
        return invalid("poison");
      }
      if (add) {
        results.push_back(store::EventAdded{!seen.insert(add->event.id).second, add->event.id, {}, now});
      } else {
        results.emplace_back(store::Written{});
      }
    }
    seen_ = std::move(seen);
    transactions.emplace_back(writes.begin(), writes.end());
    return results;
  }

  Result<std::vector<store::OutboxRow>> read_after(const store::ReadAfter&) override { return internal("unused"); }
  Result<Position> end() override { return internal("unused"); }
  Result<Position> purged() override { return internal("unused"); }
  Result<std::optional<Position>> cursor(const std::string&) override { return internal("unused"); }
  Result<std::vector<store::ConsumerRow>> consumers() override { return internal("unused"); }
  Result<std::optional<store::PinBatch>> open_pin(const std::string&) override { return internal("unused"); }
  Result<store::Backlog> backlog(Position) override { return internal("unused"); }
  Result<std::vector<store::PutDelivery>> deliveries(const std::string&, store::PutDelivery::State, size_t) override {
    return internal("unused");
  }
  Result<std::vector<store::PutDelivery>> deliveries_of(Uuid) override { return internal("unused"); }
  Result<std::vector<store::PutDelivery>> deliveries_after(const std::string&, Position, size_t) override {
    return internal("unused");
  }
  Result<int64_t> count_deliveries(const std::string&, store::PutDelivery::State, int64_t) override {
    return internal("unused");
  }
  Result<std::vector<store::PutDelivery>> revived(const std::string&, size_t) override { return internal("unused"); }
  Result<std::optional<store::OutboxRow>> find(Uuid) override { return internal("unused"); }
  Result<std::optional<store::LedgerEntry>> ledger(Uuid) override { return internal("unused"); }
  Result<std::optional<store::BatchRow>> batch_of(const std::string&, Position) override { return internal("unused"); }
  Result<std::vector<store::OutboxRow>> search(const store::EventFilter&) override { return internal("unused"); }
  Result<std::vector<store::PutSetting>> settings() override { return internal("unused"); }
  Result<std::vector<store::AuditRow>> audit(const store::AuditFilter&) override { return internal("unused"); }
  Result<std::vector<store::Run>> runs(const store::RunFilter&) override { return internal("unused"); }
  Result<std::optional<store::Run>> find_run(Uuid) override { return internal("unused"); }
  Result<std::vector<store::JobRuns>> last_runs() override { return internal("unused"); }
  Result<std::vector<std::string>> waiting_jobs(Instant) override { return internal("unused"); }
  Result<void> ping() override { return {}; }

 private:
  std::set<Uuid> seen_;
};

}  // namespace vf::outbox
