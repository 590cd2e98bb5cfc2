// StoreWait: opens a store at the start of a process, and waits for it while it is away. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "obs/services.h"

namespace vf::app {

/// Waits, and returns false when the process is to stop.
using Pause = std::function<bool(Millis)>;

class StoreWait {
 public:
  struct Params {
    std::string store;  // its key: "ingest.store"
    Millis at_most{};
    obs::Services services;
    Pause pause;
  };
  explicit StoreWait(Params params) : params_(std::move(params)), begun_(params_.services.clock.steady()) {}

  /// Calls `open` until its error is another than `unavailable`, or the time is over: then that error is the result.
  /// Logs a line every few seconds. Error `unavailable` also when the process is to stop.
  template <class Open>
  auto open(const Open& open) -> decltype(open()) {
    for (;;) {
      auto opened = open();
      if (opened || opened.error().code != Code::unavailable || !goes_on(opened.error())) return opened;
    }
  }

 private:
  bool goes_on(const Error& away);

  const Params params_;
  const SteadyTime begun_;
  std::optional<SteadyTime> logged_;
};

}  // namespace vf::app
