#include "config/fill.h"

#include <algorithm>

#include "config/url.h"

namespace vf::config {
namespace {

namespace fs = std::filesystem;

class Filler {
 public:
  Filler(Root& into, const Document& document, const FillParams& params)
      : into_(into), document_(document), params_(params) {
    filled_.findings.problems = document.problems;
  }

  Filled run() {
    for (const auto& [path, entry] : document_.entries) {
      params_.is_needed(path, *entry.key) ? resolve(path, entry) : check_literal(path, entry);
    }
    for (const auto& [section, origin] : document_.sections) check_required(section, origin);
    return std::move(filled_);
  }

 private:
  void resolve(const std::string& path, const Entry& entry) {
    std::vector<std::string> items;
    for (const std::string& item : entry.items) {
      const size_t name = name_bytes(*entry.key, item);
      auto text = resolve_item(path, entry, item.substr(name));
      if (text) items.push_back(item.substr(0, name) + *text);
    }
    if (items.size() != entry.items.size()) return;
    if (auto wrong = entry.key->store(into_, entry.name, items)) return complain(path, entry, *wrong);
    filled_.values.emplace(path, std::move(items));
  }

  // How many bytes at the beginning of an item are a name, which is not resolved.
  static size_t name_bytes(const Key& key, const std::string& item) {
    return key.type.is_map ? item.find(kMapSeparator) + kMapSeparator.size() : 0;
  }

  // Returns nullopt when a problem was noted, or when the file of a default may be missing and is.
  std::optional<std::string> resolve_item(const std::string& path, const Entry& entry, const std::string& item) {
    auto text = expand(item, params_.lookup);
    if (!text) {
      filled_.findings.problems.push_back({entry.origin, path, text.error(), lacks_only_variables(item)});
      return std::nullopt;
    }
    if (!entry.key->type.from_file) return *std::move(text);
    const std::string_view written = secret_text(*text);
    if (!written.starts_with(kFilePrefix)) return std::string(written);
    const std::string_view name = written.substr(kFilePrefix.size());
    if (auto wrong = check_path(name)) {
      complain(path, entry, "the file's path " + *wrong);
      return std::nullopt;
    }
    const fs::path file = (params_.base / name).lexically_normal();
    if (may_be_missing(entry) && is_missing(file)) return std::nullopt;
    const auto content = read_file(path, entry, file);
    return content ? std::optional<std::string>(secret_text(*content)) : std::nullopt;
  }

  static bool lacks_only_variables(const std::string& item) {
    return expand(item, [](const std::string&) { return std::optional<std::string>(""); }).has_value();
  }

  static bool may_be_missing(const Entry& entry) {
    return entry.origin == kDefaultOrigin && entry.key->default_file_optional;
  }

  std::expected<std::string, std::string> read_file(const std::string& path, const Entry& entry, const fs::path& file) {
    auto secret = read_secret_file(file);
    if (!secret) {
      const bool generated = entry.origin == kDefaultOrigin && entry.key->generate && is_missing(file);
      filled_.findings.problems.push_back({entry.origin, path,
                                           "cannot take the value from its file: " + secret.error() +
                                               (generated ? "; " + document_.table->hints().generated_file : ""),
                                           true});
      return std::unexpected(secret.error());
    }
    if (secret->readable_by_others && entry.key->type.hidden) {
      filled_.findings.warnings.push_back({entry.origin, path, "others can read it; chmod 600 " + file.string()});
    }
    return std::move(secret->text);
  }

  void check_literal(const std::string& path, const Entry& entry) {
    const bool refers = std::ranges::any_of(entry.items, [&](const std::string& item) {
      const std::string_view text = std::string_view(item).substr(name_bytes(*entry.key, item));
      return has_variables(text) || (entry.key->type.from_file && secret_text(text).starts_with(kFilePrefix));
    });
    if (refers) return;
    Key::Items items = entry.items;
    if (entry.key->type.from_file) {
      for (std::string& item : items) item = secret_text(item);
    }
    if (auto wrong = entry.key->check_items(items, *entry.key)) complain(path, entry, *wrong);
  }

  void check_required(const std::string& section, const std::string& origin) {
    if (params_.is_off(section)) return;
    for (const ConcreteKey& key : document_.table->keys_within(section)) {
      const Key& row = *key.match.key;
      if (!row.required || document_.find(key.path) || !params_.is_needed(key.path, row)) continue;
      filled_.findings.problems.push_back({origin, key.path, "is required; set it, for example to " + row.example});
    }
  }

  void complain(const std::string& path, const Entry& entry, std::string what) {
    filled_.findings.problems.push_back({entry.origin, path, std::move(what)});
  }

  Root& into_;
  const Document& document_;
  const FillParams& params_;
  Filled filled_;
};

}  // namespace

Filled fill(Root& into, const Document& document, const FillParams& params) {
  return Filler(into, document, params).run();
}

}  // namespace vf::config
