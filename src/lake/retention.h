// RetentionPolicy: how long the raw log keeps an event, counted from its receipt. The time depends on the event's
// retention class: a source with a time of its own is a class, all other sources share kDefaultClass. A value.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace vf::lake {

inline constexpr std::string_view kDefaultClass = "default";

struct RetentionPolicy {
  std::chrono::seconds otherwise = std::chrono::days{400};
  std::map<std::string, std::chrono::seconds, std::less<>> by_source;

  /// Returns the retention class for new events of `source`. Events that are stored already keep their class.
  std::string_view class_of(std::string_view source) const {
    const auto own = by_source.find(source);
    return own == by_source.end() ? kDefaultClass : std::string_view{own->first};
  }
};

}  // namespace vf::lake
