#include "fanout/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/address.h"
#include "base/bytes.h"
#include "event/json_fields.h"
#include "event/json_scanner.h"
#include "http/client.h"

namespace vf::fanout {
namespace {

constexpr size_t kDepthMax = 16;  // how deep JSON in an answer may be nested

// Returns the text of a member of a JSON object.
std::optional<std::string_view> member(std::string_view object, std::string_view name) {
  JsonScanner json(object);
  json.skip_space();
  if (!json.take('{')) return std::nullopt;
  do {
    json.skip_space();
    if (json.peek() != '"') return std::nullopt;
    const auto key = json.string();
    json.skip_space();
    if (!key || !json.take(':')) return std::nullopt;
    json.skip_space();
    const auto value = json.value(kDepthMax);
    if (!value || *key == name) return value;
    json.skip_space();
  } while (json.take(','));
  return std::nullopt;
}

constexpr std::array<std::string_view, 4> kStatuses{"applied", "duplicate", "ignored", "quarantined"};

// Reads the results of our own receiver. Returns how many events it quarantined; nullopt when these are not the results
// of the events `sent`.
std::optional<int64_t> read_results(std::string_view body, std::span<const Uuid> sent) {
  const JsonFields fields(body);
  const auto results = fields.at("/results").elements();
  if (!fields.has_values() || results.size() != sent.size()) return std::nullopt;
  int64_t quarantined = 0;
  for (size_t i = 0; i < sent.size(); ++i) {
    const auto id = results[i].at("/id").text();
    const auto status = results[i].at("/status").text();
    if (!id || Uuid::parse(*id) != sent[i] || !status || std::ranges::find(kStatuses, *status) == kStatuses.end())
      return std::nullopt;
    quarantined += *status == "quarantined";
  }
  return quarantined;
}

// Decides about a 2xx of our own receiver.
void classify_results(const http::Response& response, std::span<const Uuid> sent, Answer& answer) {
  const auto quarantined = response.cut ? std::nullopt : read_results(response.body, sent);
  answer.delivered = quarantined.has_value();
  answer.quarantined = quarantined.value_or(0);
  if (answer.delivered) return;
  answer.reason =
      response.cut ? fmt::format("HTTP {} with incomplete results: {}", response.status, response.cut->reason)
                   : fmt::format("HTTP {} without a result for each event: this url does not lead to a vf environment",
                                 response.status);
}

// Also reads a body that is cut after the value.
std::string text_of(std::string_view object, std::string_view name) {
  const auto value = member(object, name);
  if (!value || !value->starts_with('"')) return {};
  return JsonScanner(*value).string().value_or("");
}

// Returns title and detail of a body in problem details. Any other body stays unread, because it may repeat the events,
// which contain personal data. Characters that are not printable ASCII become '?'.
std::string problem_detail(const http::Response& response) {
  if (!response.content_type.starts_with("application/problem+json")) return {};
  std::string out = text_of(response.body, "title");
  if (out == http::reason_phrase(response.status)) out.clear();  // Answer::reason has this text already
  const auto detail = text_of(response.body, "detail");
  if (!out.empty() && !detail.empty()) out += ": ";
  out = (out + detail).substr(0, 200);
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

// Returns where a redirect leads, without what may be secret in it: an address, or a path of the same one.
std::string shown_location(std::string_view location) {
  constexpr size_t kBytesMax = 200;
  const bool is_path = location.starts_with('/') && !location.starts_with("//");
  const std::string shown = Address((is_path ? "http://h" : "") + std::string(location)).shown();
  return (is_path && shown.starts_with("http://h") ? shown.substr(8) : shown).substr(0, kBytesMax);
}

}  // namespace

std::optional<Millis> parse_retry_after(std::string_view value, Instant now) {
  value = trim(value);
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc{} && end == value.data() + value.size()) {
    if (seconds < 0) return std::nullopt;
    constexpr int64_t kSecondsMax = 366LL * 86'400;  // callers bound it anyway; this keeps the arithmetic in range
    return std::chrono::seconds{std::min(seconds, kSecondsMax)};
  }
  const std::string text(value);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), form, &parts);
    if (rest == nullptr || *rest != '\0') continue;
    const auto at = from_unix_millis(int64_t{timegm(&parts)} * 1000);
    return std::max(at - now, Millis{0});
  }
  return std::nullopt;
}

Answer classify(const Result<http::Response>& response, Instant now, std::optional<std::span<const Uuid>> sent) {
  Answer answer;
  if (!response) {
    answer.reason = response.error().message;
    return answer;
  }
  answer.status = response->status;
  answer.delivered = answer.status >= 200 && answer.status < 300;
  if (answer.delivered) {
    if (sent) classify_results(*response, *sent, answer);
    return answer;
  }
  answer.reason = fmt::format("HTTP {} {}", answer.status, http::reason_phrase(answer.status));
  if (const auto to = http::header(*response, "Location"); to && !to->empty() && answer.status / 100 == 3) {
    answer.reason += " to " + shown_location(*to) + ": write the final address as url, because none is followed";
  }
  const bool is_refusal = answer.status >= 400 && answer.status < 500;
  if (is_refusal || sent) answer.detail = problem_detail(*response);
  if (const auto value = http::header(*response, "Retry-After")) answer.retry_after = parse_retry_after(*value, now);
  return answer;
}

}  // namespace vf::fanout
