#include "cli/body_text.h"

#include <algorithm>

#include "base/bytes.h"

namespace vf::cli {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t'; }

/// Returns a body that is not JSON: as text, if it is one.
std::string decoded(const std::string& base64) {
  const auto body = from_base64(base64);
  const bool readable = body && is_utf8(*body) && std::ranges::none_of(*body, is_control);
  return readable ? *body : "base64: " + base64;
}

}  // namespace

std::string body_text(const Json& event) {
  if (!event["data_base64"].is_null()) return decoded(event["data_base64"].text()) + "\n";
  return event.has("data") ? event["data"].dump(2) + "\n" : "";
}

}  // namespace vf::cli
