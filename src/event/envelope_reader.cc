#include "event/envelope_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>

#include "base/bytes.h"
#include "event/json_fields.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

constexpr std::string_view kNotJson = "not JSON, or nested more than 64 levels";

// Stores an attribute's text in the event. Returns what is wrong with the text, or "".
using Take = std::string_view (*)(std::string text, Event& event);

std::string_view take_specversion(std::string text, Event& /*event*/) {
  return text == "1.0" ? "" : "only 1.0 is understood";
}

std::string_view take_id(std::string text, Event& event) {
  const auto id = Uuid::parse(text);
  event.id = id.value_or(Uuid{});
  return id ? "" : "not a UUID";
}

template <std::string Event::* field>
std::string_view take_required_text(std::string text, Event& event) {
  if (text.empty()) return "empty";
  if (text.contains('\0')) return "holds a NUL";
  event.*field = std::move(text);
  return "";
}

// An optional attribute that cannot be used counts as absent: it must not cost the event, nor the rest of its batch.
template <std::string Event::* field>
std::string_view take_text(std::string text, Event& event) {
  event.*field = text.contains('\0') ? std::string() : std::move(text);
  return "";
}

std::string_view take_time(std::string text, Event& event) {
  event.time = read_time(text).value_or(Instant{});
  return "";
}

// Other producers may use the extensions receivedtime and sequence in their own way: values of another form are
// ignored.
std::string_view take_received(std::string text, Event& event) {
  event.received = parse_time(text).value_or(Instant{});
  return "";
}

std::string_view take_sequence(std::string text, Event& event) {
  event.position = Position::parse(text).value_or(Position{});
  return "";
}

// The exception: an unreadable mark must not make a test event a real one.
std::string_view take_sandbox(std::string text, Event& event) {
  event.sandbox = text == "true";
  return event.sandbox || text == "false" || text.empty() ? "" : "neither true nor false";
}

std::string_view take_base64(std::string text, Event& event) {
  auto bytes = from_base64(text);
  if (!bytes) return "not base64";
  event.body = *std::move(bytes);
  event.is_json = is_plain_json(event.body);
  return "";
}

struct Attribute {
  std::string_view name;
  Take take;
};
constexpr size_t kRequired = 4;  // the required attributes are the first in kAttributes
constexpr std::array kAttributes{
    Attribute{"specversion", take_specversion},
    Attribute{"id", take_id},
    Attribute{"source", take_required_text<&Event::source>},
    Attribute{"type", take_required_text<&Event::type>},
    Attribute{"subject", take_text<&Event::subject>},
    Attribute{"time", take_time},
    Attribute{"messageid", take_text<&Event::message_id>},
    Attribute{"factkey", take_text<&Event::fact_key>},
    Attribute{"dataversion", take_text<&Event::version>},
    Attribute{"sandbox", take_sandbox},
    Attribute{"receivedtime", take_received},
    Attribute{"sequence", take_sequence},
    Attribute{"data_base64", take_base64},
};
constexpr size_t kDataBase64 = kAttributes.size() - 1, kData = kAttributes.size();
using Seen = std::array<bool, kAttributes.size() + 1>;

Error wrong(std::string_view attribute, std::string_view what) {
  return invalid(fmt::format("{}: {}", attribute, what));
}

// Returns the text of a value that is not a string: a number or a boolean as it stands. nullopt for null, an array and
// an object, which count as absent, except where that is an error.
Result<std::optional<std::string>> text_of_other(const Attribute& known, std::string_view json) {
  const bool is_scalar = json.front() != '[' && json.front() != '{';
  if (json == "null") return std::nullopt;
  if (&known < kAttributes.data() + kRequired) return wrong(known.name, "not a string");
  if (known.take == take_sandbox || is_scalar) return std::string(json);
  return std::nullopt;
}

Result<void> read_data(JsonScanner& scanner, Event& event, Seen& seen) {
  const auto json = scanner.value(kBodyDepthMax);
  if (!json) return wrong("data", kNotJson);
  event.body = *json;
  event.is_json = scanner.is_portable();  // the caller has checked that the whole text is UTF-8
  seen[kData] = true;
  return {};
}

Result<void> read_attribute(JsonScanner& scanner, std::string_view name, Event& event, Seen& seen) {
  if (name == "data") return read_data(scanner, event, seen);
  const auto* known = std::ranges::find(kAttributes, name, &Attribute::name);
  std::optional<std::string> text;
  if (scanner.peek() == '"') {
    text = scanner.string();
    if (!text) return wrong("attribute", kNotJson);
  } else {
    const auto json = scanner.value(kBodyDepthMax);
    if (!json) return wrong("attribute", kNotJson);
    if (known == kAttributes.end()) return {};
    VF_ASSIGN(text, text_of_other(*known, *json));
  }
  if (known == kAttributes.end()) return {};
  const auto index = static_cast<size_t>(known - kAttributes.begin());
  seen[index] = text.has_value();
  if (!text && (index < kRequired || index == kDataBase64)) return {};
  // Of repeated attributes the last one counts: one that is absent clears the ones before it.
  if (const auto what = known->take(std::move(text).value_or(""), event); !what.empty()) return wrong(name, what);
  return {};
}

Result<void> check_complete(const Seen& seen) {
  for (size_t i = 0; i < kRequired; ++i) {
    if (!seen[i]) return wrong(kAttributes[i].name, "missing");
  }
  if (seen[kData] && seen[kDataBase64]) return wrong("data", "there is data_base64, too");
  return {};
}

Result<void> read_event(JsonScanner& scanner, Event& event) {
  if (!scanner.take('{')) return invalid("not an object");
  Seen seen{};
  scanner.skip_space();
  if (scanner.take('}')) return check_complete(seen);
  do {
    scanner.skip_space();
    const auto name = scanner.string();
    scanner.skip_space();
    if (!name || !scanner.take(':')) return invalid(std::string(kNotJson));
    scanner.skip_space();
    if (auto read = read_attribute(scanner, *name, event, seen); !read) return read;
    scanner.skip_space();
  } while (scanner.take(','));
  if (!scanner.take('}')) return invalid(std::string(kNotJson));
  return check_complete(seen);
}

// Reads the next event. Returns false, without reading, when there are events_max events already.
Result<bool> read_next(JsonScanner& scanner, std::vector<Event>& events, size_t events_max) {
  if (events.size() == events_max) return false;
  auto read = read_event(scanner, events.emplace_back());
  if (!read) return invalid(fmt::format("event {}: {}", events.size() - 1, read.error().message));
  return true;
}

Result<bool> read_batch(JsonScanner& scanner, std::vector<Event>& events, size_t events_max) {
  scanner.skip_space();
  if (scanner.take(']')) return true;
  do {
    scanner.skip_space();
    if (auto read = read_next(scanner, events, events_max); !read || !*read) return read;
    scanner.skip_space();
  } while (scanner.take(','));
  if (!scanner.take(']')) return invalid("the batch has no end");
  return true;
}

}  // namespace

Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return invalid("not UTF-8");
  JsonScanner scanner(text);
  std::vector<Event> events;
  scanner.skip_space();
  VF_ASSIGN(auto read,
            scanner.take('[') ? read_batch(scanner, events, events_max) : read_next(scanner, events, events_max));
  if (!read) return events;
  scanner.skip_space();
  if (!scanner.at_end()) return invalid("text after the last event");
  return events;
}

}  // namespace vf
