#include "sources/sumsub/sumsub_source.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_text.h"
#include "sources/sumsub/sumsub_mapping.h"

namespace vf::sources::sumsub {
namespace {

constexpr std::string_view kDigest = "X-Payload-Digest", kAlgorithm = "X-Payload-Digest-Alg";

std::string_view header_value(crypto::Hash hash) {
  switch (hash) {
    case crypto::Hash::sha1:
      return "HMAC_SHA1_HEX";
    case crypto::Hash::sha256:
      return "HMAC_SHA256_HEX";
    case crypto::Hash::sha512:
      return "HMAC_SHA512_HEX";
  }
  return {};
}

std::string header_json(std::string_view digest, std::string_view algorithm) {
  std::string out = "{";
  append_json_string(out, kDigest);
  out += ':';
  append_json_string(out, digest);
  out += ',';
  append_json_string(out, kAlgorithm);
  out += ':';
  append_json_string(out, algorithm);
  return out += '}';
}

}  // namespace

SumsubSource::SumsubSource(const Params& params) : name_(params.name) {
  for (const crypto::Hash hash : params.algorithms) {
    Algorithm& algorithm = algorithms_.emplace_back(header_value(hash), std::vector<crypto::Hmac>{});
    for (const std::string& secret : params.secrets) algorithm.keys.emplace_back(hash, secret);
  }
}

Verification SumsubSource::verify(const http::Request& request, Instant now) const {
  const auto digest = request.headers.unique(kDigest), named = request.headers.unique(kAlgorithm);
  if (!digest || !named) return Refusal{"missing header"};
  const auto algorithm = std::ranges::find(algorithms_, *named, &Algorithm::header);
  const auto given = from_hex(*digest);
  if (algorithm == algorithms_.end() || !given) return Refusal{"malformed header"};
  const bool verified = std::ranges::any_of(algorithm->keys, [&](const crypto::Hmac& key) {
    return crypto::equal_in_constant_time(key.sign(request.body), *given);
  });
  if (!verified) return Refusal{"bad signature"};
  Event event = map_delivery(name_, request.body, now);
  event.headers = header_json(*digest, *named);
  return Delivery{.event = std::move(event)};
}

}  // namespace vf::sources::sumsub
