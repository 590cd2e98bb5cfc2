#include "raw_log/refusal_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vf::raw_log {

void RefusalGuard::stored() {
  refusals_ = 0;
  refused_last_ = {};
}

void RefusalGuard::refused(Uuid event_id) {
  if (std::exchange(refused_last_, event_id) != event_id) ++refusals_;
}

std::string RefusalGuard::describe(const Error& refusal) const {
  return fmt::format(
      "the lake refused {} rows in a row and stored none in between: the lake is failing, so no row becomes a dead "
      "letter until it stores one: {}",
      refusals_, refusal.message);
}

Position RefusalGuard::probe_after(Position cursor) {
  probed_to_ = std::max(probed_to_, cursor);
  return probed_to_;
}

}  // namespace vf::raw_log
