// StoreWait: opens a store at the start of a process, and waits for it while it is away. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "obs/services.h"

namespace vf::app {

/// How a process waits.
struct Waiting {
  std::function<bool(Millis)> pause = {};  // waits so long; returns false when the process is to stop
  /// Called when a wait begins; what it returns lives until the end of that wait.
  std::function<std::shared_ptr<void>()> begin = {};
};

class StoreWait {
 public:
  struct Params {
    std::string store;  // its key: "ingest.store"
    Millis at_most{};
    obs::Services services;
    Waiting waiting;
  };
  explicit StoreWait(Params params) : params_(std::move(params)), begun_(params_.services.clock.steady()) {}

  /// Calls `open` until its error is another than `unavailable`, or the time is over: then that error is the result.
  /// Logs a line every few seconds. Error `unavailable` also when the process is to stop.
  template <class Open>
  auto open(const Open& open) -> decltype(open()) {
    for (;;) {
      auto opened = open();
      if (!opened && opened.error().code == Code::unavailable && goes_on(opened.error())) continue;
      wait_.reset();
      return opened;
    }
  }

 private:
  bool goes_on(const Error& away);

  const Params params_;
  const SteadyTime begun_;
  std::optional<SteadyTime> logged_;
  std::shared_ptr<void> wait_;
};

}  // namespace vf::app
