// Publishes the metrics of the raw log's feeder, read from its status at every scrape. Thread safe if `status` is.
#pragma once

#include <functional>

#include "base/time.h"
#include "obs/metrics.h"
#include "raw_log/feeder.h"

namespace vf::raw_log {

void publish_metrics(obs::Metrics& metrics, const Clock& clock, const std::function<FeederStatus()>& status);

/// Publishes how many dead letters the raw log has now, as `dead` knows it; no value while it returns nullopt.
void publish_dead_letters(obs::Metrics& metrics, std::function<std::optional<int64_t>()> dead);

}  // namespace vf::raw_log
