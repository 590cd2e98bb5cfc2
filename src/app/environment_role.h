// EnvironmentRole: one environment put together: its database, its receiver, its listener, retention, and passes
// through quarantine, at start and every hour. start() and drain() by one thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "app/services.h"
#include "concurrency/periodic.h"
#include "config/config.h"
#include "http/server.h"
#include "receive/receiver.h"
#include "store/environment_store.h"

namespace vf::app {

class EnvironmentRole {
 public:
  static Result<std::unique_ptr<EnvironmentRole>> start(const std::string& name, const config::Environment& configured,
                                                        Services services);
  ~EnvironmentRole();

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }

  /// Stops accepting, lets requests in flight finish, commits, stops.
  void drain(Millis at_most);

 private:
  EnvironmentRole(const std::string& name, const config::Environment& configured, Services services)
      : name_(name), configured_(configured), services_(services) {}
  Result<bool> open();
  Result<bool> listen();
  void publish_metrics();
  void observe(const receive::EventReport& report);
  Millis purge();
  Millis retry_quarantined();

  /// A pass through quarantine under way, a step at a time.
  struct Pass {
    std::optional<Instant> begun;
    receive::RetryCounts counts;
  };

  const std::string name_;
  const config::Environment& configured_;
  Services services_;
  std::string url_;
  std::array<obs::Counter*, 4> by_status_{};  // indexed by store::Applied
  obs::Histogram *projection_lag_seconds_ = nullptr, *end_to_end_seconds_ = nullptr, *answer_seconds_ = nullptr;
  std::unique_ptr<store::EnvironmentStore> store_;
  std::unique_ptr<receive::Receiver> receiver_;
  Pass pass_;  // the retrier's own
  std::unique_ptr<concurrency::Periodic> purger_, retrier_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace vf::app
