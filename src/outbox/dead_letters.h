// DeadLetters: an operator retries or drops dead letters. Any process on the store may do so: the holder of the
// consumer's lease finds a retry within about a second. Thread safe.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::outbox {

class DeadLetters {
 public:
  DeadLetters(store::OutboxStore& outbox, Writer& writer, const Clock& clock)
      : outbox_(outbox), writer_(writer), clock_(clock) {}

  /// Makes it due at once, with no attempt counted; not_found when there is none. `consumer`: a target's name, or
  /// kRawLog.
  void retry(const std::string& consumer, Uuid event_id, OnDone on_done) const;
  /// Removes it for good; not_found when there is none.
  void drop(const std::string& consumer, Uuid event_id, OnDone on_done) const;

 private:
  Result<store::PutDelivery> find(const std::string& consumer, Uuid event_id) const;

  store::OutboxStore& outbox_;
  Writer& writer_;
  const Clock& clock_;
};

}  // namespace vf::outbox
