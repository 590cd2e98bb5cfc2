#include "api/answer.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::api {
namespace {

using nlohmann::json;

/// Returns whether the list of a header's value holds `etag`. An ETag has no quote inside, but may have commas.
bool list_holds(std::string_view list, std::string_view etag, bool weak) {
  if (trim(list) == "*") return true;
  for (;;) {
    const size_t open = list.find('"');
    if (open == list.npos) return false;
    const size_t close = list.find('"', open + 1);
    if (close == list.npos) return false;
    const bool is_weak = open >= 2 && list.substr(open - 2, 2) == "W/";
    if ((weak || !is_weak) && list.substr(open, close + 1 - open) == etag) return true;
    list.remove_prefix(close + 1);
  }
}

}  // namespace

std::string to_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string etag_of(std::string_view text) {
  constexpr size_t kDigestBytes = 16;
  return '"' + to_hex(std::string_view(crypto::sha256(text)).substr(0, kDigestBytes)) + '"';
}

bool lists_etag(const http::Headers& headers, std::string_view name, std::string_view etag, bool weak) {
  for (const auto& [key, value] : headers.items()) {
    if (equals_ignoring_case(key, name) && list_holds(value, etag, weak)) return true;
  }
  return false;
}

http::Response fresh_or_not_modified(const http::Request& request, std::string text) {
  http::Response response;
  response.headers = {{"ETag", etag_of(text)}, {"Cache-Control", "private, no-cache"}};
  if (lists_etag(request.headers, "If-None-Match", response.headers.front().second, true)) {
    response.status = 304;
  } else {
    response.body = std::move(text);
  }
  return response;
}

http::Response answer(const json& body) {
  http::Response response;
  response.body = to_text(body);
  return response;
}

http::Response problem(const Error& error) {
  auto response = http::problem(http::status_of(error.code), error.message);
  if (error.code == Code::unavailable) response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response precondition_failed(const json& state) {
  auto response = http::problem(412, "the state is not the one that If-Match names; `current` is the state now");
  auto body = json::parse(response.body);
  body["current"] = state;
  response.body = to_text(body);
  response.headers.emplace_back("ETag", etag_of(to_text(state)));
  return response;
}

http::Response busy(std::string_view detail) { return problem(unavailable(std::string(detail))); }

}  // namespace vf::api
