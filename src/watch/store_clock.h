// StoreClock: a shared store's time as a Clock, for work that goes by when events were received. Asks at every now();
// while the store does not answer, it goes on by this machine's clock and the difference seen last. Thread safe.
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
  std::chrono::nanoseconds steady() const override { return ours_.steady(); }

 private:
  store::OutboxStore& store_;
  const Clock& ours_;
  mutable std::atomic<Millis> ahead_{Millis{0}};  // the store's
};

}  // namespace vf::watch
