#include "config/url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace vf::config {

std::string_view authority(std::string_view url) {
  const size_t begin = url.find("://") + 3;
  std::string_view rest = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const size_t at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  return rest;
}

bool is_http(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

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

std::string without_password(std::string url) {
  const size_t begin = url.find("://");
  if (begin == std::string::npos) return url;
  constexpr std::string_view kParameter = "password=";  // also at the end of libpq's sslpassword
  for (size_t from = url.find('?', begin); (from = url.find(kParameter, from)) != std::string::npos;) {
    from += kParameter.size();
    url.replace(from, std::min(url.find('&', from), url.size()) - from, "***");
  }
  const size_t at = url.rfind('@', url.find('/', begin + 3));
  const size_t colon = url.find(':', begin + 3);
  if (at == std::string::npos || colon >= at) return url;
  return url.replace(colon + 1, at - colon - 1, "***");
}

}  // namespace vf::config
