#include "settings/store_url.h"

#include <algorithm>
#include <filesystem>

#include "config/url.h"

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

// Refuses a URL that contains a password, because the URL is shown (admin API, `vf lake`, logs).
config::Complaint check_lake_url(std::string_view url) {
  const std::string_view hosts = config::authority(url);
  const std::string_view user = url.substr(0, static_cast<size_t>(hosts.data() - url.data()));
  if (user.ends_with('@') && user.substr(user.find("://") + 3).find(':') != std::string_view::npos) {
    return "has a password; put it into ingest.lake_password, as file:PATH or ${NAME}";
  }
  return config::check_hosts(hosts);
}

// Returns "host:port" with the host in lower case, and PostgreSQL's port when none is written.
std::string server(std::string_view host) {
  const size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  const size_t colon = host.find(':', bracket);
  std::string out(host.substr(0, colon));
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view port = colon == host.npos ? "" : host.substr(colon + 1);
  return out.append(":").append(port.empty() ? "5432" : port);
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
    out = {.kind = scheme->kind, .location = text.substr(scheme->start.size())};
    const bool usable = !out.location.empty() && out.location.find_first_of("?#") == std::string::npos;
    return usable ? std::nullopt : config::Complaint("must name a path: " + std::string(scheme->start) + "PATH");
  }
  out = {.kind = scheme->kind, .location = text};
  return scheme->kind == Kind::clickhouse ? check_lake_url(text) : config::check_hosts(config::authority(text));
}

// Without symbolic links, also where the file does not exist yet.
std::string resolved(const std::string& path) {
  std::error_code failed;
  const auto canonical = std::filesystem::weakly_canonical(path, failed);
  return failed ? path : canonical.string();
}

}  // namespace

StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir) {
  if (store.kind == Kind::sqlite || store.kind == Kind::chdb) {
    store.location = (data_dir / store.location).lexically_normal().string();
  }
  return store;
}

std::vector<std::string> databases_of(const StoreUrl& store) {
  if (store.kind == Kind::sqlite) return {resolved(store.location)};
  if (store.kind != Kind::postgresql) return {};
  const std::string_view url = store.location;
  std::string_view hosts = config::authority(url);
  std::string_view path = url.substr(static_cast<size_t>(hosts.data() + hosts.size() - url.data()));
  path = path.substr(0, path.find_first_of("?#"));
  if (path.size() < 2) return {};
  std::vector<std::string> out;
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    out.push_back(server(host).append(path));
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
