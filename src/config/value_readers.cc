#include <charconv>
#include <limits>

#include "base/bytes.h"
#include "config/place.h"
#include "config/section.h"
#include "config/suggest.h"
#include "config/units.h"

namespace vf::config {
namespace {

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

template <class Format>
Complaint check_bounds(int64_t value, const Key& key, Format format) {
  if (value >= key.min && value <= key.max) return std::nullopt;
  if (key.max == kUnbounded) return "must be at least " + format(key.min);
  return "must be from " + format(key.min) + " to " + format(key.max);
}

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

// A server of a store may have several addresses, with commas between.
Complaint check_hosts(std::string_view hosts) {
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    if (auto wrong = check_host_and_port(host, false)) return wrong;
    if (host.size() == hosts.size()) return std::nullopt;
    hosts.remove_prefix(host.size() + 1);
  }
}

// What is shown of a running hub must hold no password.
Complaint check_lake_url(std::string_view url) {
  const std::string_view hosts = authority(url);
  const std::string_view user = url.substr(0, static_cast<size_t>(hosts.data() - url.data()));
  if (user.ends_with('@') && user.substr(user.find("://") + 3).find(':') != std::string_view::npos) {
    return "has a password; put it into ingest.lake_password, as file:PATH or ${NAME}";
  }
  return check_hosts(hosts);
}

bool is_http(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

}  // namespace

Complaint check_word(const std::string& text, const Key& key) {
  if (std::ranges::find(key.words, text) != key.words.end()) return std::nullopt;
  const std::string meant = nearest(text, key.words);
  return "'" + text + "' must be one of " + joined(key.words) + (meant.empty() ? "" : "; did you mean " + meant + "?");
}

Complaint read(const std::string& text, const Key& key, std::string& out) {
  if (!key.words.empty()) {
    if (auto wrong = check_word(text, key)) return wrong;
  }
  out = text;
  return std::nullopt;
}

Complaint read(const std::string& text, const Key&, std::filesystem::path& out) {
  if (text.empty()) return "must name a directory";
  out = text;
  return std::nullopt;
}

Complaint read(const std::string& text, const Key& key, FileText& out) {
  if (trim(text).empty()) return "is empty";
  if (auto wrong = key.check ? key.check(text) : std::nullopt) return wrong;
  out.text = text;
  return std::nullopt;
}

Complaint read(const std::string& text, const Key& key, Secret& out) {
  if (trim(text).empty()) return "is empty";
  if (auto wrong = key.check ? key.check(text) : std::nullopt) return wrong;
  out = Secret(text);
  return std::nullopt;
}

Complaint read(const std::string& text, const Key&, bool& out) {
  if (text != "true" && text != "false") return "'" + text + "' must be true or false";
  out = text == "true";
  return std::nullopt;
}

Complaint read(const std::string& text, const Key& key, int64_t& out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc{} || stop != end) return "'" + text + "' must be a whole number";
  return check_bounds(out, key, [](int64_t n) { return std::to_string(n); });
}

Complaint read(const std::string& text, const Key& key, Millis& out) {
  const auto duration = parse_duration(text);
  if (!duration) return "'" + text + "' " + duration.error().message;
  out = *duration;
  return check_bounds(out.count(), key, [](int64_t ms) { return format_duration(Millis{ms}); });
}

Complaint read(const std::string& text, const Key& key, std::optional<Millis>& out) {
  out.reset();
  if (text == "none") return std::nullopt;
  if (auto wrong = read(text, key, out.emplace())) return *wrong + ", or none";
  return std::nullopt;
}

Complaint read(const std::string& text, const Key& key, Size& out) {
  const auto bytes = parse_size(text);
  if (!bytes) return "'" + text + "' " + bytes.error().message;
  out.bytes = *bytes;
  return check_bounds(out.bytes, key, format_size);
}

Complaint read(const std::string& text, const Key&, Listen& out) {
  if (auto wrong = check_host_and_port(text, true)) {
    return "'" + text + "' " + *wrong + "; write address:port, such as 127.0.0.1:8080 or [::1]:8080";
  }
  out.address = text;
  return std::nullopt;
}

// The value is not quoted back: it may hold a password.
Complaint read(const std::string& text, const Key&, Url& out) {
  if (!is_http(text)) return "must begin with http:// or https://";
  const auto unfit = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#'; };
  if (std::ranges::any_of(text, unfit))
    return "holds a blank, a control character or '#'; write it as %XX, or leave it out";
  if (auto wrong = check_host_and_port(authority(text), false)) return *wrong + "; write http://host:port/path";
  out.text = text;
  while (out.text.ends_with('/')) out.text.pop_back();
  return std::nullopt;
}

Complaint read(const std::string& text, const Key& key, StoreUrl& out) {
  using Kind = StoreUrl::Kind;
  const std::string scheme = text.substr(0, text.find(':'));
  if (std::ranges::find(key.words, scheme) == key.words.end()) return "must begin with one of " + joined(key.words);
  if (scheme == "none") {
    out = {};
    return text == "none" ? std::nullopt : Complaint("must be none, or begin with another of " + joined(key.words));
  }
  if (scheme == "sqlite" || scheme == "chdb") {
    out = {scheme == "sqlite" ? Kind::sqlite : Kind::chdb, text.substr(scheme.size() + 1)};
    const bool usable = !out.location.empty() && out.location.find_first_of("?#") == std::string::npos;
    return usable ? std::nullopt : Complaint("must name a path: " + scheme + ":PATH");
  }
  if (!text.substr(scheme.size()).starts_with("://")) return "must be " + scheme + "://user@host/database";
  if (is_http(text)) {
    if (auto wrong = check_lake_url(text)) return wrong;
  } else if (auto wrong = check_hosts(authority(text))) {
    return wrong;
  }
  out = {scheme == "postgresql" ? Kind::postgresql : Kind::clickhouse, text};
  return std::nullopt;
}

}  // namespace vf::config
