#include "event/envelope_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "event/json_fields.h"
#include "event/json_scanner.h"

namespace vf {
namespace {

constexpr std::string_view kNotJson = "not JSON";
constexpr size_t kAnyDepth = std::numeric_limits<size_t>::max();

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
};

// An envelope as far as it is read. Its problems are looked at when all of it is read, because of repeated attributes
// the last one counts.
struct Reading {
  Event& event;
  std::array<bool, kAttributes.size()> seen{};
  std::array<std::string_view, kAttributes.size()> wrong{};  // what is wrong with the attribute, or ""
  bool has_data = false;
  std::optional<std::string> base64 = {};  // the text of data_base64
};

Error wrong(std::string_view attribute, std::string_view what) {
  return invalid(fmt::format("{}: {}", attribute, what));
}

// Moves past a value. Returns nullopt when it is not JSON. The value is not plain JSON when it is nested too deep or
// when a part of it is not portable.
struct Scanned {
  std::string_view json;
  bool is_plain;
};
std::optional<Scanned> scan_value(JsonScanner& scanner) {
  JsonScanner shallow = scanner;
  if (const auto json = shallow.value(kBodyDepthMax)) {
    scanner = shallow;
    return Scanned{*json, shallow.is_portable()};
  }
  const auto json = scanner.value(kAnyDepth);
  return json ? std::optional(Scanned{*json, false}) : std::nullopt;
}

// Reads a value as the text of an attribute: a number or a boolean as it stands; nullopt for null, an array and an
// object. Error `invalid`: it is not JSON.
struct AttributeText {
  std::optional<std::string> text;
  std::string_view json = {};  // of a value that is not a string
};
Result<AttributeText> read_text(JsonScanner& scanner) {
  if (scanner.peek() == '"') {
    auto text = scanner.string();
    if (!text) return wrong("attribute", kNotJson);
    return AttributeText{std::move(text)};
  }
  const auto value = scan_value(scanner);
  if (!value) return wrong("attribute", kNotJson);
  const bool is_scalar = value->json.front() != '[' && value->json.front() != '{' && value->json != "null";
  return AttributeText{is_scalar ? std::optional(std::string(value->json)) : std::nullopt, value->json};
}

Result<void> read_data(JsonScanner& scanner, Reading& reading) {
  const auto value = scan_value(scanner);
  if (!value) return wrong("data", kNotJson);
  reading.event.body = value->json;
  reading.event.is_json = value->is_plain;  // the caller has checked that the whole text is UTF-8
  reading.has_data = true;
  return {};
}

// An attribute that is absent clears the ones of the same name before it.
void take(size_t index, AttributeText value, Reading& reading) {
  const Attribute& known = kAttributes[index];
  const bool is_null = value.json == "null";
  reading.seen[index] = !is_null;
  if (index < kRequired && !value.json.empty()) {
    reading.wrong[index] = "not a string";
  } else if (known.take == take_sandbox && !value.text && !is_null) {
    reading.wrong[index] = take_sandbox(std::string(value.json), reading.event);
  } else {
    reading.wrong[index] = known.take(std::move(value.text).value_or(""), reading.event);
  }
}

Result<void> read_attribute(JsonScanner& scanner, std::string_view name, Reading& reading) {
  if (name == "data") return read_data(scanner, reading);
  VF_ASSIGN(auto value, read_text(scanner));
  if (name == "data_base64") {
    reading.base64 = std::move(value.text);
    return {};
  }
  const auto* known = std::ranges::find(kAttributes, name, &Attribute::name);
  if (known != kAttributes.end()) take(static_cast<size_t>(known - kAttributes.begin()), std::move(value), reading);
  return {};
}

Result<void> check_required(const Reading& reading) {
  for (size_t i = 0; i < kRequired; ++i) {
    if (!reading.seen[i]) return wrong(kAttributes[i].name, "missing");
    if (!reading.wrong[i].empty()) return wrong(kAttributes[i].name, reading.wrong[i]);
  }
  return {};
}

Result<void> decode_base64(const std::optional<std::string>& base64, Event& event) {
  if (!base64) return {};
  auto bytes = from_base64(*base64);
  if (!bytes) return wrong("data_base64", "not base64");
  event.body = *std::move(bytes);
  event.is_json = is_plain_json(event.body);
  return {};
}

// Checks what an event may lack without a doubt about its identity. Error `invalid`: the event cannot be used.
Result<void> check_optional(Reading& reading) {
  for (size_t i = kRequired; i < kAttributes.size(); ++i) {
    if (!reading.wrong[i].empty()) return wrong(kAttributes[i].name, reading.wrong[i]);
  }
  if (reading.has_data && reading.base64) return wrong("data", "there is data_base64, too");
  return decode_base64(reading.base64, reading.event);
}

Result<void> read_members(JsonScanner& scanner, Reading& reading) {
  if (!scanner.take('{')) return invalid("not an object");
  scanner.skip_space();
  if (scanner.take('}')) return {};
  do {
    scanner.skip_space();
    const auto name = scanner.string();
    scanner.skip_space();
    if (!name || !scanner.take(':')) return invalid(std::string(kNotJson));
    scanner.skip_space();
    VF_TRY(read_attribute(scanner, *name, reading));
    scanner.skip_space();
  } while (scanner.take(','));
  if (!scanner.take('}')) return invalid(std::string(kNotJson));
  return {};
}

// Reads envelopes one after the other into `events`.
class BatchReader {
 public:
  BatchReader(std::string_view text, size_t events_max, std::vector<UnusableEnvelope>* unusable)
      : scanner_(text), events_max_(events_max), unusable_(unusable) {}

  Result<std::vector<Event>> read() {
    scanner_.skip_space();
    VF_ASSIGN(const auto is_whole, scanner_.take('[') ? read_batch() : read_next());
    scanner_.skip_space();
    if (is_whole && !scanner_.at_end()) return invalid("text after the last event");
    return std::move(events_);
  }

 private:
  Result<void> read_event() {
    const std::string_view before = scanner_.rest();
    Reading reading{.event = events_.emplace_back()};
    VF_TRY(read_members(scanner_, reading));
    VF_TRY(check_required(reading));
    auto usable = check_optional(reading);
    if (usable || unusable_ == nullptr) return usable;
    unusable_->push_back({.index = events_.size() - 1,
                          .reason = std::move(usable.error().message),
                          .text = before.substr(0, before.size() - scanner_.rest().size())});
    return {};
  }

  // Reads the next event. Returns false, without reading, when there are events_max events already.
  Result<bool> read_next() {
    if (events_.size() == events_max_) return false;
    auto read = read_event();
    if (!read) return invalid(fmt::format("event {}: {}", events_.size() - 1, read.error().message));
    return true;
  }

  Result<bool> read_batch() {
    scanner_.skip_space();
    if (scanner_.take(']')) return true;
    do {
      scanner_.skip_space();
      if (auto read = read_next(); !read || !*read) return read;
      scanner_.skip_space();
    } while (scanner_.take(','));
    if (!scanner_.take(']')) return invalid("the batch has no end");
    return true;
  }

  JsonScanner scanner_;
  size_t events_max_;
  std::vector<UnusableEnvelope>* unusable_;
  std::vector<Event> events_;
};

}  // namespace

Result<std::vector<Event>> read_envelopes(std::string_view text, size_t events_max,
                                          std::vector<UnusableEnvelope>* unusable) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return invalid("not UTF-8");
  return BatchReader(text, events_max, unusable).read();
}

}  // namespace vf
