// StoreClock: a Clock that gives a shared store's time, for work that depends on when events were received. Every now()
// asks the store; while the store does not answer, now() is this machine's time plus the last known difference. Thread
// safe.
#pragma once

#include <atomic>

#include "base/time.h"
#include "store/outbox_store.h"

namespace vf::watch {

class StoreClock final : public Clock {
 public:
  StoreClock(store::OutboxStore& store, const Clock& ours) : store_(store), ours_(ours) {}

  Instant now() const override {
    const Instant ours = ours_.now();
    if (const auto there = store_.time(ours)) ahead_ = *there - ours;
    return ours + ahead_.load();
  }
  SteadyTime steady() const override { return ours_.steady(); }

 private:
  store::OutboxStore& store_;
  const Clock& ours_;
  mutable std::atomic<Millis> ahead_{Millis{0}};  // by how much the store's clock is ahead of ours
};

}  // namespace vf::watch
