// GenericSource: a provider that only the configuration describes. Verifies a delivery by its Scheme, answers
// handshakes and maps it to an event. Immutable, thread safe.
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

/// The value of Params::max_age that means: the scheme's own tolerance.
inline constexpr Millis kMaxAgeOfScheme = Millis::min();

struct Params {
  std::string name;                  // of the source
  std::string scheme;                // see scheme_names()
  std::vector<std::string> secrets;  // at least one; each is accepted
  Description options;               // docs/sources.md: all keys for scheme hmac, places of attributes for the others
  /// How far the signed time may be off; nullopt: not checked. An hmac scheme's own `tolerance` wins.
  std::optional<Millis> max_age = kMaxAgeOfScheme;
};

/// Error `invalid` names the key of the source that is wrong ("secrets[0]: …", "template: …; split: …"), never a
/// secret.
Result<std::unique_ptr<Source>> make_generic_source(Params params);

}  // namespace vf::sources::generic
