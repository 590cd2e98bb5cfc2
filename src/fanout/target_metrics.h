// Publishes the metrics of one target, read from its worker's status at every scrape. Thread safe if `status` is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "fanout/status.h"
#include "obs/metrics.h"

namespace vf::fanout {

/// Returns the status of the worker in this process; nullopt while another process holds the target's lease.
using ReadStatus = std::function<std::optional<Status>()>;

void publish_metrics(obs::Metrics& metrics, const std::string& target, const ReadStatus& status);

}  // namespace vf::fanout
