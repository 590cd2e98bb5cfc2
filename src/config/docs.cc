#include "config/docs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace vf::config {
namespace {

std::string type_of(const Key& key) {
  const std::string name(key.type.name);
  if (key.type.is_map) return "map of " + name;
  return key.list ? "list of " + name : name;
}

std::string bounds_of(const Key& key) {
  if (!key.type.bound || (key.min == 0 && key.max == kUnbounded)) return "";
  if (key.max == kUnbounded) return "at least " + key.type.bound(key.min);
  return key.type.bound(key.min) + " to " + key.type.bound(key.max);
}

// The default of a key in a named section shows where the section's name is put.
std::string default_of(const Key& key) {
  std::string text = key.fallback.empty() ? key.fallback_doc : key.fallback;
  if (const size_t star = text.find('*'); star != std::string::npos) text.replace(star, 1, "<name>");
  return text;
}

std::string words_of(const Key& key, std::string_view separator) {
  return fmt::format("{}", fmt::join(key.words, separator));
}

std::vector<std::string_view> roles_of(const Table& table, const Key& key) {
  std::vector<std::string_view> out;
  for (const auto& [role, name] : table.roles()) {
    if ((key.roles & role) != 0) out.push_back(name);
  }
  return out;
}

std::string roles_text(const Table& table, const Key& key) {
  const auto roles = roles_of(table, key);
  return roles.size() == table.roles().size() ? "every" : fmt::format("{}", fmt::join(roles, ", "));
}

std::string_view effect_of(const Key& key) { return key.reload ? "reload" : "restart"; }

std::string section_of(const std::string& path) {
  const size_t dot = path.find('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.replace(at, 1, "\\|");
  return text;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string markdown_row(const Table& table, const Key& key) {
  std::string kind = type_of(key);
  if (key.type.is_word) {
    kind = (key.list ? "list of " : "") + code(words_of(key, "` `"));
  } else if (!key.words.empty()) {
    kind += ": " + code(words_of(key, "` `"));
  }
  if (const std::string bounds = bounds_of(key); !bounds.empty()) kind += ", " + bounds;
  std::string otherwise = key.fallback.empty() ? cell(key.fallback_doc) : code(default_of(key));
  if (key.required) otherwise = "required";
  std::string doc = cell(key.doc);
  if (!key.example.empty()) doc += " Example: " + code(key.example);
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.path, kind, otherwise, doc, effect_of(key),
                     roles_text(table, key));
}

}  // namespace

std::string keys_markdown(const Table& table, const MarkdownParams& params) {
  std::string out = params.introduction;
  std::string section = "-";
  for (const Key& key : table.keys()) {
    if (section_of(key.path) != section) {
      section = section_of(key.path);
      out += fmt::format(
          "\n## {}\n\n| key | type | default | what for | takes effect at | needed by |\n|---|---|---|---|---|---|\n",
          section.empty() ? params.top_heading : section);
    }
    out += markdown_row(table, key);
  }
  return out;
}

std::string keys_text(const Table& table) {
  std::string out;
  for (const Key& key : table.keys()) {
    out += fmt::format("{}\n    {}\n    {}", key.path, key.doc, type_of(key));
    if (!key.words.empty()) out += ": " + words_of(key, " ");
    if (const std::string bounds = bounds_of(key); !bounds.empty()) out += ", " + bounds;
    if (key.required) out += "; required";
    if (key.reload) out += "; takes effect at a reload";
    if (const std::string otherwise = default_of(key); !otherwise.empty()) out += "; default " + otherwise;
    if (!key.example.empty()) out += "; example " + key.example;
    out += "\n\n";
  }
  out.pop_back();
  return out;
}

std::string keys_json(const Table& table) {
  auto array = nlohmann::ordered_json::array();
  for (const Key& key : table.keys()) {
    nlohmann::ordered_json row{{"key", key.path},
                               {"type", type_of(key)},
                               {"default", default_of(key)},
                               {"required", key.required},
                               {"secret", key.type.hidden},
                               {"reload", key.reload},
                               {"roles", roles_of(table, key)},
                               {"doc", key.doc}};
    if (!key.words.empty()) row["words"] = key.words;
    if (const std::string bounds = bounds_of(key); !bounds.empty()) row["bounds"] = bounds;
    if (!key.example.empty()) row["example"] = key.example;
    array.push_back(std::move(row));
  }
  return array.dump(2) + "\n";
}

}  // namespace vf::config
