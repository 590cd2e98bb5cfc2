#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/describe.h"
#include "config/key.h"
#include "config/units.h"

namespace vf::config {
namespace {

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

std::string_view name_of(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::path:
      return "path";
    case Type::file_text:
      return "text or file:";
    case Type::secret:
      return "secret";
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "number";
    case Type::duration:
      return "duration";
    case Type::duration_or_none:
      return "duration or none";
    case Type::size:
      return "size";
    case Type::listen:
      return "address:port";
    case Type::url:
      return "URL";
    case Type::store:
      return "store";
    case Type::word:
      return "word";
  }
  return "text";
}

std::string type_of(const Key& key) {
  const std::string name(name_of(key.type));
  return key.list ? "list of " + name : name;
}

std::string bound(const Key& key, int64_t value) {
  if (key.type == Type::size) return format_size(value);
  return key.type == Type::integer ? std::to_string(value) : format_duration(Millis{value});
}

std::string bounds_of(const Key& key) {
  if (key.min == 0 && key.max == kUnbounded) return "";
  if (key.max == kUnbounded) return "at least " + bound(key, key.min);
  return bound(key, key.min) + " to " + bound(key, key.max);
}

// A default of a named section shows what stands for the section's name.
std::string default_of(const Key& key) {
  std::string text = key.fallback.empty() ? key.fallback_doc : key.fallback;
  if (const size_t star = text.find('*'); star != std::string::npos) text.replace(star, 1, "<name>");
  return text;
}

std::string words_of(const Key& key, std::string_view separator) {
  return fmt::format("{}", fmt::join(key.words, separator));
}

std::vector<std::string_view> roles_of(const Key& key) {
  constexpr std::pair<Role, std::string_view> kNames[] = {{Role::up, "up"},
                                                          {Role::ingest, "ingest"},
                                                          {Role::api, "api"},
                                                          {Role::worker, "worker"},
                                                          {Role::client, "client"},
                                                          {Role::probe, "probe"},
                                                          {Role::migrate_dm, "migrate dm"},
                                                          {Role::migrate_env, "migrate env"},
                                                          {Role::migrate_lake, "migrate lake"}};
  std::vector<std::string_view> out;
  for (const auto& [role, name] : kNames) {
    if (holds(key.roles, role)) out.push_back(name);
  }
  return out;
}

std::string section_of(const std::string& path) {
  const size_t dot = path.find('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.replace(at, 1, "\\|");
  return text;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string markdown_row(const Key& key) {
  std::string kind = type_of(key);
  if (key.type == Type::word) kind = (key.list ? "list of " : "") + code(words_of(key, "` `"));
  if (key.type == Type::store) kind += ": " + code(words_of(key, "` `"));
  if (const std::string bounds = bounds_of(key); !bounds.empty()) kind += ", " + bounds;
  std::string otherwise = key.fallback.empty() ? cell(key.fallback_doc) : code(default_of(key));
  if (key.required) otherwise = "required";
  std::string doc = cell(key.doc);
  if (!key.example.empty()) doc += " Example: " + code(key.example);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.path, kind, otherwise, doc,
                     key.roles == kEveryRole ? "every" : fmt::format("{}", fmt::join(roles_of(key), ", ")));
}

constexpr std::string_view kIntroduction = R"(# Configuration

Written by `vf config keys --markdown` from the table in `src/config/table.cc`; a test fails when it is stale.

YAML 1.2 from `--config FILE` or `VF_CONFIG`; `--set key=value` overrides any key for one run, with a YAML value
(`--set admin.listen=127.0.0.1:9001`, `--set 'targets.stage.types=["kick.*"]'`). Without a file `vf up` runs two
environments, `stage` and `production`, on 127.0.0.1, and makes their secrets at its first start.

- All errors are reported at once, each with file, line and key. `vf config print` shows what is in force and where each
  value comes from; secrets are hidden.
- `${NAME}` takes an environment variable, also inside a longer text (`$${` is a plain `${`).
- Where the type says *secret* or *file:*, `file:PATH` reads the value from a file. The newline at its end is cut.
- Relative paths (`file:`, `sqlite:`, `chdb:`) are under `data_dir`.
- A role asks only for the keys it needs (last column): `vf api` never asks for Kick's secret.
- Durations are `250ms` `30s` `5m` `1h` `7d`, sizes `512B` `64KiB` `1MiB` `2GiB`. A single value may stand for a list of
  one. An empty value is as if the key was not there.
- `*` and `<name>` stand for a name that you choose: up to 63 of `a-z`, `0-9`, `-` and `_`. A source's name is part of
  its path (`/webhooks/<name>`) and of its events' ids: renaming a source renames its events.
)";

}  // namespace

std::string keys_markdown() {
  std::string out(kIntroduction);
  out += fmt::format(
      "- A configuration has at most {} targets, {} environments and {} sources; one with more is refused.\n",
      kTargetsMax, kEnvironmentsMax, kSourcesMax);
  std::string section = "-";
  for (const Key& key : all_keys()) {
    if (section_of(key.path) != section) {
      section = section_of(key.path);
      out += fmt::format("\n## {}\n\n| key | type | default | what for | needed by |\n|---|---|---|---|---|\n",
                         section.empty() ? "Where things are kept" : section);
    }
    out += markdown_row(key);
  }
  return out;
}

std::string keys_text() {
  std::string out;
  for (const Key& key : all_keys()) {
    out += fmt::format("{}\n    {}\n    {}", key.path, key.doc, type_of(key));
    if (!key.words.empty()) out += ": " + words_of(key, " ");
    if (const std::string bounds = bounds_of(key); !bounds.empty()) out += ", " + bounds;
    if (key.required) out += "; required";
    if (const std::string otherwise = default_of(key); !otherwise.empty()) out += "; default " + otherwise;
    if (!key.example.empty()) out += "; example " + key.example;
    out += "\n\n";
  }
  out.pop_back();
  return out;
}

std::string keys_json() {
  auto array = nlohmann::ordered_json::array();
  for (const Key& key : all_keys()) {
    nlohmann::ordered_json row{{"key", key.path},
                               {"type", type_of(key)},
                               {"default", default_of(key)},
                               {"required", key.required},
                               {"secret", key.hidden()},
                               {"roles", roles_of(key)},
                               {"doc", key.doc}};
    if (!key.words.empty()) row["words"] = key.words;
    if (const std::string bounds = bounds_of(key); !bounds.empty()) row["bounds"] = bounds;
    if (!key.example.empty()) row["example"] = key.example;
    array.push_back(std::move(row));
  }
  return array.dump(2) + "\n";
}

}  // namespace vf::config
