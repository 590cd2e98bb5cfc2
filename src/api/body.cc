#include "api/body.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vf::api {

using nlohmann::json;

Result<json> object_of(const Call& call) {
  if (call.request.body.empty()) return json::object();
  std::vector<std::set<std::string>> open;  // the keys so far of each object that is not closed yet
  std::optional<std::string> repeated;
  const auto note = [&open, &repeated](int, json::parse_event_t event, const json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second && !repeated) {
      repeated = value.get<std::string>();
    }
    return true;
  };
  json body = json::parse(call.request.body, note, false);
  if (!body.is_object()) return invalid("the body must be a JSON object, such as {}");
  if (repeated) return invalid("the body has the key " + json(*repeated).dump() + " more than once: give it once");
  return body;
}

}  // namespace vf::api
