#include "sources/generic/scheme.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.h"

namespace vf::sources::generic {
namespace {

constexpr std::array<std::string_view, 17> kKeys{"header",    "split",     "encoding", "algorithm", "key",  "template",
                                                 "timestamp", "tolerance", "id",       "id_time",   "type", "time",
                                                 "subject",   "fact_key",  "version",  "sandbox",   "keep"};

template <class T, size_t N>
using Names = std::array<std::pair<std::string_view, T>, N>;

constexpr Names<Split, 4> kSplits{
    {{"plain", Split::plain}, {"prefix", Split::prefix}, {"fields", Split::fields}, {"list", Split::list}}};
constexpr Names<Encoding, 2> kEncodings{{{"hex", Encoding::hex}, {"base64", Encoding::base64}}};
constexpr Names<Algorithm, 4> kAlgorithms{{{"hmac-sha1", Algorithm::hmac_sha1},
                                           {"hmac-sha256", Algorithm::hmac_sha256},
                                           {"hmac-sha512", Algorithm::hmac_sha512},
                                           {"ed25519", Algorithm::ed25519}}};
constexpr Names<KeyForm::Kind, 3> kKeyKinds{
    {{"text", KeyForm::Kind::text}, {"hex", KeyForm::Kind::hex}, {"base64", KeyForm::Kind::base64}}};
constexpr Names<SignedTime::Format, 2> kTimeFormats{
    {{"unix", SignedTime::Format::unix_seconds}, {"rfc3339", SignedTime::Format::rfc3339}}};
constexpr Names<int64_t, 5> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

template <class T, size_t N>
std::optional<T> named(const Names<T, N>& names, std::string_view name) {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

template <class T, size_t N>
std::string listed(const Names<T, N>& names) {
  std::string out;
  for (const auto& [known, value] : names) out += (out.empty() ? "" : ", ") + std::string(known);
  return out;
}

// Splits "word rest" at the first blank. The rest keeps its blanks, because it may be a prefix that ends in one.
std::pair<std::string_view, std::string_view> word_and_rest(std::string_view text) {
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos) return {text, {}};
  return {text.substr(0, blank), text.substr(blank + 1)};
}

// Returns nullopt for "none".
Result<std::optional<Millis>> parse_tolerance(std::string_view text) {
  if (text == "none") return std::optional<Millis>();
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto unit = named(kUnits, std::string_view(end, text.data() + text.size()));
  constexpr int64_t kCountMax = 1'000'000;  // of days: far past any use, short of overflow
  if (error != std::errc{} || !unit || count <= 0 || count > kCountMax) {
    return invalid(fmt::format("'{}' is neither none nor a duration such as 5m", text));
  }
  return std::optional(Millis{count * *unit});
}

bool holds(const Template& parts, Place::Kind kind) {
  return std::ranges::any_of(parts, [kind](const Place& place) { return place.kind == kind; });
}

class Reader {
 public:
  explicit Reader(const Description& description) : description_(description) {}

  Result<Scheme> read() {
    read_names();
    read_header();
    read_method();
    read_signed_bytes();
    read_signed_time();
    read_attributes();
    read_sandbox();
    read_kept_headers();
    if (!errors_.empty()) return invalid(fmt::format("{}", fmt::join(errors_, "; ")));
    return std::move(scheme_);
  }

 private:
  std::string_view value(const std::string& key, std::string_view fallback = {}) const {
    const auto found = description_.find(key);
    return found == description_.end() ? fallback : std::string_view(found->second);
  }

  void wrong(std::string_view key, std::string_view why) { errors_.push_back(fmt::format("{}: {}", key, why)); }

  template <class T, size_t N>
  T choice(std::string_view key, std::string_view word, const Names<T, N>& names) {
    const auto known = named(names, word);
    if (!known) wrong(key, fmt::format("'{}' is none of {}", word, listed(names)));
    return known.value_or(names.front().second);
  }

  void read_names() {
    for (const auto& [key, text] : description_) {
      const bool known = std::ranges::find(kKeys, key) != kKeys.end();
      if (!known) wrong(key, fmt::format("no such key; there are {}", fmt::join(kKeys, ", ")));
    }
  }

  void read_header() {
    const auto text = value("header");
    if (text.empty()) return wrong("header", "the name of the header that holds the signature is missing");
    auto names = parse_header_names(text);
    if (!names) return wrong("header", names.error().message);
    scheme_.signature_header = std::move(*names);
  }

  // "v1 by ;": the mark, and what stands between fields or items. Returns the mark.
  std::string_view read_separator(std::string_view rest) {
    if (scheme_.split == Split::fields) scheme_.separator = ",";
    if (scheme_.split == Split::list) scheme_.separator = " ";
    if (scheme_.separator.empty()) return rest;
    const auto [mark, after] = word_and_rest(rest);
    if (after.empty()) return mark;
    const auto [word, separator] = word_and_rest(after);
    if (word != "by" || separator.empty()) wrong("split", "only 'by SEPARATOR' may follow: 'fields h1 by ;'");
    scheme_.separator = separator;
    return mark;
  }

  void read_method() {
    Method method;
    const auto [split, rest] = word_and_rest(value("split", "plain"));
    scheme_.split = choice("split", split, kSplits);
    const auto mark = read_separator(rest);
    method.mark = mark;
    if (scheme_.split == Split::plain && !mark.empty()) wrong("split", "plain takes nothing after it");
    if (scheme_.split != Split::plain && mark.empty()) {
      wrong("split",
            fmt::format("'{}' wants what marks a signature after it, as in 'prefix sha256=', 'fields v1', 'list v1'",
                        split));
    }
    scheme_.encoding = choice("encoding", value("encoding", "hex"), kEncodings);
    method.algorithm = choice("algorithm", value("algorithm", "hmac-sha256"), kAlgorithms);

    const auto [kind, after] = word_and_rest(value("key", "text"));
    method.key.kind = choice("key", kind, kKeyKinds);
    if (!after.empty()) {
      const auto [word, marker] = word_and_rest(after);
      method.key.after = marker;
      if (word != "after" || marker.empty()) wrong("key", "only 'after PREFIX' may follow: 'base64 after whsec_'");
    }
    if (method.algorithm == Algorithm::ed25519 && method.key.kind == KeyForm::Kind::text) {
      wrong("key", "an ed25519 public key is written as hex or base64");
    }
    scheme_.methods.push_back(std::move(method));
  }

  void read_signed_bytes() {
    auto parts = parse_template(value("template", "{body}"));
    if (!parts) return wrong("template", parts.error().message);
    if (holds(*parts, Place::Kind::pointer)) wrong("template", "a JSON pointer cannot be signed by itself: {body} is");
    const bool has_fields = scheme_.split == Split::fields;
    if (holds(*parts, Place::Kind::field) && !has_fields) wrong("template", "{field:…} needs split: fields");
    const auto bodies = std::ranges::count(*parts, Place::Kind::body, &Place::kind);
    if (bodies != 1) return wrong("template", "it must contain {body} exactly once");
    const auto body = std::ranges::find(*parts, Place::Kind::body, &Place::kind);
    scheme_.before_body.assign(parts->begin(), body);
    scheme_.after_body.assign(std::next(body), parts->end());
  }

  void read_signed_time() {
    const auto text = value("timestamp");
    const auto tolerance = value("tolerance");
    if (text.empty()) {
      if (!tolerance.empty()) wrong("tolerance", "there is no timestamp that it could apply to");
      return;
    }
    const auto [format, rest] = word_and_rest(text);
    const auto where = rest.empty() ? text : rest;
    SignedTime time;
    if (!rest.empty()) time.format = choice("timestamp", format, kTimeFormats);
    auto place = parse_place(where);
    if (!place) return wrong("timestamp", place.error().message);
    if (!scheme_.covers(*place)) {
      wrong("timestamp", fmt::format("'{}' is not part of the template, so the signature would not cover it", where));
    }
    time.place = std::move(*place);
    if (!tolerance.empty()) {
      const auto parsed = parse_tolerance(tolerance);
      if (!parsed) return wrong("tolerance", parsed.error().message);
      time.tolerance = *parsed;
    }
    scheme_.signed_time = std::move(time);
  }

  void read_attributes() {
    scheme_.id = alternatives("id", "body");
    // Without an id the body's digest names the message: no place is needed for that, and none after it can count.
    const auto is_body = [](const Template& parts) { return parts.size() == 1 && holds(parts, Place::Kind::body); };
    scheme_.id.erase(std::ranges::find_if(scheme_.id, is_body), scheme_.id.end());
    scheme_.type = alternatives("type", "/type");
    scheme_.time = alternatives("time");
    scheme_.subject = alternatives("subject");
    scheme_.fact_key = alternatives("fact_key");
    if (std::ranges::any_of(scheme_.fact_key, [](const Template& parts) { return holds(parts, Place::Kind::body); })) {
      wrong("fact_key",
            "equal bodies may state different facts (added, removed, added again): name what identifies one");
    }
    scheme_.version = alternatives("version");
    scheme_.id_time = alternatives("id_time");
    for (const auto& parts : scheme_.id_time) {
      if (parts.size() != 1 || parts.front().kind != Place::Kind::pointer) {
        wrong("id_time", "only a JSON pointer is the same in every attempt");
      }
    }
  }

  Alternatives alternatives(const std::string& key, std::string_view fallback = {}) {
    const auto text = value(key, fallback);
    if (text.empty()) return {};
    auto parsed = parse_alternatives(text);
    if (!parsed) {
      wrong(key, parsed.error().message);
      return {};
    }
    if (std::ranges::any_of(*parsed, [](const Template& parts) { return holds(parts, Place::Kind::field); })) {
      wrong(key, "field:… is possible only in template and timestamp");
    }
    return std::move(*parsed);
  }

  void read_sandbox() {
    constexpr std::string_view kEquals = " = ";
    const auto text = value("sandbox");
    if (text.empty()) return;
    const auto equals = text.find(kEquals);
    if (equals == std::string_view::npos) return wrong("sandbox", "'PLACE = VALUE' is wanted: '/livemode = false'");
    auto place = parse_place(text.substr(0, equals));
    if (!place) return wrong("sandbox", place.error().message);
    scheme_.sandbox = SandboxMark{{std::move(*place)}, std::string(text.substr(equals + kEquals.size()))};
  }

  void read_kept_headers() {
    keep(scheme_.signature_header);
    keep_headers_of({scheme_.before_body, scheme_.after_body});
    for (const auto* attribute :
         {&scheme_.id, &scheme_.type, &scheme_.time, &scheme_.subject, &scheme_.fact_key, &scheme_.version}) {
      keep_headers_of(*attribute);
    }
    if (scheme_.sandbox) keep_headers_of({scheme_.sandbox->place});
    if (const auto text = value("keep"); !text.empty()) {
      auto names = parse_header_names(text);
      if (!names) return wrong("keep", names.error().message);
      for (const auto& name : *names) keep({name});
    }
    keep({"Content-Type"});
  }

  void keep_headers_of(const Alternatives& templates) {
    for (const auto& parts : templates) {
      for (const auto& place : parts) {
        if (place.kind == Place::Kind::header) keep(place.names);
      }
    }
  }

  void keep(const std::vector<std::string>& names) {
    const auto same = [&](const std::vector<std::string>& kept) {
      return std::ranges::equal(kept, names, equals_ignoring_case);
    };
    if (!names.empty() && std::ranges::none_of(scheme_.kept_headers, same)) scheme_.kept_headers.push_back(names);
  }

  const Description& description_;
  Scheme scheme_;
  std::vector<std::string> errors_;
};

}  // namespace

bool Scheme::covers(const Place& place) const {
  return std::ranges::find(before_body, place) != before_body.end() ||
         std::ranges::find(after_body, place) != after_body.end();
}

bool Scheme::id_is_unsigned() const {
  const auto unsigned_header = [this](const Place& place) {
    return place.kind == Place::Kind::header && !covers(place);
  };
  return std::ranges::any_of(id, [&](const Template& parts) { return std::ranges::any_of(parts, unsigned_header); });
}

Result<Scheme> parse_scheme(const Description& description) { return Reader(description).read(); }

}  // namespace vf::sources::generic
