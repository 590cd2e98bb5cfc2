#include "fake_providers/made_ids.h"

#include <fmt/core.h>

namespace vf::fake_providers {

std::string make_ulid(Instant at, Random& random) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string ulid(26, '0');
  auto time = static_cast<uint64_t>(unix_millis(at));
  for (size_t i = 10; i-- > 0; time >>= 5) ulid[i] = kAlphabet[time & 31];
  for (size_t i = 10; i < ulid.size(); ++i) ulid[i] = kAlphabet[random.below(32)];
  return ulid;
}

std::string make_hex(size_t count, Random& random) {
  std::string hex;
  while (hex.size() < count) hex += fmt::format("{:016x}", random.next());
  hex.resize(count);
  return hex;
}

std::string make_uuid(Random& random) {
  const std::string hex = make_hex(32, random);
  const auto part = [&](size_t from, size_t length) { return std::string_view(hex).substr(from, length); };
  return fmt::format("{}-{}-4{}-{}{}-{}", part(0, 8), part(8, 4), part(13, 3), "89ab"[random.below(4)], part(17, 3),
                     part(20, 12));
}

std::string make_object_id(Instant at, Random& random) {
  return fmt::format("{:08x}", static_cast<uint32_t>(unix_millis(at) / 1000)) + make_hex(16, random);
}

}  // namespace vf::fake_providers
