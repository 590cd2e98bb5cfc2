#include "config/key.h"

#include <algorithm>
#include <array>
#include <set>

namespace vf::config {
namespace {

constexpr std::array<std::string_view, 3> kNamedParents{"sources.", "targets.", "environments."};

// Every path that stands in the table word by word, with those above it. A '*' never stands for one of these, so that
// sources.kick.scheme is not mistaken for sources.*.scheme.
const std::set<std::string, std::less<>>& spelled_out() {
  static const std::set<std::string, std::less<>> paths = [] {
    std::set<std::string, std::less<>> out;
    for (const Key& key : all_keys()) {
      if (key.path.find('*') != std::string::npos) continue;
      for (size_t dot = key.path.find('.'); dot != std::string::npos; dot = key.path.find('.', dot + 1)) {
        out.insert(key.path.substr(0, dot));
      }
      out.insert(key.path);
    }
    return out;
  }();
  return paths;
}

// Lays `path` over `pattern`: the name that '*' stands for and what of the pattern is left ("" or ".rest").
struct Overlay {
  std::string_view name, pattern_rest;
};
std::optional<Overlay> overlay(std::string_view pattern, std::string_view path) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos || path.size() <= star || path.substr(0, star) != pattern.substr(0, star)) {
    return pattern.starts_with(path) ? std::optional(Overlay{{}, pattern.substr(path.size())}) : std::nullopt;
  }
  const std::string_view name = path.substr(star, path.find('.', star) - star);
  if (name.empty() || spelled_out().contains(path.substr(0, star + name.size()))) return std::nullopt;
  const std::string_view path_rest = path.substr(star + name.size());
  std::string_view pattern_rest = pattern.substr(star + 1);
  if (!pattern_rest.starts_with(path_rest)) return std::nullopt;
  return Overlay{name, pattern_rest.substr(path_rest.size())};
}

}  // namespace

std::optional<KeyMatch> find_key(std::string_view path) {
  for (const Key& key : all_keys()) {
    const auto laid = overlay(key.path, path);
    if (laid && laid->pattern_rest.empty()) return KeyMatch{&key, std::string(laid->name)};
  }
  return std::nullopt;
}

bool is_section(std::string_view path) {
  return std::ranges::any_of(all_keys(), [path](const Key& key) {
    const auto laid = overlay(key.path, path);
    return path.empty() || (laid && laid->pattern_rest.starts_with('.'));
  });
}

bool is_named_section(std::string_view path) {
  return std::ranges::any_of(kNamedParents, [path](std::string_view parent) {
    return path.starts_with(parent) && path.size() > parent.size() && path.find('.', parent.size()) == path.npos;
  });
}

std::vector<std::string> children(std::string_view section) {
  std::vector<std::string> names;
  for (const Key& key : all_keys()) {
    const auto laid = overlay(key.path, section);
    if (!laid) continue;
    std::string_view rest = laid->pattern_rest;
    if (!section.empty() && !rest.starts_with('.')) continue;
    if (!section.empty()) rest.remove_prefix(1);
    const std::string name(rest.substr(0, rest.find('.')));
    if (name != "*" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::vector<ConcreteKey> keys_within(std::string_view named_section) {
  std::vector<ConcreteKey> out;
  for (const Key& key : all_keys()) {
    std::string path = key.path;
    if (named_section.empty()) {
      const bool always = path.find('*') == std::string::npos &&
                          std::ranges::none_of(kNamedParents, [&](auto parent) { return path.starts_with(parent); });
      if (always) out.push_back({path, {&key, ""}});
      continue;
    }
    if (const auto laid = overlay(key.path, named_section); laid && laid->pattern_rest.starts_with('.')) {
      out.push_back({std::string(named_section).append(laid->pattern_rest), {&key, std::string(laid->name)}});
    }
  }
  return out;
}

}  // namespace vf::config
