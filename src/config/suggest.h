// Did you mean: the known word nearest to a mistyped one, for configuration keys and for commands. A pure function.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vf::config {

/// The nearest of `known` by Levenshtein distance, if it is at most two edits and a third of the word away; else "".
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace vf::config
