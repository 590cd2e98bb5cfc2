#include "app/store_wait.h"

#include <algorithm>

namespace vf::app {
namespace {

constexpr Millis kPause{500};
constexpr Millis kLogEvery{5'000};

}  // namespace

bool StoreWait::goes_on(const Error& away) {
  const auto& [clock, log, metrics, health] = params_.services;
  const SteadyTime now = clock.steady();
  const SteadyTime end = begun_ + params_.at_most;
  if (now >= end) return false;
  if (!logged_ && params_.waiting.begin) wait_ = params_.waiting.begin();
  if (!logged_ || now - *logged_ >= kLogEvery) {
    logged_ = now;
    log.warn("waiting for a store that is away",
             {{"store", params_.store},
              {"reason", away.message},
              {"seconds_left", std::chrono::ceil<std::chrono::seconds>(end - now).count()}});
  }
  return params_.waiting.pause(std::min(kPause, std::chrono::ceil<Millis>(end - now)));
}

}  // namespace vf::app
