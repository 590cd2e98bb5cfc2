#include "sources/kick/kick_source.h"

#include <algorithm>

#include "base/bytes.h"
#include "event/identity.h"
#include "sources/kick/kick_mapping.h"

namespace vf::sources::kick {
namespace {

// 2048 to 8192 bits, as the keys may have.
constexpr size_t kSignatureBytesMin = 256, kSignatureBytesMax = 1024;
constexpr size_t kSignatureTextMax = (kSignatureBytesMax + 2) / 3 * 4;
constexpr size_t kMessageIdMax = 64;

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// No dot: it separates the signed parts, and an id with a dot could move the boundary between them.
bool is_message_id(std::string_view id) {
  return id.size() <= kMessageIdMax && std::ranges::all_of(id, is_id_character);
}

// nullopt when a required header is missing, empty or repeated.
std::optional<KickHeaders> read_headers(const http::Headers& headers) {
  const auto value = [&](std::string_view name) { return headers.unique(name).value_or(std::string_view{}); };
  const KickHeaders out{.message_id = value("Kick-Event-Message-Id"),
                        .timestamp = value("Kick-Event-Message-Timestamp"),
                        .signature = value("Kick-Event-Signature"),
                        .type = value("Kick-Event-Type"),
                        .version = value("Kick-Event-Version"),
                        .subscription_id = value("Kick-Event-Subscription-Id")};
  if (out.message_id.empty() || out.timestamp.empty() || out.signature.empty() || out.type.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> read_signature(std::string_view text) {
  if (text.size() > kSignatureTextMax) return std::nullopt;
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() < kSignatureBytesMin || bytes->size() > kSignatureBytesMax) return std::nullopt;
  return bytes;
}

// Empty when the age is fine. When the timestamp cannot be read, the time inside the id counts, which is signed too.
std::string_view age_problem(const KickHeaders& headers, Millis max_age, Instant now) {
  auto sent = sent_time(headers);
  if (!sent) sent = time_inside(headers.message_id);
  if (!sent) return "malformed header";
  if (*sent < now - max_age) return "too old";
  return *sent > now + kFutureMax ? "from the future" : "";
}

}  // namespace

KickSource::KickSource(Params params)
    : name_(std::move(params.name)),
      max_age_(params.max_age),
      keys_(std::move(params.keys), std::move(params.fetch_key)) {}

Verification KickSource::verify(const http::Request& request, Instant now) const {
  const auto headers = read_headers(request.headers);
  if (!headers) return Refusal{"missing header"};
  const auto signature = is_message_id(headers->message_id) ? read_signature(headers->signature) : std::nullopt;
  if (!signature) return Refusal{"malformed header"};
  if (max_age_) {
    if (const auto problem = age_problem(*headers, *max_age_, now); !problem.empty()) return Refusal{problem};
  }
  const std::string prefix = std::string(headers->message_id).append(".").append(headers->timestamp).append(".");
  const auto keys = keys_.keys();
  const bool verified = std::ranges::any_of(
      *keys, [&](const crypto::PublicKey& key) { return key.verify(prefix, request.body, *signature); });
  if (!verified) return Refusal{.reason = "bad signature", .unknown_key = true};
  return Delivery{map_delivery(name_, *headers, request.body), std::nullopt};
}

bool KickSource::refresh_keys(Instant now, std::function<void(bool changed)> done) {
  return keys_.refresh(now, std::move(done));
}

}  // namespace vf::sources::kick
