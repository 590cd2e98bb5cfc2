#include "lake/clickhouse/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::lake::clickhouse {
namespace {

Error not_a_url(std::string_view why) {
  return invalid(fmt::format("ingest.lake: {}; write http://USER@HOST:8123/vf", why));
}

bool has_port(std::string_view host) {
  const size_t colon = host.rfind(':');
  return colon != host.npos && host.find(']', colon) == host.npos;
}

}  // namespace

Result<Endpoints> parse_endpoints(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return not_a_url("it must begin with http:// or https://");
  url.remove_prefix(secure ? 8 : 7);
  if (url.find_first_of("?#") != url.npos) return not_a_url("settings have keys of their own and cannot be in the URL");
  std::string_view hosts = url.substr(0, url.find('/'));
  const std::string_view database = url.substr(hosts.size());
  if (!database.empty() && database != "/" && database != "/vf") return not_a_url("the lake's database is named vf");

  Endpoints endpoints;
  if (const size_t at = hosts.rfind('@'); at != hosts.npos) {
    const std::string_view user = hosts.substr(0, at);
    if (user.find(':') != user.npos) {
      return invalid("ingest.lake: the URL must not contain a password; set ingest.lake_password");
    }
    if (!user.empty()) endpoints.user = user;
    hosts.remove_prefix(at + 1);
  }
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    if (host.empty() || host.find_first_of(" \t\r\n") != host.npos) return not_a_url("a host is missing");
    endpoints.urls.push_back(
        fmt::format("{}://{}{}/", secure ? "https" : "http", host, has_port(host) ? "" : (secure ? ":8443" : ":8123")));
    if (host.size() == hosts.size()) return endpoints;
    hosts.remove_prefix(host.size() + 1);
  }
}

}  // namespace vf::lake::clickhouse
