#include "sources/generic/verifier.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"

namespace vf::sources::generic {
namespace {

using Reason = std::string_view;

// A named part of the signature header: a signature under its mark, or a field such as Stripe's t.
struct Item {
  std::string_view mark;
  std::string_view text;
};

// "a<between>b": an item without `between` has no mark and matches none.
Item split_item(std::string_view text, char between) {
  const auto at = text.find(between);
  if (at == std::string_view::npos) return {{}, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::vector<Item> split_items(std::string_view value, std::string_view separator, char between) {
  std::vector<Item> items;
  while (true) {
    const auto end = value.find(separator);
    if (const auto text = trim(value.substr(0, end)); !text.empty()) items.push_back(split_item(text, between));
    if (end == std::string_view::npos) return items;
    value.remove_prefix(end + separator.size());
  }
}

std::vector<Item> read_items(const Scheme& scheme, std::string_view value) {
  switch (scheme.split) {
    case Split::plain:
      return {{{}, value}};
    case Split::fields:
      return split_items(value, scheme.separator, '=');
    case Split::list:
      return split_items(value, scheme.separator, ',');
    case Split::prefix: {
      const std::string_view mark = scheme.methods.front().mark;
      if (!value.starts_with(mark)) return {};
      return {{mark, value.substr(mark.size())}};
    }
  }
  return {};
}

struct Signature {
  size_t method;
  std::string bytes;
};

// Signatures of unknown versions are skipped, as Standard Webhooks and Stripe require.
std::vector<Signature> read_signatures(const Scheme& scheme, const std::vector<Item>& items) {
  std::vector<Signature> signatures;
  for (size_t method = 0; method < scheme.methods.size(); ++method) {
    for (const auto& item : items) {
      if (item.mark != scheme.methods[method].mark) continue;
      auto bytes = scheme.encoding == Encoding::hex ? from_hex(item.text) : from_base64(item.text);
      if (bytes && !bytes->empty()) signatures.push_back({method, std::move(*bytes)});
    }
  }
  return signatures;
}

std::expected<std::string_view, Reason> signed_value(const Place& place, const http::Headers& headers,
                                                     const std::vector<Item>& items) {
  if (place.kind == Place::Kind::literal) return place.text;
  if (place.kind == Place::Kind::header) return only_header(headers, place.names);
  if (std::ranges::count(items, place.text, &Item::mark) != 1) return std::unexpected("malformed header");
  return std::ranges::find(items, place.text, &Item::mark)->text;
}

std::expected<std::string, Reason> signed_text(const Template& parts, const http::Headers& headers,
                                               const std::vector<Item>& items) {
  std::string out;
  for (const auto& part : parts) {
    const auto value = signed_value(part, headers, items);
    if (!value) return std::unexpected(value.error());
    out += *value;
  }
  return out;
}

std::optional<Instant> read_time(SignedTime::Format format, std::string_view text) {
  if (format == SignedTime::Format::rfc3339) return parse_time(text);
  constexpr int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > kSecondsMax)
    return std::nullopt;
  return Instant{std::chrono::seconds{seconds}};
}

std::optional<Reason> outside(Instant time, Instant now, std::optional<Millis> tolerance) {
  if (!tolerance) return std::nullopt;
  if (now - time > *tolerance) return "too old";
  if (time - now > std::min(*tolerance, kAheadMax)) return "from the future";
  return std::nullopt;
}

crypto::Hash hash_of(Algorithm algorithm) {
  if (algorithm == Algorithm::hmac_sha1) return crypto::Hash::sha1;
  return algorithm == Algorithm::hmac_sha512 ? crypto::Hash::sha512 : crypto::Hash::sha256;
}

Result<std::string> decode_key(const KeyForm& form, std::string_view text) {
  if (const auto at = text.find(form.after); !form.after.empty() && at != std::string_view::npos) {
    text.remove_prefix(at + form.after.size());
  }
  if (text.empty()) return invalid("is empty");
  if (form.kind == KeyForm::Kind::text) return std::string(text);
  const auto bytes = form.kind == KeyForm::Kind::hex ? from_hex(text) : from_base64(text);
  if (!bytes) return invalid(form.kind == KeyForm::Kind::hex ? "is not hex" : "is not base64");
  constexpr size_t kKeyBytesMin = 16;  // a shorter key was probably cut off when it was copied
  if (bytes->size() < kKeyBytesMin) return invalid("is too short, was it cut?");
  return *bytes;
}

struct SignedBytes {
  std::string before;
  std::string_view body;
  std::string after;
};

bool is_signature(const VerifyingKey& key, const SignedBytes& bytes, std::string_view signature) {
  const auto& public_key = std::get<crypto::PublicKey>(key.key);
  if (bytes.after.empty()) return public_key.verify(bytes.before, bytes.body, signature);
  return public_key.verify(bytes.before, std::string(bytes.body) + bytes.after, signature);
}

// An HMAC is computed once for each key, whatever the number of signatures.
bool verifies(const VerifyingKey& key, const SignedBytes& bytes, const std::vector<Signature>& signatures) {
  const auto* hmac = std::get_if<crypto::Hmac>(&key.key);
  const auto expected = hmac != nullptr ? hmac->sign(bytes.before, bytes.body, bytes.after) : std::string();
  return std::ranges::any_of(signatures, [&](const Signature& signature) {
    if (signature.method != key.method) return false;
    return hmac != nullptr ? crypto::equal_in_constant_time(expected, signature.bytes)
                           : is_signature(key, bytes, signature.bytes);
  });
}

Result<VerifyingKey> read_key(const Scheme& scheme, std::string_view secret) {
  size_t method = 0;  // a secret without any of the prefixes is a key of the first method
  for (size_t i = 0; i < scheme.methods.size(); ++i) {
    const auto& after = scheme.methods[i].key.after;
    if (!after.empty() && secret.contains(after)) method = i;
  }
  VF_ASSIGN(auto bytes, decode_key(scheme.methods[method].key, secret));
  const auto algorithm = scheme.methods[method].algorithm;
  if (algorithm != Algorithm::ed25519) return VerifyingKey{method, crypto::Hmac(hash_of(algorithm), bytes)};
  VF_ASSIGN(auto key, crypto::PublicKey::ed25519_from_bytes(bytes));
  return VerifyingKey{method, std::move(key)};
}

}  // namespace

Result<Verifier> Verifier::create(const Scheme& scheme, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return invalid("secrets: at least one is needed");
  Verifier verifier;
  for (size_t i = 0; i < secrets.size(); ++i) {
    auto key = read_key(scheme, secrets[i]);
    if (!key) return invalid(fmt::format("secrets[{}]: {}", i, key.error().message));
    verifier.keys_.push_back(std::move(*key));
  }
  return verifier;
}

std::expected<std::optional<Instant>, Reason> Verifier::verify(const Scheme& scheme, const http::Request& request,
                                                               Instant now, std::optional<Millis> tolerance) const {
  const auto header = only_header(request.headers, scheme.signature_header);
  if (!header) return std::unexpected(header.error());
  const auto items = read_items(scheme, *header);
  const auto signatures = read_signatures(scheme, items);
  if (signatures.empty() || signatures.size() > kSignaturesMax) return std::unexpected("malformed header");

  const auto before = signed_text(scheme.before_body, request.headers, items);
  if (!before) return std::unexpected(before.error());
  const auto after = signed_text(scheme.after_body, request.headers, items);
  if (!after) return std::unexpected(after.error());
  std::optional<Instant> time;
  if (scheme.signed_time) {
    // The place is part of the signed text, so it has a value.
    time = read_time(scheme.signed_time->format, *signed_value(scheme.signed_time->place, request.headers, items));
    if (!time) return std::unexpected("malformed header");
    if (const auto reason = outside(*time, now, tolerance)) return std::unexpected(*reason);
  }

  const SignedBytes bytes{*before, request.body, *after};
  const auto fits = [&](const VerifyingKey& key) { return verifies(key, bytes, signatures); };
  if (!std::ranges::any_of(keys_, fits)) return std::unexpected("bad signature");
  return time;
}

}  // namespace vf::sources::generic
