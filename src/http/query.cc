#include "http/query.h"

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"

namespace vf::http {
namespace {

constexpr size_t kShownBytesMax = 64;

}  // namespace

std::vector<Parameter> parameters(std::string_view query) {
  std::vector<Parameter> found;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!pair.empty()) found.push_back({query_decoded(pair.substr(0, equals)), value});
  }
  return found;
}

std::optional<Response> refuse_unclear_parameters(const Request& request) {
  const auto all = parameters(request.query());
  for (auto one = all.begin(); one != all.end(); ++one) {
    const auto name = "the query parameter '" + one->name.substr(0, kShownBytesMax) + "' ";
    if (std::any_of(all.begin(), one, [&](const Parameter& before) { return before.name == one->name; })) {
      return problem(400, name + "is given more than once: give it once");
    }
    if (one->value.empty()) return problem(400, name + "has no value: give it one, or leave it out");
  }
  return std::nullopt;
}

std::string query_decoded(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '+', ' ');
  return percent_decoded(blanks);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace vf::http
