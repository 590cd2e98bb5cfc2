#include "api/query.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace vf::api {

using nlohmann::json;

Result<size_t> limit_of(const Call& call) {
  const auto text = text_of(call, "limit");
  if (!text) return kPageRowsDefault;
  size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 1 || value > kPageRowsMax) {
    return invalid(fmt::format("limit is a number from 1 to {}", kPageRowsMax));
  }
  return value;
}

Result<std::optional<Instant>> time_of(const Call& call, std::string_view name) {
  const auto text = text_of(call, name);
  if (!text) return std::optional<Instant>{};
  const auto time = parse_time(*text);
  if (!time) return invalid(fmt::format("{} is a time such as 2026-11-22T16:00:00Z", name));
  return time;
}

Result<bool> flag_of(const Call& call, std::string_view name) {
  const auto text = text_of(call, name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  return invalid(fmt::format("{} is true or false", name));
}

Result<Uuid> event_id_of(const std::string& text) {
  const auto id = Uuid::parse(text);
  if (!id) return invalid("an event id is a UUID: " + text.substr(0, 64));
  return *id;
}

json page(const char* name, json rows, const std::optional<std::string>& next) {
  return {{name, std::move(rows)}, {"next", next ? json(*next) : json(nullptr)}};
}

}  // namespace vf::api
