#include "config/load.h"

#include <algorithm>

#include "config/cross_check.h"
#include "config/document.h"
#include "config/place.h"
#include "config/resolve.h"

namespace vf::config {
namespace {

namespace fs = std::filesystem;

class Loader {
 public:
  explicit Loader(const LoadParams& params)
      : params_(params),
        document_(read_document(params)),
        data_dir_(data_dir_of(document_, params)),
        problems_(document_.problems) {}

  std::expected<Loaded, std::vector<Problem>> load() {
    for (const auto& [path, entry] : document_.entries) {
      needed(path, *entry.key) ? resolve(path, entry) : check_literal(path, entry);
    }
    for (const auto& [section, origin] : document_.sections) required(section, origin);
    environment();
    schemes();
    place_paths();
    const Entry* lake = document_.find("ingest.lake");
    loaded_.config.ingest.lake_named = lake && lake->origin != kDefaultOrigin;
    if (problems_.empty()) {
      Findings found = cross_check(loaded_.config, document_, params_);
      problems_ = std::move(found.problems);
      std::ranges::move(found.warnings, std::back_inserter(loaded_.warnings));
    }
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(loaded_);
  }

 private:
  fs::path file_of(std::string_view reference) const {
    return (data_dir_ / reference.substr(kFilePrefix.size())).lexically_normal();
  }

  bool needed(const std::string& path, const Key& key) const {
    if (!holds(key.roles, params_.role)) return false;
    if (one_environment() && path.starts_with("environments.")) {
      return path.starts_with("environments." + params_.environment + ".");
    }
    return !(key.from_file() && is_off(path));
  }

  bool one_environment() const {
    if (params_.role == Role::migrate_env) return !params_.environment.empty();
    return params_.role == Role::api || params_.role == Role::worker;
  }

  // A source that is off needs no secrets.
  bool is_off(const std::string& path) const {
    if (!path.starts_with("sources.")) return false;
    const Entry* mode = document_.find(path.substr(0, path.find('.', 8)) + ".mode");
    return mode && expand(mode->items.front(), params_.lookup).value_or("") == "off";
  }

  void resolve(const std::string& path, const Entry& entry) {
    std::vector<std::string> items;
    for (const std::string& item : entry.items) {
      auto text = expand(item, params_.lookup);
      if (!text) {
        problems_.push_back({entry.origin, path, text.error(), lacks_only_variables(item)});
        continue;
      }
      if (entry.key->from_file() && text->starts_with(kFilePrefix)) {
        if (may_be_missing(entry) && is_missing(file_of(*text))) return;
        text = read_file(path, entry, *text);
        if (!text) continue;
      }
      items.push_back(*std::move(text));
    }
    if (items.size() != entry.items.size()) return;
    if (auto wrong = entry.key->store(loaded_.config, entry.name, items)) complain(path, entry, *wrong);
  }

  static bool lacks_only_variables(const std::string& item) {
    return expand(item, [](const std::string&) { return std::optional<std::string>(""); }).has_value();
  }

  static bool may_be_missing(const Entry& entry) {
    return entry.origin == kDefaultOrigin && entry.key->default_file_optional;
  }

  std::expected<std::string, std::string> read_file(const std::string& path, const Entry& entry,
                                                    std::string_view reference) {
    const fs::path file = file_of(reference);
    auto secret = read_secret_file(file);
    if (!secret) {
      const bool made = entry.origin == kDefaultOrigin && entry.key->generate != Generate::none && is_missing(file);
      problems_.push_back({entry.origin, path,
                           "cannot take the value from its file: " + secret.error() +
                               (made ? "; the first start of 'vf up' makes it" : ""),
                           true});
      return std::unexpected(secret.error());
    }
    if (secret->readable_by_others && entry.key->hidden()) {
      loaded_.warnings.push_back({entry.origin, path, "others can read it; chmod 600 " + file.string()});
    }
    return std::move(secret->text);
  }

  // What this role does not need is checked as far as it can be without asking for anything.
  void check_literal(const std::string& path, const Entry& entry) {
    const bool open = std::ranges::any_of(entry.items, [&](const std::string& item) {
      return has_variables(item) || (entry.key->from_file() && item.starts_with(kFilePrefix));
    });
    if (open) return;
    Config unused;
    if (auto wrong = entry.key->store(unused, entry.name, entry.items)) complain(path, entry, *wrong);
  }

  void required(const std::string& section, const std::string& origin) {
    if (is_off(section + ".")) return;
    for (const ConcreteKey& key : keys_within(section)) {
      if (!key.match.key->required || document_.find(key.path) || !needed(key.path, *key.match.key)) continue;
      problems_.push_back({origin, key.path, "is required; set it, for example to " + key.match.key->example});
    }
  }

  // A source with a key that is wrong by itself is not asked about: what it lacks then is no news.
  void schemes() {
    if (!params_.check_source || !holds(only(Role::up, Role::ingest), params_.role)) return;
    for (const auto& [name, source] : loaded_.config.sources.generic) {
      const std::string section = "sources." + name + ".";
      const auto own = [&section](const Problem& problem) { return problem.key.starts_with(section); };
      if (source.mode == SourceMode::off || std::ranges::any_of(problems_, own)) continue;
      const auto wrong = params_.check_source(name, source);
      if (!wrong) continue;
      const size_t colon = std::min(wrong->find(": "), wrong->size());
      const std::string key = section + wrong->substr(0, colon);
      const Entry* entry = document_.find(key.substr(0, key.find('[')));
      if (!entry || entry->origin == kDefaultOrigin) entry = document_.find(section + "scheme");
      problems_.push_back(
          {entry ? entry->origin : kDefaultOrigin, key, wrong->substr(std::min(colon + 2, wrong->size()))});
    }
  }

  // A role without any environment boots and parks; one with others but not its own is a mistyped --env.
  void environment() {
    if (!one_environment()) return;
    std::string known;
    for (const auto& [section, origin] : document_.sections) {
      if (!section.starts_with("environments.")) continue;
      const std::string name = section.substr(section.find('.') + 1);
      if (name == params_.environment) return;
      known += (known.empty() ? "" : ", ") + name;
    }
    if (known.empty()) return;
    problems_.push_back(
        {"--env", "environments." + params_.environment, "is not configured; configured are: " + known});
  }

  void place_paths() {
    loaded_.config.data_dir = data_dir_;
    const auto place = [this](StoreUrl& store) { store = placed(std::move(store), data_dir_); };
    place(loaded_.config.ingest.store);
    place(loaded_.config.ingest.lake);
    for (auto& [name, environment] : loaded_.config.environments) place(environment.store);
  }

  void complain(const std::string& path, const Entry& entry, std::string what) {
    problems_.push_back({entry.origin, path, std::move(what)});
  }

  const LoadParams& params_;
  Document document_;
  std::filesystem::path data_dir_;
  std::vector<Problem> problems_;
  Loaded loaded_;
};

}  // namespace

std::string admin_url(const Admin& admin) {
  if (!admin.url.text.empty()) return admin.url.text;
  std::string address = admin.listen.address;
  for (const auto& [everywhere, loopback] : {std::pair{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}}) {
    if (address.starts_with(everywhere)) address.replace(0, std::string_view(everywhere).size(), loopback);
  }
  return "http://" + address;
}

std::expected<Loaded, std::vector<Problem>> load(const LoadParams& params) { return Loader(params).load(); }

}  // namespace vf::config
