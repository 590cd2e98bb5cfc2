// GenericSource: a source that is described by the configuration, without code of its own. Verifies a delivery by its
// Scheme, answers handshakes and maps the delivery to an event. Immutable, thread safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sources/generic/scheme.h"
#include "sources/source.h"

namespace vf::sources::generic {

/// The value of Params::max_age that stands for the scheme's own tolerance.
inline constexpr Millis kMaxAgeOfScheme = Millis::min();

struct Params {
  std::string name;                  // the source's name
  std::string scheme;                // see scheme_names()
  std::vector<std::string> secrets;  // at least one; a delivery may be signed with any of them
  Description options = {};          // docs/sources.md: all keys for scheme hmac, places of attributes for the others
  /// How far the signed time may lie from now; nullopt: not checked. The `tolerance` of scheme hmac takes precedence.
  std::optional<Millis> max_age = kMaxAgeOfScheme;
  /// Where the signature does not cover the message id: equal bodies within this span are one event. nullopt: a body
  /// under a new id is a new event.
  std::optional<Millis> replay_guard = {};
};

/// Error `invalid`: the message names each key of the source that is wrong ("secrets[0]: …", "template: …; split: …")
/// and never quotes a secret.
Result<std::unique_ptr<Source>> make_generic_source(Params params);

}  // namespace vf::sources::generic
