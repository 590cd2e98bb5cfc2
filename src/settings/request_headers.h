// RequestHeader: a header that an operator adds to requests, written as `name: value` under its key. A value and pure
// functions.
#pragma once

#include <string>
#include <utility>

#include "config/value_readers.h"

namespace vf::settings {

struct RequestHeader {
  std::string name, value;
};

}  // namespace vf::settings

/// Refuses names that are no token (RFC 9110 section 5.6.2) and headers that the hub or the connection needs for
/// itself.
template <>
struct vf::config::Value<vf::settings::RequestHeader> {
  static constexpr Type kType{.name = "name: value", .hidden = true, .from_file = true, .is_map = true};
  static Complaint read(const std::string& text, const Row& rules, settings::RequestHeader& out);
  static std::pair<std::string, std::string> plain(settings::RequestHeader header) {
    return {std::move(header.name), std::move(header.value)};
  }
};
