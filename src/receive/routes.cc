#include "receive/routes.h"

#include <string>

namespace vf::receive {
namespace {

// Providers once posted to each environment; now the hub receives for all of them.
struct Retired {
  std::string_view path, successor;
};
constexpr Retired kRetired[] = {
    {"/wh/kick", "/webhooks/kick"}, {"/wh/sumsub", "/webhooks/sumsub"}, {"/api/kyc/hook", "/webhooks/sumsub"}};

http::Response gone(const Retired& route) {
  const std::string successor(route.successor);
  auto answer =
      http::problem(410, "retired: the hub receives these webhooks, POST " + successor + " on its public listener");
  answer.headers.emplace_back("Link", "<" + successor + ">; rel=\"successor-version\"");
  return answer;
}

api::Route retired(const Retired& route, size_t body_bytes_max) {
  return {.method = api::kAnyMethod,
          .pattern = route.path,
          .access = api::Open{},
          .parameters = std::nullopt,
          .body_bytes_max = body_bytes_max,
          .handler = api::Direct{[route](const api::Call&, http::Respond respond) { respond(gone(route)); }}};
}

/// Returns a handler that hands the operation of `decode(call)` over to `performer`.
template <class Decode>
api::Direct decoding(Performer& performer, Decode decode) {
  return {[&performer, decode](api::Call call, http::Respond respond) {
    Decoded decoded = decode(call);
    if (auto* refusal = std::get_if<http::Response>(&decoded)) return respond(std::move(*refusal));
    Asked asked{.body_bytes = call.request.body.size(), .began = call.began, .respond = std::move(respond)};
    performer.perform(std::get<Operation>(std::move(decoded)), std::move(asked));
  }};
}

}  // namespace

api::Routes routes(const Limits& limits, Performer& performer) {
  const auto events = [limits](const api::Call& call) { return read_events(call.request, limits); };
  const auto show = [](const api::Call& call) { return show_event(call.path[0]); };
  const auto retry = [](const api::Call&) -> Decoded { return Operation{RetryQuarantined{}}; };
  api::Routes routes{{.method = "POST",
                      .pattern = "/internal/events",
                      .access = api::Signed{},
                      .parameters = std::nullopt,  // a sender's URL may carry parameters of its own
                      .body_bytes_max = limits.body_bytes_max,
                      .handler = decoding(performer, events)},
                     {.method = "GET",
                      .pattern = "/internal/events/{id}",
                      .access = api::SignedCall{},
                      .handler = decoding(performer, show)},
                     {.method = "POST",
                      .pattern = "/internal/quarantine/retry",
                      .access = api::SignedCall{},
                      .handler = decoding(performer, retry)}};
  for (const Retired& route : kRetired) routes.push_back(retired(route, limits.body_bytes_max));
  return routes;
}

}  // namespace vf::receive
