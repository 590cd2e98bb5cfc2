// FaultyStore: the store in memory, made to fail on demand, for tests of this folder. Header only.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/memory/environment.h"

namespace vf::receive {

class FaultyStore final : public store::memory::MemoryEnvironment {
 public:
  std::deque<Error> next_errors;       // errors of the next calls, in order
  std::optional<Error> after_refusal;  // error of the call that follows a refusal
  std::set<std::string> refused;       // message ids whose rows the store refuses
  bool refuses_quarantine = false;     // the store refuses these rows in quarantine too
  int applies = 0;                     // calls of apply()
  std::vector<size_t> transactions;    // how many events each committed transaction had

  Result<std::vector<store::Applied>> apply(std::span<const store::Projection> batch, Instant now,
                                            store::Refusals* refusals) override {
    ++applies;
    if (auto error = next_error()) return *error;
    for (size_t i = 0; i < batch.size(); ++i) {
      const bool matters = batch[i].status == store::Applied::applied || refuses_quarantine;
      if (matters && refused.contains(batch[i].message_id)) refusals->emplace(i, "value out of range");
    }
    if (!refusals->empty()) {
      if (after_refusal) next_errors.push_back(*std::exchange(after_refusal, std::nullopt));
      return invalid("value out of range");
    }
    transactions.push_back(batch.size());
    return MemoryEnvironment::apply(batch, now, refusals);
  }
  Result<std::optional<store::ProcessedEvent>> processed(Uuid id) override {
    if (auto error = next_error()) return *error;
    return MemoryEnvironment::processed(id);
  }
  Result<std::vector<store::QuarantinedEvent>> quarantined(size_t rows_max) override {
    if (auto error = next_error()) return *error;
    return MemoryEnvironment::quarantined(rows_max);
  }
  Result<std::vector<store::QuarantinedEvent>> not_tried(store::Attempts between, size_t rows_max) override {
    if (auto error = next_error()) return *error;
    return MemoryEnvironment::not_tried(between, rows_max);
  }

  std::vector<store::QuarantinedEvent> in_quarantine() { return MemoryEnvironment::quarantined(SIZE_MAX).value(); }
  std::optional<store::QuarantinedEvent> in_quarantine(Uuid id) {
    for (auto& row : in_quarantine()) {
      if (row.event_id == id) return row;
    }
    return std::nullopt;
  }
  bool has_processed(Uuid id) { return MemoryEnvironment::processed(id).value().has_value(); }

 private:
  std::optional<Error> next_error() {
    if (next_errors.empty()) return std::nullopt;
    Error error = std::move(next_errors.front());
    next_errors.pop_front();
    return error;
  }
};

}  // namespace vf::receive
