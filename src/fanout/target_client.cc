#include "fanout/target_client.h"

#include "retry/pace.h"

namespace vf::fanout {

namespace {

// A foreign receiver's answer is its status. Its body is read for the details of a refusal, and so that the connection
// can be used again: neither is worth a place in the window for longer than this.
constexpr Millis kForeignBodyTimeout{1'000};

}  // namespace

http::ClientParams client_params(const Target& target) {
  http::ClientParams params;
  params.allow_private = target.allow_private;
  params.ca_pem = target.ca_pem;
  params.proxy = target.proxy.reveal();
  params.connection_max_age = target.connection_max_age;
  return params;
}

std::unique_ptr<http::Client> make_client(const Target& target, const Tuning& tuning) {
  http::ClientParams params = client_params(target);
  if (!is_our_receiver(target)) params.body_timeout = kForeignBodyTimeout;
  params.connections_max = retry::Pace::in_flight_max(tuning.retry);
  return http::Client::create(params);
}

void add_headers(const Target& target, http::Outgoing& request) {
  request.headers.insert(request.headers.end(), target.headers.begin(), target.headers.end());
}

}  // namespace vf::fanout
