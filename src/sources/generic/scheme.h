// Scheme: how a provider signs its deliveries and where they hold the attributes of an event, as data. Read from a flat
// map of keys (docs/sources.md describes each): the named schemes are such maps in a table, and the configuration has
// that of scheme `hmac`. Immutable values, thread safe.
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
  plain,   // the signature alone
  prefix,  // "sha256=<signature>"
  fields,  // "t=<time>,v1=<signature>,v1=<signature>"
  list,    // "v1,<signature> v1a,<signature>"
};
enum class Encoding { hex, base64 };
enum class Algorithm { hmac_sha1, hmac_sha256, hmac_sha512, ed25519 };

/// How a key is written. Everything up to and including `after` (may be empty) is skipped.
struct KeyForm {
  enum class Kind { text, hex, base64 };
  Kind kind = Kind::text;
  std::string after;
};

/// A way to sign; Standard Webhooks has two.
struct Method {
  std::string mark;  // the prefix, the field's name or the version that such signatures carry; empty when plain
  Algorithm algorithm = Algorithm::hmac_sha256;
  KeyForm key;
};

/// The default where a time is signed and no shorter tolerance is customary: the default retention of the ledger (30
/// days) less one, so that a captured delivery cannot be accepted again after its row is purged.
inline constexpr Millis kToleranceDefault = std::chrono::days{29};

struct SignedTime {
  enum class Format { unix_seconds, rfc3339 };
  Format format = Format::unix_seconds;
  Place place;                                          // a header or a field
  std::optional<Millis> tolerance = kToleranceDefault;  // how far it may lie from now; nullopt: not checked
};

/// An event belongs to the provider's sandbox when the place holds this value.
struct SandboxMark {
  Template place;
  std::string value;
};

struct Scheme {
  std::vector<std::string> signature_header;  // spellings
  Split split = Split::plain;
  Encoding encoding = Encoding::hex;
  std::vector<Method> methods;  // at least one
  Template before_body;         // the signed bytes are before_body, the body, after_body
  Template after_body;
  std::optional<SignedTime> signed_time;
  Alternatives id, type, time, subject, fact_key, version;
  Alternatives id_time;  // in the body: when the message was created, the same in every attempt
  std::optional<SandboxMark> sandbox;
  std::vector<std::vector<std::string>> kept_headers;  // of Event.headers, each in its spellings, none twice

  /// Whether the signature covers this header or field.
  bool covers(const Place& place) const;
  /// Whether the message id may come from a header that the signature does not cover.
  bool id_is_unsigned() const;
};

using Description = std::map<std::string, std::string>;

/// Error `invalid` names every key that is wrong, separated by "; ".
Result<Scheme> parse_scheme(const Description& description);

}  // namespace vf::sources::generic
