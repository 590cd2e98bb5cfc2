// Fuzzes the generic sources: descriptions (scheme hmac's keys), signature headers, and, correctly signed, bodies.
// Input: one byte that picks what is fuzzed, then lines; what follows an empty line is the body.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "event/attributes.h"
#include "sources/generic/generic_source.h"
#include "sources/generic/named_schemes.h"

namespace {

using namespace vf;
using namespace vf::sources;
using namespace vf::sources::generic;

const std::string kSecret = "whsec_" + to_base64(std::string(32, 'k'));  // serves every scheme that takes an HMAC key
constexpr Instant kNow{std::chrono::seconds{1'700'000'000}};

std::unique_ptr<Source> make(std::string_view scheme, Description options) {
  const std::string secret = scheme == "discord" ? std::string(64, 'a') : kSecret;
  auto source = make_generic_source({"fuzz", std::string(scheme), {secret}, std::move(options)});
  return source ? std::move(*source) : nullptr;
}

const std::vector<std::unique_ptr<Source>>& named_sources() {
  static const auto kSources = [] {
    std::vector<std::unique_ptr<Source>> sources;
    for (const auto name : scheme_names()) {
      sources.push_back(make(name, name == kHmac ? Description{{"header", "X-Signature"}} : Description{}));
    }
    return sources;
  }();
  return kSources;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// "name: value" lines up to an empty one.
std::vector<std::pair<std::string, std::string>> take_lines(std::string_view& text) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos) lines.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return lines;
}

void check(const Verification& verification, std::string_view body) {
  const auto* delivery = std::get_if<Delivery>(&verification);
  if (delivery == nullptr) return;
  VF_INVARIANT(delivery->event.body == body);
  const Event& event = delivery->event;
  VF_INVARIANT(is_attribute(event.message_id));
  for (const auto* text : {&event.subject, &event.fact_key, &event.version}) {
    VF_INVARIANT(text->empty() || is_attribute(*text));
  }
  VF_INVARIANT(event.is_json == is_plain_json(event.body));
  VF_INVARIANT(delivery->event.type.starts_with("fuzz.") && delivery->event.type.size() <= 5 + kAttributeBytesMax);
  VF_INVARIANT(is_plain_json(delivery->event.headers));
}

void verify(const Source& source, std::vector<std::pair<std::string, std::string>> headers, std::string_view body) {
  http::Request request{"POST", "/webhooks/fuzz", {}, std::string(body), "127.0.0.1"};
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  check(source.verify(request, kNow), body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& sources = named_sources();
  if (data[0] < sources.size()) {  // headers and body as they come
    auto headers = take_lines(text);
    verify(*sources[data[0]], std::move(headers), text);
    return 0;
  }
  Description options{{"header", "X-Signature"}};
  for (auto& [key, value] : take_lines(text)) options[key] = std::move(value);
  auto headers = take_lines(text);
  if (const auto source = make(kHmac, options)) {  // verified, where the description signs the body alone in hex
    headers.emplace_back("X-Signature", to_hex(crypto::Hmac(crypto::Hash::sha256, kSecret).sign(text)));
    verify(*source, std::move(headers), text);
  }
  for (const auto scheme : {"twitch", "slack", "github", "shopify", "stripe"}) make(scheme, options);
  return 0;
}
