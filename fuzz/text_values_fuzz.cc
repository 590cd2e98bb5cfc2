// Fuzzes the readers of small texts: times, base64, hex, UUIDs, positions, message ids, secrets and public keys.
#include "base/bytes.h"
#include "base/json_text.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/public_key.h"
#include "crypto/standard_webhooks.h"
#include "event/event.h"
#include "event/identity.h"

namespace {

using namespace vf;

void check_bytes(std::string_view text) {
  if (const auto bytes = from_hex(text)) VF_INVARIANT(to_hex(*bytes) == to_lower(text));
  if (const auto bytes = from_base64(text)) {
    const std::string canonical = to_base64(*bytes);
    VF_INVARIANT(canonical == text || canonical.substr(0, canonical.find('=')) == text);
  }
  VF_INVARIANT(from_base64(to_base64(text)) == text && from_hex(to_hex(text)) == text);
  VF_INVARIANT(is_plain_json(json_string(text)));
}

void check_identities(std::string_view text) {
  if (const auto id = Uuid::parse(text)) VF_INVARIANT(id->to_string() == to_lower(text));
  if (const auto position = Position::parse(text)) VF_INVARIANT(position->to_string() == to_lower(text));
  VF_INVARIANT(event_id("s", text, std::nullopt) == event_id("s", text, std::nullopt));
  (void)time_inside(text);
}

void check_times(std::string_view text) {
  const auto time = parse_time(text);
  if (!time) return;
  const std::string canonical = to_rfc3339(*time);
  VF_INVARIANT(parse_time(canonical).has_value() && to_rfc3339(*parse_time(canonical)) == canonical);
}

void check_signatures(std::string_view text) {
  static const auto kSigner = crypto::WebhookSigner::create({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}).value();
  const Instant now = from_unix_millis(1'614'265'330'000);
  VF_INVARIANT(!kSigner.verify({"id", "1614265330", text, "body"}, now));
  VF_INVARIANT(!kSigner.verify({"id", text, "v1,AAAA", "body"}, now));
  (void)crypto::decode_webhook_secret(text);
  (void)crypto::PublicKey::rsa_from_pem(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_bytes(text);
  check_identities(text);
  check_times(text);
  check_signatures(text);
  return 0;
}
