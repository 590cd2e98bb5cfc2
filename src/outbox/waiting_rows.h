// The rows in the store of the events that wait for another attempt, and the retry rule's view of them: both ways.
#pragma once

#include <string>
#include <vector>

#include "retry/rule.h"
#include "store/outbox_store.h"

namespace vf::outbox {

/// How many waiting rows of a consumer are read at most. The rule keeps a tenth of this; only operators' retries of
/// dead letters may exceed that.
inline constexpr size_t kWaitingRowsMax = 100'000;

/// Puts the events of all waiting rows of a consumer into the lane; rows that an operator has retried are left out.
/// Recorded events without a row leave the lane: the store has lost their rows, because it failed over to a standby
/// that lagged, and the events will be read again. No write of a row may be on its way.
void restore(retry::Lane& lane, const std::vector<store::PutDelivery>& rows, retry::Time now);

/// Returns the row that a change of the rule asks for.
store::PutDelivery row_of(const std::string& consumer, const retry::Rule::Change& change);

/// Returns the change that makes a row's event a dead letter, because the outbox no longer holds the event.
retry::Rule::Change lost(const store::PutDelivery& row, Instant now);

}  // namespace vf::outbox
