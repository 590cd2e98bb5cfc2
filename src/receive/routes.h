// Routes: the rows of an environment's listener that the hub calls, and those of routes that were retired. A row
// decodes its request on a network thread (decode.h) and hands the operation over. To add a route, add its operation to
// decode.h, what it does to apply.cc, and its row here.
#pragma once

#include "api/route.h"
#include "receive/decode.h"

namespace vf::receive {

/// What a request becomes, besides its operation.
struct Asked {
  size_t body_bytes = 0;
  SteadyTime began{};  // when the whole request was there
  http::Respond respond;
};

/// Performs the operations of verified requests. Receiver does so on its thread, the simulation step by step.
class Performer {
 public:
  virtual ~Performer() = default;
  /// Answers the request, now or later.
  virtual void perform(Operation operation, Asked asked) = 0;
};

/// Returns the rows; `performer` outlives them. After the checks of api::Service, a row answers 400 to a malformed
/// envelope, 404 to a path without an event id, and 413 to too many envelopes.
api::Routes routes(const Limits& limits, Performer& performer);

}  // namespace vf::receive
