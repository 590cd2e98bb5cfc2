// Query: reads the parameters that lists of a JSON API share, and writes a list's page. Every error is `invalid` and
// says what the parameter may be. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/route.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace vf::api {

/// How many rows a page of a list may have, and how many it has when `limit` is not given.
inline constexpr size_t kPageRowsMax = 1000, kPageRowsDefault = 50;

/// Reads `limit`: from 1 to kPageRowsMax.
Result<size_t> limit_of(const Call& call);
Result<std::optional<Instant>> time_of(const Call& call, std::string_view name);
/// Reads a parameter that is "true" or "false"; false when it is not given.
Result<bool> flag_of(const Call& call, std::string_view name);
inline std::optional<std::string> text_of(const Call& call, std::string_view name) {
  return call.request.query_value(name);
}
/// Reads an event id that stands in the path.
Result<Uuid> event_id_of(const std::string& text);

/// Reads `after`, with which the caller goes on after a page: the text that Cursor::parse() reads.
template <class Cursor>
Result<std::optional<Cursor>> after_of(const Call& call) {
  const auto text = text_of(call, "after");
  if (!text) return std::optional<Cursor>{};
  std::optional<Cursor> cursor = Cursor::parse(*text);
  if (!cursor) return invalid("after is `next` of the page before");
  return cursor;
}

/// Returns a page of a list: {"<name>": rows, "next": next | null}.
nlohmann::json page(const char* name, nlohmann::json rows, const std::optional<std::string>& next);

}  // namespace vf::api
