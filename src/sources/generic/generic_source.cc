#include "sources/generic/generic_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "crypto/digest.h"
#include "event/identity.h"
#include "sources/generic/named_schemes.h"
#include "sources/generic/verifier.h"

namespace vf::sources::generic {
namespace {

constexpr size_t kTypeBytesMax = 128;
constexpr size_t kAttributeBytesMax = 255;

bool is_type_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

// Returns the type with each '/' (Shopify's "orders/create") replaced by '.'; "unrecognised" unless the result is
// [A-Za-z0-9._-]{1,128}, because a type becomes part of names and filters.
std::string type_token(std::string text) {
  std::ranges::replace(text, '/', '.');
  const bool fits = !text.empty() && text.size() <= kTypeBytesMax && std::ranges::all_of(text, is_type_char);
  return fits ? text : std::string(kUnrecognised);
}

// Returns whether the text can be an attribute unchanged: a text column of a store takes neither NUL nor invalid UTF-8.
bool is_attribute(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= kAttributeBytesMax && std::ranges::none_of(text, control) && is_utf8(text);
}

std::string key_attribute(std::string text) { return is_attribute(text) ? std::move(text) : body_digest(text); }

std::string optional_attribute(std::optional<std::string> text) {
  return text && is_attribute(*text) ? std::move(*text) : std::string();
}

// Reads RFC 3339, or a number of seconds since 1970. A number that would lie after the year 5138 counts milliseconds.
std::optional<Instant> moment(std::string_view text) {
  constexpr int64_t kSecondsMax = 100'000'000'000;
  constexpr int64_t kMillisMax = 253'402'300'800'000;  // the year 10000
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return parse_time(text);
  if (number <= 0 || number >= kMillisMax) return std::nullopt;
  return from_unix_millis(number < kSecondsMax ? number * 1000 : number);
}

std::optional<Instant> first_moment(const Alternatives& alternatives, const Message& message) {
  for (const auto& alternative : alternatives) {
    const auto text = render(alternative, message);
    if (const auto time = text ? moment(*text) : std::nullopt) return time;
  }
  return std::nullopt;
}

// "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W": many ids contain their time after a prefix.
std::optional<Instant> time_behind_prefix(std::string_view message_id) {
  const auto underscore = message_id.rfind('_');
  return underscore == std::string_view::npos ? std::nullopt : time_inside(message_id.substr(underscore + 1));
}

class GenericSource final : public Source {
 public:
  GenericSource(std::string name, NamedScheme named, Verifier verifier, std::optional<Millis> tolerance)
      : name_(std::move(name)),
        scheme_(std::move(named.scheme)),
        protocol_(named.protocol),
        verifier_(std::move(verifier)),
        tolerance_(tolerance),
        id_is_unsigned_(scheme_.id_is_unsigned()) {}

  const std::string& name() const override { return name_; }

  Verification verify(const http::Request& request, Instant now) const override {
    const auto signed_at = verifier_.verify(scheme_, request, now, tolerance_);
    if (!signed_at) return Refusal{signed_at.error()};
    const JsonBody json(request.body);
    const Message message{request.headers, json, request.body};
    auto ruling = protocol_(message);
    if (ruling.answer) return Handshake{std::move(*ruling.answer)};

    Delivery delivery;
    delivery.event = describe(message, ruling.type);
    delivery.event.time = first_moment(scheme_.time, message).value_or(signed_at->value_or(now));
    if (id_is_unsigned_) delivery.body_key = crypto::sha256(request.body);
    return delivery;
  }

 private:
  Event describe(const Message& message, std::string_view ruled_type) const {
    Event event;
    event.source = name_;
    // Without an id where the scheme expects it, identical bodies are one message.
    event.message_id = key_attribute(render_first(scheme_.id, message).value_or(body_digest(message.body)));
    auto id_time = time_behind_prefix(event.message_id);
    if (!id_time) id_time = first_moment(scheme_.id_time, message);
    event.id = event_id(name_, event.message_id, id_time);
    event.type =
        name_ + "." +
        type_token(ruled_type.empty() ? render_first(scheme_.type, message).value_or("") : std::string(ruled_type));
    event.subject = optional_attribute(render_first(scheme_.subject, message));
    event.fact_key = key_attribute(render_first(scheme_.fact_key, message).value_or(event.message_id));
    event.version = optional_attribute(render_first(scheme_.version, message));
    event.sandbox = scheme_.sandbox && render(scheme_.sandbox->place, message) == scheme_.sandbox->value;
    event.body = message.body;
    event.is_json = is_plain_json(event.body);
    event.headers = kept_headers(message.headers);
    return event;
  }

  // A JSON object of names and values: values as received, names in the spelling of the scheme.
  std::string kept_headers(const http::Headers& headers) const {
    std::string out = "{";
    for (const auto& spellings : scheme_.kept_headers) {
      for (const auto& spelling : spellings) {
        const auto value = headers.unique(spelling);
        if (!value) continue;
        if (out.size() > 1) out += ',';
        append_json_string(out, spelling);
        out += ':';
        append_json_string(out, *value);
      }
    }
    return out + "}";
  }

  const std::string name_;
  const Scheme scheme_;
  const Protocol protocol_;
  const Verifier verifier_;
  const std::optional<Millis> tolerance_;
  const bool id_is_unsigned_;
};

Result<std::optional<Millis>> effective_tolerance(const Scheme& scheme, const Params& params) {
  const bool of_scheme = params.max_age == kMaxAgeOfScheme;
  if (!scheme.signed_time) {
    // The configuration sets max_age for every hmac source, so the operator may not have asked for it there.
    const bool limited = params.max_age && !of_scheme && params.scheme != kHmac;
    if (limited) return invalid("max_age: scheme " + params.scheme + " signs no time");
    return std::optional<Millis>();
  }
  if (of_scheme || params.options.contains("tolerance")) return scheme.signed_time->tolerance;
  return params.max_age;
}

}  // namespace

Result<std::unique_ptr<Source>> make_generic_source(Params params) {
  VF_ASSIGN(auto named, find_scheme(params.scheme, params.options));
  VF_ASSIGN(auto verifier, Verifier::create(named.scheme, params.secrets));

  VF_ASSIGN(const auto tolerance, effective_tolerance(named.scheme, params));
  return std::make_unique<GenericSource>(std::move(params.name), std::move(named), std::move(verifier), tolerance);
}

}  // namespace vf::sources::generic
