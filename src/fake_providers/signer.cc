#include "fake_providers/signer.h"

#include "base/bytes.h"

namespace vf::fake_providers {
namespace {

std::string_view algorithm_name(crypto::Hash hash) {
  switch (hash) {
    case crypto::Hash::sha1:
      return "HMAC_SHA1_HEX";
    case crypto::Hash::sha256:
      return "HMAC_SHA256_HEX";
    case crypto::Hash::sha512:
      return "HMAC_SHA512_HEX";
  }
  return "";
}

}  // namespace

Result<Signer> Signer::create(Params params) {
  auto key = crypto::PrivateKey::rsa_from_pem(params.kick_key_pem);
  if (!key) return key.error();
  return Signer(std::move(params), *std::move(key));
}

Signer::Signer(Params params, crypto::PrivateKey key)
    : params_(std::move(params)), key_(std::move(key)), hmac_(params_.sumsub_hash, params_.sumsub_secret) {}

http::Outgoing Signer::sign(const Payload& payload, Instant sent) const {
  return payload.provider == Provider::kick ? sign_kick(payload, sent) : sign_sumsub(payload);
}

http::Outgoing Signer::sign_kick(const Payload& payload, Instant sent) const {
  const std::string time = to_rfc3339(sent).substr(0, 19) + "Z";
  const std::string timestamp = payload.doubled_date ? time.substr(0, 11) + time : time;
  const std::string signature = key_.sign(payload.id + "." + timestamp + ".", payload.body);
  http::Outgoing request;
  request.url = params_.kick_url;
  request.headers = {{"User-Agent", "Go-http-client/1.1"},
                     {"Content-Type", "application/json"},
                     {"Accept", "application/json"},
                     {"Kick-Event-Message-Id", payload.id},
                     {"Kick-Event-Subscription-Id", payload.subscription_id},
                     {"Kick-Event-Signature", to_base64(signature)},
                     {"Kick-Event-Message-Timestamp", timestamp},
                     {"Kick-Event-Type", payload.type},
                     {"Kick-Event-Version", "1"}};
  request.body = payload.body;
  return request;
}

http::Outgoing Signer::sign_sumsub(const Payload& payload) const {
  http::Outgoing request;
  request.url = params_.sumsub_url;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Payload-Digest", to_hex(hmac_.sign(payload.body))},
                     {"X-Payload-Digest-Alg", std::string(algorithm_name(params_.sumsub_hash))}};
  request.body = payload.body;
  return request;
}

}  // namespace vf::fake_providers
