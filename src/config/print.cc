#include "config/print.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/json_text.h"

namespace vf::config {
namespace {

struct Branch {
  std::string name;
  const Entry* entry = nullptr;
  std::vector<Branch> children;  // in the order of their first entries
  std::unordered_map<std::string, size_t> places;
};

Branch& child(Branch& parent, const std::string& name) {
  const auto [place, is_new] = parent.places.try_emplace(name, parent.children.size());
  if (is_new) parent.children.emplace_back().name = name;
  return parent.children[place->second];
}

Branch& branch_at(Branch& root, const std::string& path) {
  Branch* branch = &root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    branch = &child(*branch, path.substr(begin, end - begin));
    begin = end + 1;
  }
  return *branch;
}

// The entries are in the order of the table, which is also that of the documentation.
Branch tree_of(const Document& document) {
  std::vector<std::pair<const std::string*, const Entry*>> entries;
  for (const auto& [path, entry] : document.entries) entries.emplace_back(&path, &entry);
  std::ranges::sort(entries, {}, [](const auto& pair) { return std::pair(pair.second->key, *pair.first); });
  Branch root;
  for (const auto& [path, entry] : entries) branch_at(root, *path).entry = entry;
  return root;
}

bool is_one_variable(const std::string& text) { return text.starts_with("${") && text.find('}') == text.size() - 1; }

std::string shown(const Key& key, const std::string& item, const Lookup& lookup) {
  const bool reference = item.starts_with(kFilePrefix) || is_one_variable(item);
  if (key.type.hidden) return reference ? item : "***";
  const auto value = expand(item, lookup);
  if (!value && is_one_variable(item)) return item;
  const std::string& text = value ? *value : item;
  return key.type.shown ? key.type.shown(text) : text;
}

struct Pair {
  std::string name, value;
};
Pair split_pair(const std::string& item) {
  const size_t end = item.find(kMapSeparator);
  return {item.substr(0, end), item.substr(end + kMapSeparator.size())};
}

std::string map_text(const Entry& entry, const Lookup& lookup) {
  std::string out;
  for (const std::string& item : entry.items) {
    const auto [name, value] = split_pair(item);
    out += (out.empty() ? "{" : ", ") + yaml_scalar(name) + ": " + yaml_scalar(shown(*entry.key, value, lookup));
  }
  return out + "}";
}

std::string value_text(const Entry& entry, const Lookup& lookup) {
  if (entry.key->type.is_map) return map_text(entry, lookup);
  if (!entry.key->list) return yaml_scalar(shown(*entry.key, entry.items.front(), lookup));
  std::string out;
  for (const std::string& item : entry.items)
    out += (out.empty() ? "[" : ", ") + yaml_scalar(shown(*entry.key, item, lookup));
  return out + "]";
}

void write_yaml(std::string& out, const Branch& branch, const Lookup& lookup, size_t indent) {
  constexpr size_t kCommentColumn = 56;
  for (const Branch& part : branch.children) {
    std::string line = std::string(indent, ' ') + part.name + ":";
    if (part.entry) {
      line += " " + value_text(*part.entry, lookup);
      line.resize(std::max(line.size() + 2, kCommentColumn), ' ');
      line += "# " + part.entry->origin;
    }
    out += line + "\n";
    write_yaml(out, part, lookup, indent + 2);
  }
}

nlohmann::ordered_json to_json(const Branch& branch, const Lookup& lookup) {
  if (!branch.entry) {
    auto object = nlohmann::ordered_json::object();
    for (const Branch& part : branch.children) object[part.name] = to_json(part, lookup);
    return object;
  }
  const Entry& entry = *branch.entry;
  if (entry.key->type.is_map) {
    auto object = nlohmann::ordered_json::object();
    for (const std::string& item : entry.items) {
      const auto [name, value] = split_pair(item);
      object[name] = shown(*entry.key, value, lookup);
    }
    return object;
  }
  if (!entry.key->list) return shown(*entry.key, entry.items.front(), lookup);
  auto array = nlohmann::ordered_json::array();
  for (const std::string& item : entry.items) array.push_back(shown(*entry.key, item, lookup));
  return array;
}

}  // namespace

std::string yaml_scalar(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == text.npos && text.front() != '-';
  return plain ? text : json_string(text);
}

std::string print_yaml(const Document& document, const Lookup& lookup) {
  std::string text;
  write_yaml(text, tree_of(document), lookup, 0);
  return text;
}

std::string print_json(const Document& document, const Lookup& lookup) {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  return to_json(tree_of(document), lookup).dump(2, ' ', false, kReplace) + "\n";
}

}  // namespace vf::config
