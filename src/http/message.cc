#include "http/message.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_text.h"
#include "http/query.h"

namespace vf::http {
std::optional<std::string_view> Headers::unique(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : items_) {
    if (!equals_ignoring_case(key, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(items_, [&](const auto& item) { return equals_ignoring_case(item.first, name); });
}

std::string_view Request::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  const auto all = parameters(query());
  const auto found = std::ranges::find(all, name, &Parameter::name);
  return found == all.end() ? std::nullopt : std::optional(query_decoded(found->value));
}

std::string_view reason_phrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {{100, "Continue"},
                                                                  {200, "OK"},
                                                                  {201, "Created"},
                                                                  {202, "Accepted"},
                                                                  {204, "No Content"},
                                                                  {207, "Multi-Status"},
                                                                  {301, "Moved Permanently"},
                                                                  {302, "Found"},
                                                                  {303, "See Other"},
                                                                  {304, "Not Modified"},
                                                                  {307, "Temporary Redirect"},
                                                                  {308, "Permanent Redirect"},
                                                                  {400, "Bad Request"},
                                                                  {401, "Unauthorized"},
                                                                  {403, "Forbidden"},
                                                                  {404, "Not Found"},
                                                                  {405, "Method Not Allowed"},
                                                                  {406, "Not Acceptable"},
                                                                  {408, "Request Timeout"},
                                                                  {409, "Conflict"},
                                                                  {410, "Gone"},
                                                                  {411, "Length Required"},
                                                                  {412, "Precondition Failed"},
                                                                  {413, "Content Too Large"},
                                                                  {415, "Unsupported Media Type"},
                                                                  {417, "Expectation Failed"},
                                                                  {422, "Unprocessable Content"},
                                                                  {429, "Too Many Requests"},
                                                                  {431, "Request Header Fields Too Large"},
                                                                  {500, "Internal Server Error"},
                                                                  {501, "Not Implemented"},
                                                                  {502, "Bad Gateway"},
                                                                  {503, "Service Unavailable"},
                                                                  {504, "Gateway Timeout"}};
  const auto found = std::ranges::find(kPhrases, status, &std::pair<int, std::string_view>::first);
  return found == std::end(kPhrases) ? "Status" : found->second;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte && byte->size() == 1) {
      out += *byte;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<Response> refuse_unknown_parameters(const Request& request, std::span<const std::string_view> known) {
  constexpr size_t kShownBytesMax = 64;
  const auto all = parameters(request.query());
  const auto unknown = std::ranges::find_if(
      all, [&](const Parameter& parameter) { return std::ranges::find(known, parameter.name) == known.end(); });
  if (unknown == all.end()) return std::nullopt;
  std::string names;
  for (const auto name : known) names.append(names.empty() ? "" : ", ").append(name);
  return problem(400, "unknown query parameter '" + unknown->name.substr(0, kShownBytesMax) + "'; this path takes " +
                          (names.empty() ? "none" : names));
}

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::unauthorized:
      return 401;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::unavailable:
      return 503;
    case Code::internal:
      return 500;
  }
  return 500;
}

Code code_of(int status) {
  if (status == 403) return Code::unauthorized;
  for (const Code code : {Code::invalid, Code::unauthorized, Code::not_found, Code::conflict, Code::unavailable}) {
    if (status_of(code) == status) return code;
  }
  return Code::internal;
}

Response problem(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"about:blank","title":)" + json_string(reason_phrase(status)) + R"(,"status":)" +
                  std::to_string(status) + R"(,"detail":)" + json_string(detail) + "}";
  return response;
}

}  // namespace vf::http
