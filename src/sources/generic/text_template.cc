#include "sources/generic/text_template.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace vf::sources::generic {
namespace {

bool is_token_char(char c) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kSigns.contains(c);
}

// In a pointer "~" comes only before 0 or 1.
bool is_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  }
  return true;
}

std::optional<std::string> value_of(const Place& place, const Message& message) {
  switch (place.kind) {
    case Place::Kind::literal:
      return place.text;
    case Place::Kind::pointer:
      return json_text(message.json, place.text);
    case Place::Kind::body:
      return body_digest(message.body);
    case Place::Kind::field:
      return std::nullopt;
    case Place::Kind::header: {
      const auto value = only_header(message.headers, place.names);
      if (!value || value->empty()) return std::nullopt;
      return std::string(*value);
    }
  }
  return std::nullopt;
}

Result<Template> parse_alternative(std::string_view text) {
  if (text.contains('{')) return parse_template(text);
  VF_ASSIGN(auto place, parse_place(text));
  return Template{std::move(place)};
}

}  // namespace

bool Place::operator==(const Place& other) const {
  return kind == other.kind && text == other.text && std::ranges::equal(names, other.names, equals_ignoring_case);
}

Result<std::vector<std::string>> parse_header_names(std::string_view text) {
  std::vector<std::string> names;
  while (true) {
    const auto comma = text.find(',');
    const auto name = text.substr(0, comma);
    if (name.empty() || !std::ranges::all_of(name, is_token_char))
      return invalid(fmt::format("'{}' is no header name", name));
    names.emplace_back(name);
    if (comma == std::string_view::npos) return names;
    text.remove_prefix(comma + 1);
  }
}

Result<Place> parse_place(std::string_view text) {
  constexpr std::string_view kHeader = "header:";
  constexpr std::string_view kField = "field:";
  if (text == "body") return Place{Place::Kind::body, {}, {}};
  if (is_pointer(text)) return Place{Place::Kind::pointer, std::string(text), {}};
  if (text.starts_with(kField) && text.size() > kField.size()) {
    return Place{Place::Kind::field, std::string(text.substr(kField.size())), {}};
  }
  if (text.starts_with(kHeader)) {
    VF_ASSIGN(auto names, parse_header_names(text.substr(kHeader.size())));
    return Place{Place::Kind::header, {}, std::move(names)};
  }
  return invalid(fmt::format("'{}' is no place (header:NAME, field:NAME, /json/pointer or body)", text));
}

Result<Template> parse_template(std::string_view text) {
  Template parts;
  while (!text.empty()) {
    const auto open = std::min(text.find('{'), text.size());
    const auto literal = text.substr(0, open);
    if (literal.contains('}')) return invalid("a '}' has no '{'");
    if (!literal.empty()) parts.push_back({Place::Kind::literal, std::string(literal), {}});
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto close = text.find('}');
    if (close == std::string_view::npos) return invalid("a '{' has no '}'");
    VF_ASSIGN(auto place, parse_place(text.substr(1, close - 1)));
    parts.push_back(std::move(place));
    text.remove_prefix(close + 1);
  }
  return parts;
}

Result<Alternatives> parse_alternatives(std::string_view text) {
  constexpr std::string_view kSeparator = " | ";
  Alternatives alternatives;
  while (true) {
    const auto end = text.find(kSeparator);
    VF_ASSIGN(auto alternative, parse_alternative(trim(text.substr(0, end))));
    alternatives.push_back(std::move(alternative));
    if (end == std::string_view::npos) return alternatives;
    text.remove_prefix(end + kSeparator.size());
  }
}

std::expected<std::string_view, std::string_view> only_header(const http::Headers& headers,
                                                              const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const auto value = headers.unique(name);
    if (value && !value->empty()) return *value;
    if (!value && headers.has(name)) return std::unexpected("malformed header");
  }
  return std::unexpected("missing header");
}

std::optional<std::string> json_text(const JsonFields& json, std::string_view pointer) {
  auto text = json.at(pointer).scalar();
  return text && !text->empty() ? std::move(text) : std::nullopt;
}

std::optional<std::string> render(const Template& parts, const Message& message) {
  std::string out;
  for (const auto& part : parts) {
    const auto value = value_of(part, message);
    if (!value) return std::nullopt;
    out += *value;
  }
  return out;
}

std::optional<std::string> render_first(const Alternatives& alternatives, const Message& message) {
  for (const auto& alternative : alternatives) {
    if (auto text = render(alternative, message)) return text;
  }
  return std::nullopt;
}

std::string body_digest(std::string_view body) { return "sha256:" + to_hex(crypto::sha256(body)); }

}  // namespace vf::sources::generic
