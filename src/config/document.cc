#include "config/document.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "config/resolve.h"
#include "config/suggest.h"
#include "config/units.h"
#include "config/yaml_value.h"

namespace vf::config {
namespace {

constexpr size_t kNameBytesMax = 63;

std::string joined(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

Complaint check_name(std::string_view section, std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.empty() || name.size() > kNameBytesMax || !std::ranges::all_of(name, fits) || name.front() == '-') {
    return "a name is up to 63 of a-z, 0-9, '-' and '_'";
  }
  // The raw log has its cursor among the targets'; "default" is the raw log's retention of all other sources.
  if (section == "targets" && name == "raw-log") return "this name is taken by the raw log; choose another";
  if (section == "sources" && name == "default")
    return "this name is taken by the retention of other sources; choose another";
  return std::nullopt;
}

/// Lays one YAML tree over the document. Lines are shown when the tree came from a file.
class Layer {
 public:
  Layer(Document& into, std::string origin, bool lines) : into_(into), origin_(std::move(origin)), lines_(lines) {}

  void lay(const std::string& path, int line, const YamlValue& value) {
    if (is_named_section(path) && !enter_section(path, line)) return;
    if (const auto match = find_key(path)) return lay_key(path, line, value, *match);
    if (!is_section(path)) return unknown(path, line);
    if (value.kind == YamlValue::Kind::null) return;
    if (value.kind != YamlValue::Kind::map)
      return complain(path, line, "holds further keys; write them indented under it");
    for (const YamlMember& member : value.members) lay(joined(path, member.name), member.line, member.value);
  }

 private:
  bool enter_section(const std::string& path, int line) {
    const size_t dot = path.find('.');
    if (auto wrong = check_name(path.substr(0, dot), path.substr(dot + 1))) {
      complain(path, line, *wrong);
      return false;
    }
    into_.sections.try_emplace(path, at(line));
    return true;
  }

  void lay_key(const std::string& path, int line, const YamlValue& value, const KeyMatch& match) {
    if (path.starts_with("sources.") || path.starts_with("targets.") || path.starts_with("environments.")) {
      enter_section(path.substr(0, path.find('.', path.find('.') + 1)), line);
    }
    Entry entry{match.key, match.name, {}, at(line)};
    switch (value.kind) {
      case YamlValue::Kind::null:
        into_.entries.erase(path);
        return;
      case YamlValue::Kind::map:
        return complain(path, line, "takes a value, not further keys");
      case YamlValue::Kind::scalar:
        entry.items.push_back(value.text);
        break;
      case YamlValue::Kind::list:
        if (!match.key->list) return complain(path, line, "takes one value, not a list");
        if (value.items.empty()) return complain(path, line, "is an empty list; leave the key out instead");
        for (const YamlValue& item : value.items) {
          if (item.kind != YamlValue::Kind::scalar) return complain(path, item.line, "takes a list of plain values");
          entry.items.push_back(item.text);
        }
    }
    into_.entries.insert_or_assign(path, std::move(entry));
  }

  void unknown(const std::string& path, int line) {
    for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
      const std::string above = path.substr(0, dot);
      if (find_key(above)) return complain(path, line, "unknown key; " + above + " takes a value, not further keys");
    }
    const std::string meant = meant_by(path);
    complain(path, line,
             meant.empty() ? "unknown key; 'vf config keys' lists all" : "unknown key; did you mean " + meant + "?");
  }

  // Each part as it stands, or the nearest one that is known there; empty when a part is near none.
  static std::string meant_by(const std::string& path) {
    std::string known;
    for (size_t begin = 0; begin <= path.size();) {
      const size_t end = std::min(path.find('.', begin), path.size());
      std::string part = path.substr(begin, end - begin);
      if (!is_section(joined(known, part)) && !find_key(joined(known, part))) part = nearest(part, children(known));
      if (part.empty()) return "";
      known = joined(known, part);
      begin = end + 1;
    }
    return known;
  }

  std::string at(int line) const { return lines_ ? origin_ + ":" + std::to_string(line) : origin_; }
  void complain(const std::string& path, int line, std::string what) {
    into_.problems.push_back({at(line), path, std::move(what)});
  }

  Document& into_;
  std::string origin_;
  bool lines_;
};

void lay_file(Document& into, const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    std::error_code ignored;
    const bool empty =
        std::filesystem::is_regular_file(path, ignored) && std::filesystem::file_size(path, ignored) == 0;
    if (!in || !empty) {
      into.problems.push_back({path.string(), "", "cannot be read; check --config and the file's permissions"});
      return;
    }
  }
  const auto tree = parse_yaml(text.str());
  if (!tree) {
    into.problems.push_back(
        {path.string() + ":" + std::to_string(tree.error().line), "", "not YAML: " + tree.error().what});
    return;
  }
  Layer(into, path.string(), true).lay("", 1, *tree);
}

void lay_set(Document& into, const std::string& set) {
  const size_t equals = set.find('=');
  if (equals == std::string::npos || equals == 0) {
    into.problems.push_back({"--set", set, "write key=value, such as admin.listen=127.0.0.1:9001"});
    return;
  }
  const std::string path = set.substr(0, equals);
  const auto tree = parse_yaml(set.substr(equals + 1));
  if (!tree) {
    into.problems.push_back({"--set", path, "the value is not YAML: " + tree.error().what + "; quote it"});
    return;
  }
  Layer(into, "--set", false).lay(path, 0, *tree);
}

std::string replace_star(std::string text, const std::string& name) {
  if (const size_t star = text.find('*'); star != std::string::npos) text.replace(star, 1, name);
  return text;
}

void fill_defaults(Document& document, const std::string& section) {
  for (const ConcreteKey& key : keys_within(section)) {
    if (!key.match.key->fallback.empty()) {
      document.set_default(key.path, key.match, replace_star(key.match.key->fallback, key.match.name));
    }
  }
}

std::string default_max_age(const std::string& scheme, const std::string& after_ledger) {
  if (scheme == "github" || scheme == "shopify") return "none";
  if (scheme == "standard-webhooks" || scheme == "stripe" || scheme == "slack") return "5m";
  return scheme == "twitch" ? "10m" : after_ledger;
}

// Told once, of all of them: none is the one too many.
void bound_names(Document& document, const std::string& origin) {
  constexpr std::pair<std::string_view, size_t> kMost[] = {
      {"sources", kSourcesMax}, {"targets", kTargetsMax}, {"environments", kEnvironmentsMax}};
  for (const auto& [parent, most] : kMost) {
    const auto within = [&parent](const auto& section) { return section.first.starts_with(parent); };
    const auto given = static_cast<size_t>(std::ranges::count_if(document.sections, within));
    if (given <= most) continue;
    document.problems.push_back({origin, std::string(parent),
                                 "there are " + std::to_string(given) + ", and a hub takes at most " +
                                     std::to_string(most) + "; take some out, or run another hub for them"});
  }
}

// Where time is signed and nothing shorter is customary, a delivery may be as old as the ledger remembers, less a day:
// nothing re-enters after its row is purged.
void fill_max_ages(Document& document) {
  const auto ledger = parse_duration(document.find("ingest.retention.ledger")->items.front());
  if (!ledger) return;
  const std::string after_ledger = format_duration(*ledger - std::chrono::days{1});
  for (const auto& [section, origin] : document.sections) {
    const std::string path = section + ".max_age";
    const auto match = find_key(path);
    if (!match) continue;
    const Entry* scheme = document.find(section + ".scheme");
    document.set_default(path, *match, default_max_age(scheme ? scheme->items.front() : "", after_ledger));
  }
}

}  // namespace

const Entry* Document::find(const std::string& path) const {
  const auto found = entries.find(path);
  return found == entries.end() ? nullptr : &found->second;
}

void Document::set_default(const std::string& path, const KeyMatch& match, const std::string& yaml) {
  const auto value = parse_yaml(yaml);
  Entry entry{match.key, match.name, {}, kDefaultOrigin};
  for (const YamlValue& item : value->items) entry.items.push_back(item.text);
  if (value->items.empty()) entry.items.push_back(value->text);
  entries.try_emplace(path, std::move(entry));
}

std::string defaults_for_up(bool simulated) {
  std::string text =
      "sources:\n"
      "  kick: {}\n"
      "targets:\n"
      "  stage: {url: 'http://127.0.0.1:8082/internal/events'}\n"
      "  production: {url: 'http://127.0.0.1:8083/internal/events'}\n"
      "environments:\n"
      "  stage: {listen: '127.0.0.1:8082'}\n"
      "  production: {listen: '127.0.0.1:8083'}\n";
  if (simulated) text.insert(text.find("targets:"), "  sumsub: {webhook_secrets: ['file:sumsub.secret']}\n");
  return text;
}

Document read_document(const LoadParams& params) {
  Document document;
  if (params.file) {
    lay_file(document, *params.file);
  } else if (params.role == Role::up || params.role == Role::migrate_env) {
    Layer(document, kDefaultOrigin, false).lay("", 0, *parse_yaml(defaults_for_up(params.simulated)));
  }
  for (const std::string& set : params.sets) lay_set(document, set);
  bound_names(document, params.file ? params.file->string() : "--set");
  fill_defaults(document, "");
  for (const auto& [section, origin] : document.sections) fill_defaults(document, section);
  fill_max_ages(document);
  return document;
}

std::filesystem::path data_dir_of(const Document& document, const LoadParams& params) {
  const auto text = expand(document.find("data_dir")->items.front(), params.lookup);
  return text ? (params.working_dir / *text).lexically_normal() : std::filesystem::path();
}

}  // namespace vf::config
