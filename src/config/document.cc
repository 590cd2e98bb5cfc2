#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/printable.h"
#include "config/suggest.h"
#include "config/yaml_value.h"

namespace vf::config {
namespace {

constexpr size_t kNameBytesMax = 63;
constexpr size_t kProblemsMax = 100;  // of one file that are shown

std::string joined(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

Complaint check_name(const NamedSections& sections, std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.empty() || name.size() > kNameBytesMax || !std::ranges::all_of(name, fits) || name.front() == '-') {
    return "a name is up to 63 of a-z, 0-9, '-' and '_'";
  }
  for (const auto& reserved : sections.reserved) {
    if (name == reserved.name) return fmt::format("'{}' is reserved: {}; choose another name", name, reserved.why);
  }
  return std::nullopt;
}

/// Merges one YAML tree into the document. Origins have line numbers when the tree came from a file.
class Layer {
 public:
  Layer(Document& into, std::string origin, bool lines)
      : into_(into), table_(*into.table), origin_(std::move(origin)), lines_(lines) {}

  // Keys `x-…` beside the sections are the operator's own: they may hold what anchors refer to.
  void lay_file(const YamlValue& root) {
    if (root.kind == YamlValue::Kind::list) return complain("", root.line, "is a list; write key: value");
    for (const YamlMember& member : root.members) {
      if (!member.name.starts_with("x-")) lay(member.name, member.line, member.value);
    }
  }

  void lay(const std::string& path, int line, const YamlValue& value) {
    if (table_.named_section(path) == path && !enter_section(path, line)) return;
    if (const auto match = table_.find(path)) return lay_key(path, line, value, *match);
    if (const auto now = table_.renamed(path)) return complain(path, line, "was renamed; write " + *now);
    if (!table_.is_section(path)) return unknown(path, line);
    if (value.kind == YamlValue::Kind::null) return;
    if (value.kind != YamlValue::Kind::map)
      return complain(path, line, "holds further keys; write them indented under it");
    for (const YamlMember& member : value.members) lay(joined(path, member.name), member.line, member.value);
  }

 private:
  bool enter_section(const std::string& path, int line) {
    const size_t dot = path.rfind('.');
    const auto sections = std::ranges::find(table_.named(), path.substr(0, dot), &NamedSections::parent);
    if (auto wrong = check_name(*sections, path.substr(dot + 1))) {
      complain(path, line, *wrong);
      return false;
    }
    into_.sections.try_emplace(path, at(line));
    return true;
  }

  void lay_key(const std::string& path, int line, const YamlValue& value, const KeyMatch& match) {
    if (const auto section = table_.named_section(path)) enter_section(*section, line);
    Entry entry{match.key, match.name, {}, at(line)};
    switch (value.kind) {
      case YamlValue::Kind::null:
        into_.entries.erase(path);
        return;
      case YamlValue::Kind::map:
        if (!match.key->type.is_map) return complain(path, line, "takes a value, not further keys");
        for (const YamlMember& member : value.members) {
          if (member.value.kind != YamlValue::Kind::scalar)
            return complain(path, member.line, "takes a text for each name");
          entry.items.push_back(member.name + std::string(kMapSeparator) + member.value.text);
        }
        if (entry.items.empty()) return complain(path, line, "is an empty map; leave the key out instead");
        break;
      case YamlValue::Kind::scalar:
        if (match.key->type.is_map) return complain(path, line, "takes names with values, as {name: value}");
        entry.items.push_back(value.text);
        break;
      case YamlValue::Kind::list:
        if (match.key->type.is_map) return complain(path, line, "takes names with values, as {name: value}");
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
      if (table_.find(above)) return complain(path, line, "unknown key; " + above + " takes a value, not further keys");
    }
    if (into_.problems.size() >= kProblemsMax) return count_problem();
    const std::string meant = meant_by(path);
    complain(path, line,
             "unknown key; " + (meant.empty() ? table_.hints().unknown_key : "did you mean " + meant + "?"));
  }

  // Returns `path` with each unknown part replaced by the nearest known one; "" when there is none near enough.
  std::string meant_by(const std::string& path) const {
    std::string known;
    for (size_t begin = 0; begin <= path.size();) {
      const size_t end = std::min(path.find('.', begin), path.size());
      std::string part = path.substr(begin, end - begin);
      const std::string whole = joined(known, part);
      if (!table_.is_section(whole) && !table_.find(whole)) part = nearest(part, table_.children(known));
      if (part.empty()) return "";
      known = joined(known, part);
      begin = end + 1;
    }
    return known;
  }

  std::string at(int line) const { return lines_ ? origin_ + ":" + std::to_string(line) : origin_; }
  void complain(const std::string& path, int line, std::string what) {
    if (into_.problems.size() >= kProblemsMax) return count_problem();
    into_.problems.push_back({at(line), one_line(path), std::move(what)});
  }
  void count_problem() {
    if (further_++ == 0) into_.problems.push_back({origin_, "", ""});
    into_.problems.back().what = fmt::format("{} further problems are not shown", further_);
  }

  Document& into_;
  const Table& table_;
  std::string origin_;
  bool lines_;
  size_t further_ = 0;  // problems that are not shown
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
  const auto tree = parse_yaml(text.str(), YamlRoot::keys);
  if (!tree) {
    into.problems.push_back(
        {path.string() + ":" + std::to_string(tree.error().line), "", "not YAML: " + tree.error().what});
    return;
  }
  Layer(into, path.string(), true).lay_file(*tree);
}

void lay_set(Document& into, const std::string& set) {
  const size_t equals = set.find('=');
  if (equals == std::string::npos || equals == 0) {
    // Without '=' the text may be a value, and so a secret.
    const bool is_key = into.table->find(set) || into.table->is_section(set);
    into.problems.push_back(
        {"--set", is_key ? set : "", "write key=value, such as " + into.table->hints().set_example});
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
  for (const ConcreteKey& key : document.table->keys_within(section)) {
    if (!key.match.key->fallback.empty()) {
      document.set_default(key.path, key.match, replace_star(key.match.key->fallback, key.match.name));
    }
  }
}

// Reports too many sections once, not for each section: no single section is wrong. The surplus is dropped, so that it
// gets no defaults.
void bound_names(Document& document, const std::string& origin) {
  for (const NamedSections& sections : document.table->named()) {
    const auto within = [&](const auto& section) { return section.first.starts_with(sections.parent + "."); };
    const auto given = static_cast<size_t>(std::ranges::count_if(document.sections, within));
    if (given <= sections.count_max) continue;
    document.problems.push_back({origin, sections.parent,
                                 fmt::format("there are {}, at most {} are allowed; {}", given, sections.count_max,
                                             document.table->hints().too_many)});
    for (size_t i = sections.count_max; i < given; ++i) {
      const auto last = std::prev(document.sections.lower_bound(sections.parent + "/"));  // '/' comes after '.'
      document.entries.erase(document.entries.lower_bound(last->first + "."),
                             document.entries.lower_bound(last->first + "/"));
      document.sections.erase(last);
    }
  }
}

}  // namespace

const Entry* Document::find(const std::string& path) const {
  const auto found = entries.find(path);
  return found == entries.end() ? nullptr : &found->second;
}

std::string Document::origin(const std::string& path) const {
  const Entry* entry = find(path);
  return entry ? entry->origin : kDefaultOrigin;
}

void Document::set_default(const std::string& path, const KeyMatch& match, const std::string& yaml) {
  const auto value = parse_yaml(yaml);
  Entry entry{match.key, match.name, {}, kDefaultOrigin};
  for (const YamlValue& item : value->items) entry.items.push_back(item.text);
  if (value->items.empty()) entry.items.push_back(value->text);
  entries.try_emplace(path, std::move(entry));
}

Document read_document(const Table& table, const Layers& layers) {
  Document document;
  document.table = &table;
  if (layers.file) {
    lay_file(document, *layers.file);
  } else {
    Layer(document, kDefaultOrigin, false).lay_file(*parse_yaml(layers.without_file));
  }
  for (const std::string& set : layers.sets) lay_set(document, set);
  bound_names(document, layers.file ? layers.file->string() : "--set");
  fill_defaults(document, "");
  for (const auto& [section, origin] : document.sections) fill_defaults(document, section);
  return document;
}

}  // namespace vf::config
