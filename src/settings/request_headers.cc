#include "settings/request_headers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/bytes.h"
#include "config/key.h"

namespace vf::config {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

bool is_reserved(const std::string& name) {
  constexpr std::array<std::string_view, 8> kNames{"host", "connection", "transfer-encoding", "expect",
                                                   "te",   "trailer",    "upgrade",           "keep-alive"};
  return name.starts_with("webhook-") || name.starts_with("vf-") || name.starts_with("content-") ||
         std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace

Complaint Value<settings::RequestHeader>::read(const std::string& text, const Row&, settings::RequestHeader& out) {
  const size_t end = std::min(text.find(kMapSeparator), text.size());
  out.name = text.substr(0, end);
  out.value = text.substr(std::min(end + kMapSeparator.size(), text.size()));
  if (!is_token(out.name)) return "has a name that is no name of a header";
  if (is_reserved(to_lower(out.name))) return "'" + out.name + "' is written by the hub or the connection itself";
  if (out.value.empty()) return "'" + out.name + "' has no value";
  const auto unfit = [](char c) { return (c < ' ' && c != '\t') || c == '\x7f'; };
  if (std::ranges::any_of(out.value, unfit)) return "'" + out.name + "' has characters besides printable ASCII";
  return std::nullopt;
}

}  // namespace vf::config
