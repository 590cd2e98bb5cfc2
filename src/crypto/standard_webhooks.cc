#include "crypto/standard_webhooks.h"

#include <charconv>

#include "base/bytes.h"

namespace vf::crypto {
namespace {

constexpr size_t kKeyBytesMin = 24, kKeyBytesMax = 64;

std::optional<Instant> unix_seconds(std::string_view text) {
  int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  constexpr int64_t kSecondsMax = 253402300799;  // the end of year 9999
  if (error != std::errc{} || stop != end || seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return Instant{std::chrono::seconds{seconds}};
}

void drop_prefix(std::string_view& text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
}

std::string signed_prefix(std::string_view id, std::string_view timestamp) {
  std::string out;
  out.reserve(id.size() + timestamp.size() + 2);
  out.append(id).append(".").append(timestamp).append(".");
  return out;
}

// Returns whether one of the space-separated items of the header is "v1," followed by `expected`.
bool holds(std::string_view signatures, std::string_view expected) {
  while (!signatures.empty()) {
    const size_t end = signatures.find(' ');
    std::string_view item = signatures.substr(0, end);
    if (item.starts_with("v1,") && equal_in_constant_time(item.substr(3), expected)) return true;
    if (end == std::string_view::npos) return false;
    signatures.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

Result<std::string> decode_webhook_secret(std::string_view text) {
  drop_prefix(text, "v1,");
  drop_prefix(text, "whsec_");
  auto key = from_base64(text);
  if (!key) return invalid("a webhook secret is whsec_ and base64; this one is not");
  if (key->size() < kKeyBytesMin || key->size() > kKeyBytesMax) {
    return invalid("a webhook secret holds 24 to 64 bytes; this one holds " + std::to_string(key->size()));
  }
  return *std::move(key);
}

std::string make_webhook_secret() { return "whsec_" + to_base64(random_bytes(32)); }

Result<WebhookSigner> WebhookSigner::create(const std::vector<std::string>& secrets) {
  if (secrets.empty()) return invalid("a webhook signer needs a secret");
  WebhookSigner signer;
  for (const std::string& secret : secrets) {
    VF_ASSIGN(auto key, decode_webhook_secret(secret));
    signer.keys_.emplace_back(Hash::sha256, key);
  }
  return signer;
}

WebhookSigner WebhookSigner::derived(std::string_view purpose) const {
  WebhookSigner signer;
  for (const Hmac& key : keys_) signer.keys_.emplace_back(Hash::sha256, key.sign(purpose));
  return signer;
}

std::string WebhookSigner::sign(std::string_view id, Instant timestamp, std::string_view body) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timestamp).time_since_epoch().count();
  const std::string prefix = signed_prefix(id, std::to_string(seconds));
  std::string out;
  for (const Hmac& key : keys_) {
    if (!out.empty()) out += ' ';
    out += "v1,";
    append_base64(out, key.sign(prefix, body));
  }
  return out;
}

Result<void> WebhookSigner::verify(const Signed& request, Instant now, Millis tolerance) const {
  if (request.id.empty() || request.timestamp.empty() || request.signature.empty()) {
    return unauthorized("missing header");
  }
  const auto sent = unix_seconds(request.timestamp);
  if (!sent) return unauthorized("malformed header");
  if (*sent < now - tolerance) return unauthorized("too old");
  if (*sent > now + tolerance) return unauthorized("from the future");
  const std::string prefix = signed_prefix(request.id, request.timestamp);
  for (const Hmac& key : keys_) {
    if (holds(request.signature, to_base64(key.sign(prefix, request.body)))) return {};
  }
  return unauthorized("bad signature");
}

}  // namespace vf::crypto
