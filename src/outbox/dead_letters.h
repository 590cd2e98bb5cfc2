// DeadLetters: what an operator does with exceptions that will not be tried again. Any process on the store may, also
// one that does not do the consumer's work: its holder finds a retry within about a second. Thread safe.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/outbox_store.h"

namespace vf::outbox {

class DeadLetters {
 public:
  /// Called once, from any thread.
  using Told = std::function<void(Result<store::Done>)>;

  DeadLetters(store::OutboxStore& outbox, store::WriteOutbox write, const Clock& clock)
      : outbox_(outbox), write_(std::move(write)), clock_(clock) {}

  /// Due at once, with no attempt counted; not_found when there is none. `consumer`: a target's name, or kRawLog.
  void retry(const std::string& consumer, Uuid event_id, Told told) const;
  /// Gives it up for good; not_found when there is none.
  void drop(const std::string& consumer, Uuid event_id, Told told) const;

 private:
  Result<store::PutDelivery> find(const std::string& consumer, Uuid event_id) const;

  store::OutboxStore& outbox_;
  const store::WriteOutbox write_;
  const Clock& clock_;
};

}  // namespace vf::outbox
