// GenericSource: a provider by configuration alone. One engine over a Scheme: proves the delivery, answers handshakes,
// and says what the event is. Immutable, thread safe.
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

struct Params {
  std::string name;                  // of the source
  std::string scheme;                // see scheme_names()
  std::vector<std::string> secrets;  // at least one; each is accepted
  Description options;               // docs/sources.md: all keys for scheme hmac, places of attributes for the others
  /// How far the signed time may be off; kNoTolerance: not checked; nullopt: as the scheme says, and where it says
  /// nothing the default of the ledger's retention (30 days) less one. An hmac scheme's own `tolerance` wins.
  std::optional<Millis> max_age;
};

/// Error `invalid` names the key of the source that is wrong ("secrets[0]: …", "template: …; split: …"), never a
/// secret.
Result<std::unique_ptr<Source>> make_generic_source(Params params);

}  // namespace vf::sources::generic
