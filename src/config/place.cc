#include "config/place.h"

#include <algorithm>

namespace vf::config {
namespace {

// The port goes without saying; names of hosts are the same in capitals.
std::string server(std::string_view host) {
  const size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  const size_t colon = host.find(':', bracket);
  std::string out(host.substr(0, colon));
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view port = colon == host.npos ? "" : host.substr(colon + 1);
  return out.append(":").append(port.empty() ? "5432" : port);
}

}  // namespace

std::string_view authority(std::string_view url) {
  const size_t begin = url.find("://") + 3;
  std::string_view rest = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const size_t at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  return rest;
}

StoreUrl placed(StoreUrl store, const std::filesystem::path& data_dir) {
  using Kind = StoreUrl::Kind;
  if (store.kind == Kind::sqlite || store.kind == Kind::chdb) {
    store.location = (data_dir / store.location).lexically_normal().string();
  }
  return store;
}

std::vector<std::string> databases_of(const StoreUrl& store) {
  if (store.kind == StoreUrl::Kind::sqlite) return {store.location};
  if (store.kind != StoreUrl::Kind::postgresql) return {};
  const std::string_view url = store.location;
  std::string_view hosts = authority(url);
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

}  // namespace vf::config
