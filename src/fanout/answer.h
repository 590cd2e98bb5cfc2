// classify(): decides whether a target's answer is a delivery. Whose fault a failure is, the retry rule decides
// (retry/rule.h). Pure functions.
//
// For a foreign receiver any 2xx is a delivery, because Standard Webhooks demand no more: the status decides, and it
// does so too when the rest of the answer is cut (http::Response::cut). The hub's own receiver reports the
// id and the status of each event, in the order of the request. A 2xx without these results comes from something else
// (a login page, a proxy's cache) and is a failure; so is a cut one, whose results are not all known.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "http/message.h"

namespace vf::fanout {

struct Answer {
  bool delivered = false;  // 2xx; from our own receiver only if it is whole and has a result for each event
  int status = 0;          // the HTTP status; 0: no answer
  bool timed_out = false;  // no answer came within the target's timeout
  std::string
      reason;  // of a failure: "HTTP 503 Service Unavailable", or why there was no answer; never quotes the body
  // Title and detail of a body in problem details (RFC 9457), at most 200 bytes together. Set for statuses from 400 to
  // 499 and for every failure of our own receiver.
  std::string detail;
  std::optional<Millis> retry_after;
  int64_t quarantined = 0;  // events that our own receiver quarantined; they count as delivered
};

/// `sent`: the events for which our own receiver must report results; nullopt for a foreign receiver.
Answer classify(const Result<http::Response>& response, Instant now, std::optional<std::span<const Uuid>> sent);

/// Parses a Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date in any of its three forms; a date in
/// the past gives zero.
std::optional<Millis> parse_retry_after(std::string_view value, Instant now);

}  // namespace vf::fanout
