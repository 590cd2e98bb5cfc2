// The signed request that carries events to a target: CloudEvents in a Standard Webhooks delivery. Pure functions.
#pragma once

#include <span>
#include <string>

#include "crypto/standard_webhooks.h"
#include "fanout/target.h"
#include "http/client.h"

namespace vf::fanout {

/// The same for the same events in the same order, in every attempt and after every restart; each half of a split batch
/// has its own. The event's id for a receiver of single events, else "batch_" and 32 hex digits. Never holds a '.'.
std::string webhook_id(Delivery delivery, std::span<const Uuid> events);

struct Attempt {
  std::string webhook_id;
  std::string body;  // one envelope, or a batch of them
  Instant now;       // of this attempt: goes into timestamp and signature
};
http::Outgoing make_request(const Target& target, const crypto::WebhookSigner& signer, Attempt attempt);

}  // namespace vf::fanout
