// Compares a target's filter of types (`targets.NAME.types`) with the types that the hub has received, for `vf doctor`:
// a pattern that matches none of them is misspelt, or its provider sends nothing. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "fanout/target.h"
#include "store/types_seen.h"

namespace vf::cli {

/// Returns one sentence for each pattern that matches no type seen of the target's sources, with what was searched and
/// what may have been meant. Empty: every pattern matches a type, or no event was seen at all.
std::vector<std::string> unmatched_patterns(const fanout::Target& target, const store::TypesSeen& seen);

}  // namespace vf::cli
