#include "event/identity.h"

#include <algorithm>
#include <array>

#include "crypto/digest.h"

namespace vf {
namespace {

constexpr int64_t kMillisMax = (int64_t{1} << 48) - 1;

// The first ten of a ULID's 26 characters are the time, in Crockford's base 32. https://github.com/ulid/spec
std::optional<Instant> time_inside_ulid(std::string_view text) {
  constexpr std::string_view kUpper = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", kLower = "0123456789abcdefghjkmnpqrstvwxyz";
  if (text.size() != 26 || text[0] > '7') return std::nullopt;
  int64_t ms = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t digit = std::min(kUpper.find(text[i]), kLower.find(text[i]));
    if (digit == std::string_view::npos) return std::nullopt;
    if (i < 10) ms = ms << 5 | static_cast<int64_t>(digit);
  }
  return from_unix_millis(ms);
}

int64_t leading_48_bits(const Uuid& id) {
  int64_t ms = 0;
  for (size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
  return ms;
}

std::optional<Instant> time_inside_uuid7(std::string_view text) {
  const auto id = Uuid::parse(text);
  if (!id || id->bytes[6] >> 4 != 7 || id->bytes[8] >> 6 != 2) return std::nullopt;
  return from_unix_millis(leading_48_bits(*id));
}

// A KSUID has 27 characters of base 62, which are 160 bits; the first 32 bits count seconds from 2014-05-13T16:53:20Z.
// https://github.com/segmentio/ksuid
std::optional<Instant> time_inside_ksuid(std::string_view text) {
  constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr int64_t kEpochSeconds = 1400000000;
  if (text.size() != 27) return std::nullopt;
  std::array<uint32_t, 5> words{};  // the number, least significant word first
  for (const char c : text) {
    const size_t digit = kBase62.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    uint64_t carry = digit;
    for (uint32_t& word : words) {
      carry += uint64_t{word} * 62;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) return std::nullopt;  // the number has more than 160 bits
  }
  return Instant{std::chrono::seconds{kEpochSeconds + words[4]}};
}

}  // namespace

std::optional<Instant> time_inside(std::string_view message_id) {
  if (auto time = time_inside_ulid(message_id)) return time;
  if (auto time = time_inside_uuid7(message_id)) return time;
  return time_inside_ksuid(message_id);
}

Uuid event_id(std::string_view source, std::string_view message_id, std::optional<Instant> happened) {
  std::array<char, 8> length{};
  for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(uint64_t{source.size()} >> (56 - 8 * i));
  const auto hash = crypto::Sha256().update({length.data(), length.size()}).update(source).update(message_id).finish();

  const auto inside = time_inside(message_id);
  const int64_t ms = unix_millis(inside.value_or(happened.value_or(Instant{})));
  Uuid id;
  std::copy_n(hash.begin(), 10, id.bytes.begin() + 6);
  if (ms >= 0 && ms <= kMillisMax) {
    for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  }
  id.bytes[6] = static_cast<uint8_t>(0x80 | (id.bytes[6] & 0x0f));  // version 8
  id.bytes[8] = static_cast<uint8_t>(0x80 | (id.bytes[8] & 0x3f));  // the variant of RFC 9562
  return id;
}

}  // namespace vf
