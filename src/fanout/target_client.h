// How requests reach a target: its HTTP client and the headers of its own. Every request to a target goes this way,
// also those of `vf doctor` and those that ask an environment.
#pragma once

#include <memory>

#include "fanout/target.h"
#include "fanout/tuning.h"
#include "http/client.h"

namespace vf::fanout {

/// Returns how a client connects to the target: what it trusts, by which proxy, to which addresses.
http::ClientParams client_params(const Target& target);

/// Makes the HTTP client of one target. Each target has its own connections, so that a slow target delays no other.
std::unique_ptr<http::Client> make_client(const Target& target, const Tuning& tuning);

/// Adds the target's own headers to a request.
void add_headers(const Target& target, http::Outgoing& request);

}  // namespace vf::fanout
