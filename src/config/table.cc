#include "config/table.h"

#include <algorithm>

#include "base/result.h"

namespace vf::config {

Table::Table(Params params) : params_(std::move(params)) {
  for (const Key& key : params_.keys) {
    if (key.path.find('*') != std::string::npos) continue;
    for (size_t dot = key.path.find('.'); dot != std::string::npos; dot = key.path.find('.', dot + 1)) {
      spelled_out_.insert(key.path.substr(0, dot));
    }
    spelled_out_.insert(key.path);
  }
  for (const auto& [from, to] : params_.renamed) {
    VF_INVARIANT(std::ranges::find(params_.keys, to, &Key::path) != params_.keys.end());
    VF_INVARIANT(std::ranges::find(params_.keys, from, &Key::path) == params_.keys.end());
  }
}

// Matches `path` with the beginning of `pattern`. Returns the name that '*' stands for, and the rest of the pattern (""
// or
// ".rest"). A '*' never stands for a name that the table spells out, so that sources.kick.scheme is not taken for
// sources.*.scheme.
std::optional<Table::Overlay> Table::overlay(std::string_view pattern, std::string_view path) const {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos || path.size() <= star || path.substr(0, star) != pattern.substr(0, star)) {
    return pattern.starts_with(path) ? std::optional(Overlay{{}, pattern.substr(path.size())}) : std::nullopt;
  }
  const std::string_view name = path.substr(star, path.find('.', star) - star);
  if (name.empty() || spelled_out_.contains(path.substr(0, star + name.size()))) return std::nullopt;
  const std::string_view path_rest = path.substr(star + name.size());
  const std::string_view pattern_rest = pattern.substr(star + 1);
  if (!pattern_rest.starts_with(path_rest)) return std::nullopt;
  return Overlay{name, pattern_rest.substr(path_rest.size())};
}

std::optional<KeyMatch> Table::find(std::string_view path) const {
  for (const Key& key : params_.keys) {
    const auto laid = overlay(key.path, path);
    if (laid && laid->pattern_rest.empty()) return KeyMatch{&key, std::string(laid->name)};
  }
  return std::nullopt;
}

std::optional<std::string> Table::renamed(std::string_view path) const {
  for (const auto& [from, to] : params_.renamed) {
    const auto laid = overlay(from, path);
    if (!laid || !laid->pattern_rest.empty()) continue;
    std::string now = to;
    if (const size_t star = now.find('*'); star != std::string::npos) now.replace(star, 1, laid->name);
    return now;
  }
  return std::nullopt;
}

bool Table::is_section(std::string_view path) const {
  return std::ranges::any_of(params_.keys, [&](const Key& key) {
    const auto laid = overlay(key.path, path);
    return path.empty() || (laid && laid->pattern_rest.starts_with('.'));
  });
}

const NamedSections* Table::named_sections(std::string_view path) const {
  const auto found = std::ranges::find_if(params_.named, [path](const NamedSections& sections) {
    const size_t dot = sections.parent.size();
    return path.size() > dot + 1 && path.starts_with(sections.parent) && path[dot] == '.';
  });
  return found == params_.named.end() ? nullptr : &*found;
}

std::optional<std::string> Table::named_section(std::string_view path) const {
  const NamedSections* sections = named_sections(path);
  if (sections == nullptr) return std::nullopt;
  return std::string(path.substr(0, path.find('.', sections->parent.size() + 1)));
}

bool Table::may_come_and_go(std::string_view path) const {
  const NamedSections* sections = named_sections(path);
  return sections != nullptr && sections->reload;
}

std::vector<std::string> Table::children(std::string_view section) const {
  std::vector<std::string> names;
  for (const Key& key : params_.keys) {
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

std::vector<ConcreteKey> Table::keys_within(std::string_view section) const {
  std::vector<ConcreteKey> out;
  for (const Key& key : params_.keys) {
    if (section.empty()) {
      if (key.path.find('*') == std::string::npos && !named_section(key.path)) out.push_back({key.path, {&key, ""}});
      continue;
    }
    if (const auto laid = overlay(key.path, section); laid && laid->pattern_rest.starts_with('.')) {
      out.push_back({std::string(section).append(laid->pattern_rest), {&key, std::string(laid->name)}});
    }
  }
  return out;
}

}  // namespace vf::config
