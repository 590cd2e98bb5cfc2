#include "fanout/request.h"

#include <chrono>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "event/envelope.h"

namespace vf::fanout {

std::string webhook_id(Delivery delivery, std::span<const Uuid> events) {
  if (delivery == Delivery::single) return events.front().to_string();
  const std::string_view ids(reinterpret_cast<const char*>(events.data()), events.size_bytes());
  return "batch_" + to_hex(std::string_view(crypto::sha256(ids)).substr(0, 16));
}

http::Outgoing make_request(const Target& target, const crypto::WebhookSigner& signer, Attempt attempt) {
  http::Outgoing request;
  request.url = target.url;
  request.connect_timeout = target.connect_timeout;
  request.timeout = target.timeout;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(attempt.now).time_since_epoch().count();
  auto signature = signer.sign(attempt.webhook_id, attempt.now, attempt.body);
  const auto content_type = target.delivery == Delivery::single ? kSingleContentType : kBatchContentType;
  request.headers = {{"Content-Type", std::string(content_type)},
                     {"webhook-id", std::move(attempt.webhook_id)},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", std::move(signature)}};
  request.body = std::move(attempt.body);
  return request;
}

}  // namespace vf::fanout
