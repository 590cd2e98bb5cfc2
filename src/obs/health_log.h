// HealthLog: logs when a health check begins to fail and when it recovers. Used by one thread.
#pragma once

#include <map>
#include <string>

#include "obs/health.h"
#include "obs/log.h"

namespace vf::obs {

class HealthLog {
 public:
  HealthLog(const Health& health, Log& log) : health_(health), log_(log) {}

  /// Runs the checks and logs each check that began to fail or recovered since the last poll. A reason that changes
  /// while a check keeps failing is not logged.
  void poll() {
    for (const auto& [name, reason] : health_.states()) {
      bool& failing = failing_[name];
      if (failing == !reason.empty()) continue;
      failing = !failing;
      if (failing) {
        log_.warn("health check failing", {{"check", name}, {"reason", reason}});
      } else {
        log_.info("health check recovered", {{"check", name}});
      }
    }
  }

 private:
  const Health& health_;
  Log& log_;
  std::map<std::string, bool> failing_;
};

}  // namespace vf::obs
