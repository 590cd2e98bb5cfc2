// classify(): decides what a target's answer means for the batch and for the target. Pure functions.
//
// For a foreign receiver any 2xx is a delivery, because Standard Webhooks demand no more. The hub's own receiver
// reports a result for each event, so a 2xx without results comes from something else (a login page, a proxy) and is a
// target failure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace vf::fanout {

enum class ResponseClass {
  delivered,       // 2xx; from our own receiver only with a result for each event
  refused,         // 400, 413, 422: caused by these events
  server_error,    // 500 and other 5xx: caused by the target, or by a bug that one event triggers
  target_failure,  // no answer, 3xx, 429, 502, 503, 504, other 4xx, 2xx without the expected results; kills no event
};

struct Answer {
  ResponseClass response_class = ResponseClass::target_failure;
  std::string reason;  // "HTTP 503 Service Unavailable", or why there was no answer; never quotes the body
  // Title and detail of a body in problem details (RFC 9457), at most 200 bytes together. Set for refusals and for
  // every failure of our own receiver.
  std::string detail;
  std::optional<Millis> retry_after;
  bool gone = false;        // the status is 410
  int64_t quarantined = 0;  // events that our own receiver quarantined; they count as delivered
};

/// `results_expected`: for how many events our own receiver must report a result; nullopt for a foreign receiver.
Answer classify(const Result<http::Response>& response, Instant now, std::optional<size_t> results_expected);

/// Parses a Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date in any of its three forms; a date in
/// the past gives zero.
std::optional<Millis> parse_retry_after(std::string_view value, Instant now);

}  // namespace vf::fanout
