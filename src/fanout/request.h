// The signed request that carries events to a target: CloudEvents in a Standard Webhooks delivery. Pure functions.
#pragma once

#include <span>
#include <string>

#include "crypto/standard_webhooks.h"
#include "fanout/target.h"
#include "http/client.h"

namespace vf::fanout {

/// The same for the same events in the same order, in every attempt and after every restart; a half has its own.
/// A receiver of single events gets the event's id, one of batches "batch_" and 32 hex digits. Never holds a '.'.
std::string webhook_id(Delivery delivery, std::span<const Uuid> events);

struct Attempt {
  std::string webhook_id;
  std::string body;  // one envelope, or a batch of them
  Instant now;       // timestamp and signature are of the attempt
};
http::Outgoing make_request(const Target& target, const crypto::WebhookSigner& signer, Attempt attempt);

}  // namespace vf::fanout
