#include "sources/generic/generic_source.h"

#include <fmt/core.h>

#include <utility>

#include "base/json_text.h"
#include "crypto/digest.h"
#include "event/attributes.h"
#include "event/identity.h"
#include "event/json_fields.h"
#include "sources/generic/form_body.h"
#include "sources/generic/named_schemes.h"
#include "sources/generic/verifier.h"

namespace vf::sources::generic {
namespace {

// A text that cannot be an attribute is replaced by its digest.
std::string key_attribute(std::string text) { return is_attribute(text) ? std::move(text) : body_digest(text); }

std::string optional_attribute(std::optional<std::string> text) { return attribute(std::move(text)).value_or(""); }

std::optional<Instant> moment(const Template& parts, const Message& message) {
  // A number may have a fraction, which has no text.
  if (parts.size() == 1 && parts[0].kind == Place::Kind::pointer) return message.json.at(parts[0].text).time();
  const auto text = render(parts, message);
  return text ? read_time(*text) : std::nullopt;
}

std::optional<Instant> first_moment(const Alternatives& alternatives, const Message& message) {
  for (const auto& alternative : alternatives) {
    if (const auto time = moment(alternative, message)) return time;
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
  struct Limits {
    std::optional<Millis> tolerance, replay_guard;
  };
  GenericSource(std::string name, NamedScheme named, Verifier verifier, Limits limits)
      : name_(std::move(name)),
        scheme_(std::move(named.scheme)),
        protocol_(named.protocol),
        verifier_(std::move(verifier)),
        limits_(limits) {}

  const std::string& name() const override { return name_; }

  Verification verify(const http::Request& request, Instant now) const override {
    const auto signed_at = verifier_.verify(scheme_, request, now, limits_.tolerance);
    if (!signed_at) return Refusal{signed_at.error()};
    const JsonFields json(request.body);
    const auto form = json.has_values() ? std::nullopt : form_as_json(request.body);
    if (!form) return read({request.headers, json, request.body}, json.is_plain(), signed_at->value_or(now));
    const JsonFields fields(*form);
    return read({request.headers, fields, request.body}, false, signed_at->value_or(now));
  }

 private:
  Verification read(const Message& message, bool is_json, Instant sent_at) const {
    auto ruling = protocol_(message);
    if (ruling.answer) return Handshake{std::move(*ruling.answer)};

    Delivery delivery;
    delivery.event = describe(message, ruling.type);
    delivery.event.is_json = is_json;
    delivery.event.time = first_moment(scheme_.time, message).value_or(sent_at);
    if (limits_.replay_guard) {
      delivery.body_key = crypto::sha256(message.body);
      delivery.replay_guard = *limits_.replay_guard;
    }
    return delivery;
  }

  Event describe(const Message& message, std::string_view ruled_type) const {
    Event event;
    event.source = name_;
    // Without an id where the scheme expects it, identical bodies are one message.
    const auto id = render_first(scheme_.id, message);
    event.message_id = key_attribute(id.value_or(body_digest(message.body)));
    auto id_time = time_behind_prefix(event.message_id);
    if (!id_time) id_time = first_moment(scheme_.id_time, message);
    event.id = event_id(name_, event.message_id, id_time);
    event.type = event_type(
        name_, ruled_type.empty() ? render_first(scheme_.type, message).value_or("") : std::string(ruled_type));
    event.subject = optional_attribute(render_first(scheme_.subject, message));
    // Equal bodies may state different facts: without an id the body's digest says nothing about the fact.
    const auto fact = render_first(scheme_.fact_key, message);
    if (fact || id) event.fact_key = fact ? key_attribute(*fact) : event.message_id;
    event.version = optional_attribute(render_first(scheme_.version, message));
    event.sandbox = scheme_.sandbox && render(scheme_.sandbox->place, message) == scheme_.sandbox->value;
    event.body = message.body;
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
  const Limits limits_;
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
  if (params.replay_guard && !named.scheme.id_is_unsigned()) {
    return invalid(
        fmt::format("replay_guard: the message id of scheme {} is signed, so a replay is a duplicate "
                    "without it; remove it",
                    params.scheme));
  }
  const GenericSource::Limits limits{.tolerance = tolerance, .replay_guard = params.replay_guard};
  return std::make_unique<GenericSource>(std::move(params.name), std::move(named), std::move(verifier), limits);
}

}  // namespace vf::sources::generic
