#include "config/url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/address.h"

namespace vf::config {
namespace {

constexpr const char* kUnreadable =
    "cannot be read as an address; write scheme://user:password@host:port/path, with special characters in its parts "
    "as %XX";

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A name of the DNS, or an IPv4 address. libcurl decodes %XX, but no name has such characters.
Complaint check_name(std::string_view host) {
  constexpr size_t kNameBytesMax = 253, kLabelBytesMax = 63;
  if (host.find('%') != host.npos) return "has a host with '%'; write the host's name itself";
  if (host.size() > kNameBytesMax) return "has a host that is longer than 253 characters";
  while (!host.empty()) {
    const size_t size = std::min(host.find('.'), host.size());
    if (size == 0 || size > kLabelBytesMax) return "has a host with an empty part, or one longer than 63 characters";
    host.remove_prefix(std::min(size + 1, host.size()));
  }
  return std::nullopt;
}

}  // namespace

Complaint check_host_and_port(std::string_view text, bool port_needed) {
  std::string_view host = text;
  std::string_view port;
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return "has '[' without ']'";
  const size_t colon = text.find(':', bracket);
  if (colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.empty() || host.find_first_of(" /@?#") != std::string_view::npos) return "has no host";
  if (colon == std::string_view::npos) return port_needed ? Complaint("has no port") : std::nullopt;
  uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || stop != port.data() + port.size()) return "has a port that is not from 0 to 65535";
  return std::nullopt;
}

Complaint check_hosts(std::string_view hosts) {
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    if (auto wrong = check_host_and_port(host, false)) return wrong;
    if (host.size() == hosts.size()) return std::nullopt;
    hosts.remove_prefix(host.size() + 1);
  }
}

Complaint check_address(std::string_view text) {
  const auto unfit = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#'; };
  if (std::ranges::any_of(text, unfit))
    return "contains a blank, a control character or '#'; write it as %XX, or remove it";
  if (!is_ascii(text)) return "has letters that are not ASCII; write a host in punycode (xn--…), and all else as %XX";
  if (split_address(text)) return std::nullopt;
  const size_t at = text.find('@');
  if (at != text.npos && (at != text.rfind('@') || at > text.find_first_of("/?", text.find("://") + 3))) {
    return "has an '@' that does not stand before the host; write it as %40, and in a password '/' as %2F and '?' as "
           "%3F";
  }
  const size_t scheme = text.find("://");
  if (scheme == text.npos) return kUnreadable;
  const size_t begin = at == text.npos ? scheme + 3 : at + 1;
  return check_hosts(text.substr(begin, text.find_first_of("/?", begin) - begin)).value_or(kUnreadable);
}

Complaint check_http_address(std::string_view text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) return "must start with http:// or https://";
  if (auto wrong = check_address(text)) return wrong;
  const std::string_view hosts = split_address(text)->hosts;
  if (auto wrong = check_host_and_port(hosts, false)) return *wrong + "; write http://host:port/path";
  if (hosts.find(',') != hosts.npos) return "has several hosts; write one";
  if (hosts.ends_with(":0")) return "has port 0, to which nothing can connect";
  return hosts.starts_with('[') ? std::nullopt : check_name(hosts.substr(0, hosts.find(':')));
}

Complaint check_path(std::string_view path) {
  if (path != "~" && !path.starts_with("~/")) return std::nullopt;
  return "begins with '~', which stands for itself here; write the whole path, or ${HOME}/…";
}

}  // namespace vf::config
