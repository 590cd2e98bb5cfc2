// Finds the known word nearest to a mistyped one, to suggest it, for configuration keys and for commands. A pure
// function.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vf::config {

/// Returns the word of `known` that is nearest by Levenshtein distance. Returns "" when that is more than two edits, or
/// more than a third of the word's length, away.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace vf::config
