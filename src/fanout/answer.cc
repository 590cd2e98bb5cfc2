#include "fanout/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/bytes.h"
#include "http/client.h"

namespace vf::fanout {
namespace {

Verdict verdict_of(int status) {
  if (status >= 200 && status < 300) return Verdict::delivered;
  if (status == 400 || status == 413 || status == 422) return Verdict::refused;
  if (status >= 500 && status != 502 && status != 503 && status != 504) return Verdict::faulty;
  return Verdict::trouble;
}

int64_t count(std::string_view text, std::string_view word) {
  int64_t found = 0;
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++found;
  return found;
}

// The first 200 bytes; what is not printable ASCII becomes '?'.
std::string excerpt(std::string_view text) {
  std::string out(trim(text.substr(0, 200)));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
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

Answer judge(const Result<http::Response>& response, Instant now) {
  Answer answer;
  if (!response) {
    answer.reason = response.error().message;
    return answer;
  }
  answer.verdict = verdict_of(response->status);
  if (answer.verdict == Verdict::delivered) {
    answer.quarantined = count(response->body, R"("status":"quarantined")");
    return answer;
  }
  answer.reason = fmt::format("HTTP {} {}", response->status, http::reason_phrase(response->status));
  if (answer.verdict == Verdict::refused) answer.detail = excerpt(response->body);
  answer.gone = response->status == 410;
  if (const auto value = http::header(*response, "Retry-After")) answer.retry_after = parse_retry_after(*value, now);
  return answer;
}

}  // namespace vf::fanout
