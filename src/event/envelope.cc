#include "event/envelope.h"

#include "base/bytes.h"
#include "base/json_text.h"
#include "event/json_fields.h"

namespace vf {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  append_json_string(out, text);
}

void append_optional(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_text(out, name, text);
}

// Appends a text that the hub made, which needs no escaping.
void append_plain(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  out += '"';
  out += text;
  out += '"';
}

void append_data(std::string& out, const Event& event) {
  if (event.is_json) {
    out += R"(,"datacontenttype":"application/json","data":)";
    out += without_padding(event.body);
  } else {
    out += R"(,"datacontenttype":"application/octet-stream","data_base64":")";
    append_base64(out, event.body);
    out += '"';
  }
}

}  // namespace

void append_envelope(std::string& out, const Event& event) {
  out += R"({"specversion":"1.0","id":")";
  event.id.append_to(out);
  append_text(out, R"(","source":)", event.source);
  append_text(out, R"(,"type":)", event.type);
  append_optional(out, R"(,"subject":)", event.subject);
  append_plain(out, R"(,"time":)", to_rfc3339(event.time));
  append_optional(out, R"(,"messageid":)", event.message_id);
  append_optional(out, R"(,"factkey":)", event.fact_key);
  append_optional(out, R"(,"dataversion":)", event.version);
  if (event.sandbox) out += R"(,"sandbox":true)";
  append_plain(out, R"(,"receivedtime":)", to_rfc3339(event.received));
  append_plain(out, R"(,"sequence":)", event.position.to_string());
  append_data(out, event);
  out += '}';
}

std::string write_batch(std::span<const Event> events) {
  size_t size_max = 2;
  for (const Event& event : events) size_max += envelope_size_max(event) + 1;
  std::string out;
  out.reserve(size_max);
  out += '[';
  for (const Event& event : events) {
    if (out.size() > 1) out += ',';
    append_envelope(out, event);
  }
  out += ']';
  return out;
}

size_t envelope_size_max(const Event& event) {
  constexpr size_t kFixed = 448;         // the attribute names, id, times, sequence and content type
  constexpr size_t kEscapedByteMax = 6;  // a control character becomes \u00XX
  const size_t texts = event.source.size() + event.type.size() + event.subject.size() + event.message_id.size() +
                       event.fact_key.size() + event.version.size();
  const size_t body = event.is_json ? event.body.size() : (event.body.size() + 2) / 3 * 4;
  return kFixed + texts * kEscapedByteMax + body;
}

}  // namespace vf
