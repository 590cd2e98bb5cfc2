#include "settings/store_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/bytes.h"
#include "config/url.h"
#include "http/address.h"
#include "platform/real_path.h"

namespace vf::settings {
namespace {

using Kind = StoreUrl::Kind;

struct Scheme {
  std::string_view name, start;
  Kind kind;
  bool is_path;
};
constexpr Scheme kSchemes[] = {{"none", "none", Kind::none, false},
                               {"sqlite", "sqlite:", Kind::sqlite, true},
                               {"postgresql", "postgresql://", Kind::postgresql, false},
                               {"postgresql", "postgres://", Kind::postgresql, false},
                               {"chdb", "chdb:", Kind::chdb, true},
                               {"http", "http://", Kind::clickhouse, false},
                               {"https", "https://", Kind::clickhouse, false}};

// Returns, for example, "must be 'none' or start with chdb:, http:// or https://".
std::string expectation(const std::vector<std::string>& allowed) {
  std::string starts;
  bool none = false;
  for (size_t i = 0; i < allowed.size(); ++i) {
    const auto scheme = std::ranges::find(kSchemes, allowed[i], &Scheme::name);
    if (scheme->kind == Kind::none) {
      none = true;
      continue;
    }
    const bool last = std::none_of(allowed.begin() + static_cast<ptrdiff_t>(i) + 1, allowed.end(),
                                   [](const std::string& name) { return name != "none"; });
    if (!starts.empty()) starts += last ? " or " : ", ";
    starts += scheme->start;
  }
  return (none ? "must be 'none' or start with " : "must start with ") + starts;
}

// Refuses a URL that contains a password, so that it has one place.
config::Complaint check_lake_url(std::string_view url) {
  const auto parts = split_address(url);
  if (parts && parts->user_info.find(':') != std::string_view::npos) {
    return "has a password; put it into ingest.lake_password, as file:PATH or ${NAME}";
  }
  if (auto wrong = config::check_address(url)) return wrong;
  if (auto wrong = config::check_hosts(parts->hosts)) return wrong;
  return check_reachable(url);
}

// Returns "host:port" with the host in lower case, and PostgreSQL's port when none is written.
std::string server(std::string_view host) {
  const size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  const size_t colon = host.find(':', bracket);
  const std::string_view port = colon == host.npos ? "" : host.substr(colon + 1);
  return to_lower(host.substr(0, colon)).append(":").append(port.empty() ? "5432" : port);
}

// Returns the text with each %XX replaced by its byte; a '%' without two hex digits stays.
std::string decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = text.starts_with('%') ? from_hex(text.substr(1, 2)) : std::nullopt;
    const bool is_escape = byte && byte->size() == 1;
    out += is_escape ? byte->front() : text.front();
    text.remove_prefix(is_escape ? 3 : 1);
  }
  return out;
}

// Returns the decoded value of a parameter of the query; "" if there is none.
std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.substr(0, one.find('=')) == name && one.size() > name.size()) return decoded(one.substr(name.size() + 1));
  }
  return {};
}

// libpq takes an empty host for the socket of this machine. store/postgres/address.h checks what only libpq knows.
config::Complaint check_postgresql(std::string_view url) {
  if (auto wrong = config::check_address(url)) return wrong;
  const std::string_view hosts = split_address(url)->hosts;
  return hosts.empty() ? std::nullopt : config::check_hosts(hosts);
}

// Returns the IP address that is written as a host; "" for a name. As libcurl and inet_aton() do, it reads "0" as
// 0.0.0.0.
std::string ip_of(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find_first_of("]%") - 1));
  in_addr address{};
  if (inet_aton(std::string(host).c_str(), &address) == 0) return {};
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &address, text.data(), text.size());
}

config::Complaint read_store(const std::string& text, const config::Row& rules, StoreUrl& out) {
  const auto scheme = std::ranges::find_if(kSchemes, [&](const Scheme& known) {
    return std::ranges::find(rules.words, known.name) != rules.words.end() && text.starts_with(known.start);
  });
  if (scheme == std::end(kSchemes)) return expectation(rules.words);
  if (scheme->kind == Kind::none) {
    out = {};
    return text == "none" ? std::nullopt : config::Complaint(expectation(rules.words));
  }
  if (scheme->is_path) {
    out = {};
    out.kind = scheme->kind;
    out.path = text.substr(scheme->start.size());
    if (auto wrong = config::check_path(out.path)) return "names a path that " + *wrong;
    const bool usable = !out.path.empty() && out.path.find_first_of("?#") == std::string::npos;
    return usable ? std::nullopt : config::Complaint("must name a path: " + std::string(scheme->start) + "PATH");
  }
  out = {};
  out.kind = scheme->kind;
  out.address = text;
  return scheme->kind == Kind::clickhouse ? check_lake_url(text) : check_postgresql(text);
}

}  // namespace

std::string StoreUrl::shown() const { return address.empty() ? path : address.shown(); }

std::string shown_store(const std::string& text) {
  const auto scheme =
      std::ranges::find_if(kSchemes, [&](const Scheme& known) { return text.starts_with(known.start); });
  const bool is_address = scheme == std::end(kSchemes) || !(scheme->is_path || text == scheme->start);
  return is_address ? Address(text).shown() : text;
}

config::Complaint check_reachable(std::string_view url) {
  const auto parts = split_address(url);
  if (!parts) return std::nullopt;  // another check has refused it
  std::string_view hosts = parts->hosts;
  while (!hosts.empty()) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
    const std::string ip = ip_of(host.starts_with('[') ? host : host.substr(0, host.find(':')));
    if (ip.empty() || http::is_allowed_address(ip, true)) continue;
    return "names the address " + ip +
           ", to which nothing can connect; write the address of the other machine, or "
           "127.0.0.1 for this one";
  }
  return std::nullopt;
}

StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir) {
  if (store.kind == Kind::sqlite || store.kind == Kind::chdb) {
    store.path = (data_dir / store.path).lexically_normal().string();
  }
  return store;
}

std::vector<std::string> databases_of(const StoreUrl& store) {
  if (store.kind == Kind::sqlite) return {platform::real_path(store.path)};
  const auto parts = store.kind == Kind::postgresql ? split_address(store.address.reveal()) : std::nullopt;
  if (!parts) return {};
  std::string database = decoded(parts->path.substr(std::min<size_t>(1, parts->path.size())));
  if (auto named = parameter(parts->query, "dbname"); !named.empty()) database = std::move(named);
  if (database.empty()) return {};
  const std::string port = parameter(parts->query, "port");
  const std::string directory = parameter(parts->query, "host");
  std::string_view hosts = directory.empty() ? parts->hosts : directory;
  std::vector<std::string> out;
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    const bool has_port = port.empty() || host.find(':', host.find(']') + 1) != host.npos;
    out.push_back(server(has_port ? decoded(host) : decoded(host) + ":" + port).append("/").append(database));
    if (host.size() == hosts.size()) return out;
    hosts.remove_prefix(host.size() + 1);
  }
}

}  // namespace vf::settings

namespace vf::config {

Complaint Value<settings::StoreUrl>::read(const std::string& text, const Row& rules, settings::StoreUrl& out) {
  return settings::read_store(text, rules, out);
}

}  // namespace vf::config
