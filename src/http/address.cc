#include "http/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace vf::http {
namespace {

/// An address as sixteen bytes; an IPv4 address in its mapped form, ::ffff:a.b.c.d.
using Address = std::array<uint8_t, 16>;

enum class Reach { loopback, open, closed, never };

struct Range {
  const char* prefix;
  size_t bits;  // the length of the prefix, of 128 bits
  Reach reach;
};

constexpr size_t kMapped = 96;

// The special-purpose registries of IANA (RFC 6890 and its updates) and multicast. First match wins.
constexpr std::array kRanges{
    Range{"127.0.0.0", kMapped + 8, Reach::loopback},
    Range{"0.0.0.0", kMapped + 8, Reach::never},         // this host, this network
    Range{"224.0.0.0", kMapped + 4, Reach::never},       // multicast
    Range{"240.0.0.0", kMapped + 4, Reach::never},       // reserved, broadcast
    Range{"10.0.0.0", kMapped + 8, Reach::closed},       // private
    Range{"172.16.0.0", kMapped + 12, Reach::closed},    // private
    Range{"192.168.0.0", kMapped + 16, Reach::closed},   // private
    Range{"169.254.0.0", kMapped + 16, Reach::closed},   // link-local, with the clouds' metadata services
    Range{"100.64.0.0", kMapped + 10, Reach::closed},    // carrier-grade NAT
    Range{"192.0.0.0", kMapped + 24, Reach::closed},     // protocol assignments
    Range{"192.0.2.0", kMapped + 24, Reach::closed},     // documentation
    Range{"198.51.100.0", kMapped + 24, Reach::closed},  // documentation
    Range{"203.0.113.0", kMapped + 24, Reach::closed},   // documentation
    Range{"198.18.0.0", kMapped + 15, Reach::closed},    // benchmarks
    Range{"192.88.99.0", kMapped + 24, Reach::closed},   // 6to4 relays
    Range{"::ffff:0:0", kMapped, Reach::open},           // the rest of IPv4
    Range{"::1", 128, Reach::loopback},
    Range{"::", 128, Reach::never},
    Range{"ff00::", 8, Reach::never},        // multicast
    Range{"2001:db8::", 32, Reach::closed},  // documentation
    Range{"2001::", 23, Reach::closed},      // Teredo, benchmarks, ORCHID: protocol assignments
    Range{"2000::", 3, Reach::open},         // global unicast; all else is private, link-local or unassigned
};

std::optional<Address> parse(std::string_view text) {
  const std::string terminated(text);
  Address address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  address[10] = address[11] = 0xff;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

bool starts_with(const Address& address, const Address& prefix, size_t bits) {
  const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
  if (!std::equal(address.begin(), address.begin() + whole, prefix.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - bits % 8));
  return (address[bits / 8] & mask) == (prefix[bits / 8] & mask);
}

/// Replaces an IPv6 address that embeds an IPv4 address by the IPv4 address, because a connection reaches that one.
Address unwrap(Address address) {
  const auto carries = [&](const char* prefix, size_t bits) { return starts_with(address, *parse(prefix), bits); };
  size_t from = 0;
  if (carries("64:ff9b::", 96)) from = 12;  // NAT64, RFC 6052
  if (carries("2002::", 16)) from = 2;      // 6to4, RFC 3056
  if (from == 0) return address;
  Address plain{};
  plain[10] = plain[11] = 0xff;
  std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(from), 4, plain.begin() + 12);
  return plain;
}

}  // namespace

bool is_allowed_address(std::string_view ip, bool allow_private) {
  const auto parsed = parse(ip);
  if (!parsed) return false;
  const Address address = unwrap(*parsed);
  const auto range =
      std::ranges::find_if(kRanges, [&](const Range& r) { return starts_with(address, *parse(r.prefix), r.bits); });
  const Reach reach = range == kRanges.end() ? Reach::closed : range->reach;
  return reach == Reach::loopback || reach == Reach::open || (reach == Reach::closed && allow_private);
}

}  // namespace vf::http
