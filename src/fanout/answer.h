// What a target's answer means for the batch and for the target. Pure functions.
//
// A foreign receiver has delivered with any 2xx: Standard Webhooks ask no more of it. Our own receiver says what became
// of each event, so a 2xx without that comes from something else (a login page, a proxy): the target's trouble.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace vf::fanout {

enum class ResponseClass {
  delivered,  // 2xx, with the results that are expected
  refused,    // 400, 413, 422: these events' trouble
  faulty,     // 500 and the rarer 5xx: the target's trouble, or a bug that this very event meets
  trouble,    // the target's: no answer, another's answer, 3xx, 429, 502, 503, 504, any other 4xx. Kills no event
};

struct Answer {
  ResponseClass response_class = ResponseClass::trouble;
  std::string reason;  // "HTTP 503 Service Unavailable", or why there was no answer; never of the body
  // Of a refusal, and of any failure of our own receiver, told as problem details (RFC 9457): title and detail, 200
  // bytes at most.
  std::string detail;
  std::optional<Millis> retry_after;
  bool gone = false;        // 410
  int64_t quarantined = 0;  // events that our own receiver put aside (still delivered)
};

/// `results_expected`: how many events our own receiver must account for; nullopt for a foreign one.
Answer classify(const Result<http::Response>& response, Instant now, std::optional<size_t> results_expected);

/// RFC 9110 section 10.2.3: seconds, or an HTTP date in any of its three forms (one in the past is zero).
std::optional<Millis> parse_retry_after(std::string_view value, Instant now);

}  // namespace vf::fanout
