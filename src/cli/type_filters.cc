#include "cli/type_filters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/suggest.h"

namespace vf::cli {
namespace {

constexpr size_t kTypesShown = 5;

std::vector<std::string> types_for(const fanout::Target& target, const store::TypesSeen& seen) {
  std::vector<std::string> types;
  for (const auto& [source, type] : seen.types) {
    const auto& wanted = target.sources;
    const bool is_wanted = wanted.empty() || std::ranges::find(wanted, source) != wanted.end();
    if (is_wanted) types.push_back(type);
  }
  std::ranges::sort(types);
  return types;
}

std::string searched(const store::TypesSeen& seen) {
  if (seen.complete) return "the last seven days";
  return fmt::format("the newest {} events (back to {}; older ones were not searched)", seen.rows,
                     to_rfc3339(seen.oldest));
}

std::string advice(const std::string& pattern, const std::vector<std::string>& types) {
  if (types.empty()) return "no event of the target's sources came";
  if (const auto meant = config::nearest(pattern, types); !meant.empty()) return fmt::format("is {} meant?", meant);
  const auto shown = std::span(types).first(std::min(types.size(), kTypesShown));
  return fmt::format("types that came: {}{}", fmt::join(shown, ", "), types.size() > kTypesShown ? ", …" : "");
}

}  // namespace

std::vector<std::string> unmatched_patterns(const fanout::Target& target, const store::TypesSeen& seen) {
  std::vector<std::string> sentences;
  if (seen.types.empty()) return sentences;
  const auto types = types_for(target, seen);
  for (const auto& pattern : target.types) {
    if (std::ranges::any_of(types, [&](const auto& type) { return fanout::matches(pattern, type); })) continue;
    sentences.push_back(fmt::format("{} matches no type of {}, so nothing of it is delivered; {} (targets.{}.types)",
                                    pattern, searched(seen), advice(pattern, types), target.name));
  }
  return sentences;
}

}  // namespace vf::cli
