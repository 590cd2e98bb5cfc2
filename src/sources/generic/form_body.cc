#include "sources/generic/form_body.h"

#include <algorithm>

#include "base/bytes.h"
#include "event/json_fields.h"

namespace vf::sources::generic {
namespace {

bool is_form(std::string_view body) {
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  return body.contains('=') && std::ranges::all_of(body, printable);
}

// Decodes by https://url.spec.whatwg.org/#urlencoded-parsing: a '%' without two hex digits stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Unlike append_json_string() it keeps bytes that are not UTF-8, so that the reader refuses them as it does in JSON.
void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x20) {
      out.append("\\u00").append(1, kHex[static_cast<uint8_t>(c) >> 4]).append(1, kHex[static_cast<uint8_t>(c) & 15]);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

std::optional<std::string> form_as_json(std::string_view body) {
  body = without_padding(body);
  if (!is_form(body)) return std::nullopt;
  std::string object = "{";
  std::string payload;
  while (!body.empty()) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(field.size() + 1, body.size()));
    if (field.empty()) continue;
    const size_t equals = std::min(field.find('='), field.size());
    const std::string name = decoded(field.substr(0, equals));
    std::string value = decoded(field.substr(std::min(equals + 1, field.size())));
    if (object.size() > 1) object += ',';
    append_string(object, name);
    object += ':';
    append_string(object, value);
    if (name == "payload") payload = std::move(value);
  }
  object += '}';
  return JsonFields(payload).has_values() ? std::move(payload) : std::move(object);
}

}  // namespace vf::sources::generic
