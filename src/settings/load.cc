#include "settings/load.h"

#include <algorithm>

#include "config/fill.h"
#include "settings/cross_check.h"
#include "settings/document.h"

namespace vf::settings {
namespace {

using config::Problem;

// Sets what follows from several values: places relative paths, and notes where a value is written.
void complete(Settings& settings, const config::Document& document, const std::filesystem::path& data_dir) {
  settings.data_dir = data_dir;
  const auto place = [&data_dir](StoreUrl& store) { store = placed(std::move(store), data_dir); };
  place(settings.ingest.store);
  place(settings.ingest.lake);
  for (auto& [name, environment] : settings.environments) place(environment.store);
  settings.ingest.lake_named = document.origin("ingest.lake") != config::kDefaultOrigin;
}

class Loader {
 public:
  explicit Loader(const LoadParams& params)
      : params_(params), document_(read_document(params)), data_dir_(data_dir_of(document_, params)) {}

  std::expected<Loaded, std::vector<Problem>> load() {
    config::Filled filled = config::fill(
        loaded_.settings, document_,
        {.base = data_dir_,
         .lookup = params_.lookup,
         .is_needed = [this](const std::string& path, const config::Key& key) { return is_needed(path, key); },
         .is_off = [this](const std::string& section) { return is_off(section + "."); }});
    findings_ = std::move(filled.findings);
    check_environment();
    check_sources();
    complete(loaded_.settings, document_, data_dir_);
    if (findings_.problems.empty()) {
      config::Findings found = cross_check(loaded_.settings, document_, params_);
      findings_.problems = std::move(found.problems);
      std::ranges::move(found.warnings, std::back_inserter(findings_.warnings));
    }
    if (!findings_.problems.empty()) return std::unexpected(std::move(findings_.problems));
    loaded_.warnings = std::move(findings_.warnings);
    loaded_.effective = {std::move(document_), std::move(filled.values)};
    return std::move(loaded_);
  }

 private:
  bool is_needed(const std::string& path, const config::Key& key) const {
    if (!holds(key.roles, params_.role)) return false;
    if (needs_one_environment() && path.starts_with("environments.")) {
      return path.starts_with("environments." + params_.environment + ".");
    }
    return !(key.type.from_file && is_off(path));
  }

  bool needs_one_environment() const {
    if (params_.role == Role::migrate_env) return !params_.environment.empty();
    return params_.role == Role::api || params_.role == Role::worker;
  }

  // Returns whether `path` is in the section of a source that is off; such a source needs no secrets.
  bool is_off(const std::string& path) const {
    if (!path.starts_with("sources.")) return false;
    const config::Entry* mode = document_.find(path.substr(0, path.find('.', 8)) + ".mode");
    return mode && config::expand(mode->items.front(), params_.lookup).value_or("") == "off";
  }

  // A source that has a problem already is not checked: its check would only repeat that problem.
  void check_sources() {
    if (!params_.check_source || !holds(only(Role::up, Role::ingest), params_.role)) return;
    for (const auto& [name, source] : loaded_.settings.sources.generic) {
      const std::string section = "sources." + name + ".";
      const auto own = [&section](const Problem& problem) { return problem.key.starts_with(section); };
      if (source.mode == SourceMode::off || std::ranges::any_of(findings_.problems, own)) continue;
      if (const auto wrong = params_.check_source(name, source)) add_source_problem(section, *wrong);
    }
  }

  void add_source_problem(const std::string& section, const std::string& wrong) {
    const size_t colon = std::min(wrong.find(": "), wrong.size());
    const std::string key = section + wrong.substr(0, colon);
    std::string origin = document_.origin(key.substr(0, key.find('[')));
    if (origin == config::kDefaultOrigin) origin = document_.origin(section + "scheme");
    findings_.problems.push_back({origin, key, wrong.substr(std::min(colon + 2, wrong.size()))});
  }

  // When no environment is configured, the role starts and idles. When others are, but not this role's, --env is
  // mistyped.
  void check_environment() {
    if (!needs_one_environment()) return;
    std::string known;
    for (const auto& [section, origin] : document_.sections) {
      if (!section.starts_with("environments.")) continue;
      const std::string name = section.substr(section.find('.') + 1);
      if (name == params_.environment) return;
      known += (known.empty() ? "" : ", ") + name;
    }
    if (known.empty()) return;
    findings_.problems.push_back(
        {"--env", "environments." + params_.environment, "is not configured; configured are: " + known});
  }

  const LoadParams& params_;
  config::Document document_;
  std::filesystem::path data_dir_;
  config::Findings findings_;
  Loaded loaded_;
};

}  // namespace

std::expected<Loaded, std::vector<Problem>> load(const LoadParams& params) { return Loader(params).load(); }

Settings settings_of(const config::Effective& effective, const LoadParams& params) {
  Settings settings;
  config::store(settings, effective);
  complete(settings, effective.document, data_dir_of(effective.document, params));
  return settings;
}

}  // namespace vf::settings
