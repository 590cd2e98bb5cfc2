// Dead letters: lists events that targets or the raw log did not accept, page by page. Changes nothing; may block.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "admin/hub.h"

namespace vf::admin {

/// Where a page of the list ends: the consumer's name and a position in the outbox. Its text is a page's `next`.
struct DeadCursor {
  std::string consumer;
  Position position;
  static std::optional<DeadCursor> parse(std::string_view text);
  std::string to_string() const { return consumer + "/" + position.to_string(); }
};

struct DeadFilter {
  std::optional<std::string> target = {};  // a target's name, or kRawLog; nullopt: all
  bool waiting = false;                    // lists the events that wait for another attempt, not the dead letters
  std::optional<DeadCursor> after = {};    // the list continues after this
  size_t rows_max = 50;
};

/// Returns {"dead": […], "next": "<cursor>" | null}, sorted by consumer and position. A target that is no longer
/// configured is not listed. `next` is null on the last page. Error `not_found`: the filter's target is not configured.
Result<nlohmann::json> list_dead(const Hub& hub, const DeadFilter& filter);

}  // namespace vf::admin
