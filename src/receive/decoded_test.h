// decoded(): what an environment's listener makes of a request, for tests of this folder. Header only.
#pragma once

#include <optional>
#include <utility>

#include "api/service.h"
#include "receive/routes.h"
#include "receive/signed_request_test.h"

namespace vf::receive {

/// Returns the answer that refuses the request, or its operation.
inline Decoded decoded(const http::Request& request, const Limits& limits = {}) {
  struct Keeper final : Performer {
    std::optional<Operation> operation;
    void perform(Operation next, Asked) override { operation = std::move(next); }
  } keeper;
  const ManualClock clock(kNow);
  const api::Signatures signatures(signer({kSecret, kOldSecret}));
  api::Service service({.name = "test", .clock = clock, .signatures = &signatures}, routes(limits, keeper));
  std::optional<http::Response> refusal;
  service.handle(request, [&refusal](http::Response response) { refusal = std::move(response); });
  if (refusal) return std::move(*refusal);
  return std::move(keeper.operation.value());
}

}  // namespace vf::receive
