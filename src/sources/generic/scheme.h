// Scheme: describes, as data, how a provider signs its deliveries and where they hold the attributes of an event. It is
// parsed from a flat map of keys (docs/sources.md describes each key). The named schemes have such maps in a table; the
// configuration holds the map of scheme `hmac`. Immutable values, thread safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sources/generic/text_template.h"

namespace vf::sources::generic {

/// How the signature header holds signatures.
enum class Split {
  plain,   // the header is the signature
  prefix,  // "sha256=<signature>"
  fields,  // "t=<time>,v1=<signature>,v1=<signature>", with any text between the fields
  list,    // "v1,<signature> v1a,<signature>", with any text between the items
};
enum class Encoding { hex, base64 };
enum class Algorithm { hmac_sha1, hmac_sha256, hmac_sha512, ed25519 };

/// How a secret is written. Everything up to and including `after` (may be empty) is skipped; `kind` is the encoding of
/// the rest.
struct KeyForm {
  enum class Kind { text, hex, base64 };
  Kind kind = Kind::text;
  std::string after;
};

/// One way to sign; Standard Webhooks has two of them.
struct Method {
  std::string mark;  // the prefix, field name or version that marks such signatures; empty when plain
  Algorithm algorithm = Algorithm::hmac_sha256;
  KeyForm key;
};

/// The default tolerance of schemes that sign a time, unless a shorter one is customary: the ledger's default retention
/// (30 days) less one day, so that a captured delivery cannot be accepted again after its row was purged.
inline constexpr Millis kToleranceDefault = std::chrono::days{29};

struct SignedTime {
  enum class Format { unix_seconds, rfc3339 };
  Format format = Format::unix_seconds;
  Place place;                                          // a header, or a field of the signature header
  std::optional<Millis> tolerance = kToleranceDefault;  // how far it may lie from now; nullopt: not checked
};

/// An event belongs to the provider's sandbox when `place` holds `value`.
struct SandboxMark {
  Template place;
  std::string value;
};

struct Scheme {
  std::vector<std::string> signature_header;  // the header's spellings
  Split split = Split::plain;
  std::string separator;  // between fields or between the items of a list
  Encoding encoding = Encoding::hex;
  std::vector<Method> methods;  // at least one
  Template before_body;         // the signed bytes are before_body, the body, after_body
  Template after_body;
  std::optional<SignedTime> signed_time;
  Alternatives id, type, time, subject, fact_key, version;  // where none of `id` is found, the body's digest is the id
  Alternatives id_time;  // when the message was created, from the body; the same in every attempt
  std::optional<SandboxMark> sandbox;
  /// The headers to keep in Event.headers, each as its spellings; none twice.
  std::vector<std::vector<std::string>> kept_headers;

  /// Returns whether the signature covers the header or field `place`.
  bool covers(const Place& place) const;
  /// Returns whether the message id may come from a header that the signature does not cover.
  bool id_is_unsigned() const;
};

using Description = std::map<std::string, std::string>;

/// Error `invalid`: the message names every key that is wrong, separated by "; ".
Result<Scheme> parse_scheme(const Description& description);

}  // namespace vf::sources::generic
