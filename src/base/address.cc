#include "base/address.h"

#include <algorithm>

namespace vf {
namespace {

constexpr std::string_view kMask = "***";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-'; });
}

// Accepts "host", "host:port", "[::1]:port" and, as PostgreSQL does, ":port" and "".
bool is_host(std::string_view text) {
  constexpr std::string_view kOthers = "-._~%";
  size_t host_end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == text.npos) return false;
    host_end = bracket + 1;
    const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == ':' || c == '.' || c == '%'; };
    if (!std::ranges::all_of(text.substr(1, bracket - 1), fits)) return false;
  } else if (!std::ranges::all_of(text.substr(0, host_end), [&](char c) {
               return is_letter(c) || is_digit(c) || kOthers.find(c) != kOthers.npos;
             })) {
    return false;
  }
  const std::string_view port = text.substr(host_end);
  constexpr size_t kPortDigitsMax = 5;
  return port.empty() ||
         (port.front() == ':' && port.size() <= kPortDigitsMax + 1 && std::ranges::all_of(port.substr(1), is_digit));
}

bool are_hosts(std::string_view text) {
  for (size_t comma = text.find(','); comma != text.npos; comma = text.find(',')) {
    if (!is_host(text.substr(0, comma))) return false;
    text.remove_prefix(comma + 1);
  }
  return is_host(text);
}

void append_masked_query(std::string& out, std::string_view query) {
  for (char before = '?'; !query.empty(); before = '&') {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    out += before;
    const size_t equals = parameter.find('=');
    if (equals != parameter.npos) out += parameter.substr(0, equals + 1);
    out += kMask;
  }
}

}  // namespace

std::optional<AddressParts> split_address(std::string_view text) {
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; })) return std::nullopt;
  const size_t colon = text.find("://");
  if (colon == text.npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  AddressParts parts;
  parts.scheme = text.substr(0, colon);
  text.remove_prefix(colon + 3);
  parts.hosts = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(parts.hosts.size());
  if (text.find('@') != text.npos) return std::nullopt;
  if (const size_t at = parts.hosts.find('@'); at != parts.hosts.npos) {
    parts.user_info = parts.hosts.substr(0, at);
    parts.hosts.remove_prefix(at + 1);
  }
  if (!are_hosts(parts.hosts)) return std::nullopt;
  const size_t question = std::min(text.find('?'), text.size());
  parts.path = text.substr(0, question);
  parts.query = text.substr(std::min(question + 1, text.size()));
  return parts;
}

std::string Address::shown() const {
  if (text_.empty()) return "";
  const auto parts = split_address(text_);
  if (!parts) return std::string(kMask);
  std::string out(parts->scheme);
  out += "://";
  if (!parts->user_info.empty()) out.append(kMask).append("@");
  out.append(parts->hosts).append(parts->path);
  append_masked_query(out, parts->query);
  return out;
}

}  // namespace vf
