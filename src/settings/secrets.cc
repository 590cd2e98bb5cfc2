#include "settings/secrets.h"

#include "base/bytes.h"
#include "crypto/certificates.h"
#include "crypto/digest.h"
#include "crypto/standard_webhooks.h"

namespace vf::settings {

std::string generate_token() { return to_hex(crypto::random_bytes(32)); }

config::Complaint check_webhook_secret(std::string_view text) {
  const auto key = crypto::decode_webhook_secret(text);
  return key ? std::nullopt : config::Complaint(key.error().message);
}

config::Complaint check_certificates(std::string_view text) {
  const auto checked = crypto::check_certificates(text);
  return checked ? std::nullopt : config::Complaint(checked.error().message);
}

}  // namespace vf::settings
