#include "fanout/target_metrics.h"

#include <limits>
#include <utility>

#include "base/seconds.h"

namespace vf::fanout {

void publish_metrics(obs::Metrics& metrics, const std::string& target, const ReadStatus& status,
                     const std::shared_ptr<const Totals>& totals) {
  const obs::Labels labels{{"target", target}};
  const auto now = [status] { return status().value_or(Status{}); };
  const auto count = [&](const char* metric, const char* help, int64_t Counts::* field) {
    metrics.counter_from(metric, help, labels, [totals, field] { return static_cast<double>(totals->get().*field); });
  };
  count("vf_target_events_delivered_total", "Events delivered.", &Counts::delivered);
  count("vf_target_events_skipped_total", "Events not delivered because of filters, dry-run or detachment.",
        &Counts::skipped);
  count("vf_target_events_deferred_total", "Events deferred to another attempt.", &Counts::retried);
  count("vf_target_events_dead_lettered_total", "Events that became dead letters.", &Counts::dead);
  count("vf_target_requests_total", "Requests sent.", &Counts::requests);
  count("vf_target_requests_failed_total", "Requests that failed.", &Counts::failed);
  metrics.gauge("vf_target_lag_seconds",
                "Age of the oldest event that is neither delivered, skipped, deferred nor dead-lettered.", labels,
                [now] { return seconds(now().lag); });
  metrics.gauge("vf_target_delivery_lag_seconds", "From commit to answer, of the last request delivered.", labels,
                [now] { return seconds(now().last_delivery_lag); });
  metrics.gauge("vf_target_ok",
                "1: delivering, or idle; 0: five requests in a row have failed, it backs off, or is detached.", labels,
                [now] { return now().state == State::ok ? 1.0 : 0.0; });
  metrics.gauge("vf_target_leased", "1: this process works on the target.", labels,
                [status] { return status() ? 1.0 : 0.0; });
}

void publish_dead_letters(obs::Metrics& metrics, const std::string& target,
                          std::function<std::optional<int64_t>()> dead) {
  metrics.gauge("vf_target_dead_letters", "Dead letters that the store holds now.", {{"target", target}},
                [dead = std::move(dead)] {
                  const auto number = dead();
                  return number ? static_cast<double>(*number) : std::numeric_limits<double>::quiet_NaN();
                });
}

}  // namespace vf::fanout
