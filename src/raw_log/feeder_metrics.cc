#include "raw_log/feeder_metrics.h"

#include <limits>
#include <utility>

#include "base/seconds.h"

namespace vf::raw_log {

void publish_metrics(obs::Metrics& metrics, const Clock& clock, const std::function<FeederStatus()>& status) {
  metrics.counter_from("vf_raw_log_rows_total", "Rows written to the raw log.", {},
                       [status] { return static_cast<double>(status().rows_inserted); });
  metrics.counter_from("vf_raw_log_dead_lettered_total", "Rows that the raw log refused and that became dead letters.",
                       {}, [status] { return static_cast<double>(status().dead); });
  metrics.gauge("vf_raw_log_lag_seconds", "Age of the oldest event that is not in the raw log.", {}, [&clock, status] {
    const auto oldest = status().backlog.oldest;
    return oldest ? seconds(clock.now() - *oldest) : 0.0;
  });
}

void publish_dead_letters(obs::Metrics& metrics, std::function<std::optional<int64_t>()> dead) {
  metrics.gauge("vf_raw_log_dead_letters", "Dead letters of the raw log that the store holds now.", {},
                [dead = std::move(dead)] {
                  const auto number = dead();
                  return number ? static_cast<double>(*number) : std::numeric_limits<double>::quiet_NaN();
                });
}

}  // namespace vf::raw_log
