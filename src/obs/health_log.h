// HealthLog: writes a line when something that health reports falls ill, and one when it is well again. One thread.
#pragma once

#include <map>
#include <string>

#include "obs/health.h"
#include "obs/log.h"

namespace vf::obs {

class HealthLog {
 public:
  HealthLog(const Health& health, Log& log) : health_(health), log_(log) {}

  /// Compares with the last look. Reasons may change while the trouble lasts: that is not told again.
  void look() {
    for (const auto& [name, reason] : health_.states()) {
      bool& ill = ill_[name];
      if (ill == !reason.empty()) continue;
      ill = !ill;
      if (ill) {
        log_.warn("trouble", {{"what", name}, {"reason", reason}});
      } else {
        log_.info("well again", {{"what", name}});
      }
    }
  }

 private:
  const Health& health_;
  Log& log_;
  std::map<std::string, bool> ill_;
};

}  // namespace vf::obs
