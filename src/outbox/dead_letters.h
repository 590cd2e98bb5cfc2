// DeadLetters: makes, retries or drops dead letters when an operator orders it. Any process on the store may do so; the
// process that holds the consumer's lease finds the retry within about a second. Thread safe.
#pragma once

#include <functional>
#include <optional>
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

  /// Makes the dead letter due for another attempt at once (store::RetryDeadLetters). `consumer` is a target's name or
  /// kRawLog. Error `not_found`: the consumer has no dead letter of this event.
  void retry(const std::string& consumer, Uuid event_id, OnDone on_done) const;
  /// Makes a dead letter of an event for which the consumer waits: the event is to be retried, or the consumer's cursor
  /// has not passed it. An attempt that is under way may still deliver it. Error `not_found`: the consumer does not
  /// wait for this event; the message says why.
  void put(const std::string& consumer, Uuid event_id, OnDone on_done) const;
  /// Removes the dead letter for good. Error `not_found`: the consumer has no dead letter of this event.
  void drop(const std::string& consumer, Uuid event_id, OnDone on_done) const;

 private:
  Result<std::optional<store::PutDelivery>> row_of(const std::string& consumer, Uuid event_id) const;
  Result<store::PutDelivery> set_aside(const std::string& consumer, Uuid event_id) const;

  store::OutboxStore& outbox_;
  Writer& writer_;
  const Clock& clock_;
};

}  // namespace vf::outbox
