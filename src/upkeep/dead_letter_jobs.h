// The jobs `dead-retry` and `dead-drop`, which a person asks for: they retry or delete every dead letter that matches a
// filter, step by step. Of two runs that reach the same letter, one changes it and counts it, and the other one counts
// it as skipped. A run that is killed goes on where its progress was stored; a step that is repeated finds its letters
// no longer dead, so each letter is retried once, and at most the letters of that one step are in no count.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobs/job.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::upkeep {

/// Selects dead letters that match every field that is set. One of them, or `all`, must be set.
struct DeadLetterFilter {
  std::optional<std::string> target = {};  // a target's name, or raw-log
  std::optional<std::string> reason = {};  // the reason contains this text
  std::optional<std::string> type = {};    // the event's type; may end in '*'
  std::optional<Instant> before = {};      // the event was received before this time
  bool all = false;
  bool dry_run = false;  // only count
};
/// Reads a JSON object with the members target, reason, type, before, all, dry_run. Error `invalid`: another member, a
/// wrong value, or no filter.
Result<DeadLetterFilter> parse_dead_letter_filter(const std::string& parameters);

struct DeadLetterJobParams {
  store::OutboxStore& outbox;
  outbox::Writer& writer;
  const Clock& clock;
  std::function<std::vector<std::string>()> consumers;  // whose dead letters there may be
};
/// A run whose target is no longer configured when the run begins, or is resumed, fails.
/// Counts: found (that match), retried or dropped, skipped (found, but no longer dead when the run came to change it).
/// Progress counts all dead letters of the chosen targets.
jobs::Job dead_retry_job(DeadLetterJobParams params);
jobs::Job dead_drop_job(DeadLetterJobParams params);

}  // namespace vf::upkeep
