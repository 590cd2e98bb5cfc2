// Publishes the metrics of one target, read from its totals and its worker's status at every scrape. Thread safe if
// `status` is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fanout/status.h"
#include "fanout/totals.h"
#include "obs/metrics.h"

namespace vf::fanout {

/// Returns the status of the worker in this process; nullopt while another process holds the target's lease.
using ReadStatus = std::function<std::optional<Status>()>;

/// The counters are those of `totals`, so that a new worker does not set them back.
void publish_metrics(obs::Metrics& metrics, const std::string& target, const ReadStatus& status,
                     const std::shared_ptr<const Totals>& totals);

/// Publishes how many dead letters a target has now, as `dead` knows it; no value while it returns nullopt.
void publish_dead_letters(obs::Metrics& metrics, const std::string& target,
                          std::function<std::optional<int64_t>()> dead);

}  // namespace vf::fanout
