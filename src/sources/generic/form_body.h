// Form bodies: some providers send JSON in a field of a form (GitHub's and Slack's `payload`), or a form instead of
// JSON (Slack's slash commands). A pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vf::sources::generic {

/// Returns the JSON that a form (application/x-www-form-urlencoded) stands for: the text of its field `payload` if that
/// is JSON, else an object of its fields, whose values are strings. The last one of repeated fields counts. A byte
/// order mark and white space around the form do not count. nullopt when `body` is no form: it has no '=', or has
/// anything but printable ASCII.
std::optional<std::string> form_as_json(std::string_view body);

}  // namespace vf::sources::generic
