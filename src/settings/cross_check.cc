#include "settings/cross_check.h"

#include <algorithm>

#include "config/suggest.h"
#include "config/units.h"
#include "settings/rows.h"

namespace vf::settings {
namespace {

class Check {
 public:
  Check(const Settings& settings, const config::Document& document, const LoadParams& params)
      : settings_(settings), document_(document), params_(params) {}

  config::Findings run() {
    if (holds(only(Role::up, Role::ingest), params_.role)) {
      retention();
      ages();
      targets();
      operators();
    }
    if (holds(kListeners, params_.role)) tokens();
    if (params_.role == Role::up) {
      sizes();
      listeners();
    }
    if (holds(only(Role::up, Role::api, Role::worker, Role::migrate_env), params_.role)) stores();
    return std::move(findings_);
  }

 private:
  void problem(const std::string& key, std::string what) {
    findings_.problems.push_back({document_.origin(key), key, std::move(what)});
  }
  void warning(const std::string& key, std::string what) {
    findings_.warnings.push_back({document_.origin(key), key, std::move(what)});
  }

  void retention() {
    if (settings_.ingest.ledger_retention < settings_.ingest.outbox_retention) {
      problem("ingest.retention.ledger", "must not be shorter than ingest.retention.outbox (" +
                                             config::format_duration(settings_.ingest.outbox_retention) + ")");
    }
  }

  void age(const std::string& key, const std::optional<Millis>& max_age) {
    const Millis safe = settings_.ingest.ledger_retention - std::chrono::days{1};
    if (document_.origin(key) == config::kDefaultOrigin || (max_age && *max_age <= safe)) return;
    warning(key, "is longer than ingest.retention.ledger less a day (" + config::format_duration(safe) +
                     "): a captured delivery could be accepted a second time");
  }

  void guard(const std::string& key, const std::optional<Millis>& replay_guard) {
    if (!replay_guard || *replay_guard <= settings_.ingest.ledger_retention) return;
    problem(key, "must not be longer than ingest.retention.ledger (" +
                     config::format_duration(settings_.ingest.ledger_retention) + "), which keeps the bodies' digests");
  }

  void ages() {
    if (settings_.sources.kick) age("sources.kick.max_age", settings_.sources.kick->max_age);
    for (const auto& [name, source] : settings_.sources.generic) {
      const auto tolerance = source.options.find("tolerance");
      guard("sources." + name + ".replay_guard", source.replay_guard);
      if (tolerance == source.options.end()) {
        age("sources." + name + ".max_age", source.max_age);
      } else if (const auto wins = config::parse_duration(tolerance->second); wins || tolerance->second == "none") {
        age("sources." + name + ".tolerance", wins ? std::optional(*wins) : std::nullopt);
      }
    }
  }

  void targets() {
    std::vector<std::string> known;
    for (const auto& [section, origin] : document_.sections) {
      if (section.starts_with("sources.")) known.push_back(section.substr(section.find('.') + 1));
    }
    for (const auto& [name, configured] : settings_.targets) {
      const auto& [target, tuning] = configured;
      if (tuning.retry.first > tuning.retry.longest) {
        problem("targets." + name + ".retry.first", "must not be longer than retry.longest");
      }
      for (const std::string& source : target.sources) {
        if (std::ranges::find(known, source) != known.end()) continue;
        const std::string meant = config::nearest(source, known);
        warning("targets." + name + ".sources",
                "no source is named " + source + (meant.empty() ? "" : "; did you mean " + meant + "?"));
      }
    }
  }

  // Every receiver must accept the largest event, whose envelope is longer than its body, most of all with base64.
  void sizes() {
    constexpr size_t kEnvelope = 4096;
    const size_t grown = settings_.ingest.webhooks.body_bytes_max / 3 * 4 + kEnvelope;
    for (const auto& [name, environment] : settings_.environments) {
      if (environment.listener.body_bytes_max >= grown) continue;
      problem("environments." + name + ".max_body",
              "is too small for the largest event that ingest.max_body allows: at least " + std::to_string(grown) +
                  " bytes are needed, or a lower ingest.max_body");
    }
  }

  // A token must be valid in an HTTP header, and stand for one name.
  void token(std::map<std::string, std::string>& keys, const std::string& key, const Secret& secret) {
    const auto control = [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; };
    const std::string& text = secret.reveal();
    if (std::ranges::any_of(text, control))
      problem(key, "contains a line break or a control character; write the token on one line");
    if (text.empty()) return;
    const auto [holder, fresh] = keys.try_emplace(text, key);
    if (!fresh) problem(key, "is the same token as " + holder->second + "; give each its own");
  }

  void tokens() {
    const Admin& admin = settings_.admin;
    std::map<std::string, std::string> keys;  // by token
    token(keys, "admin.token", admin.token);
    token(keys, "admin.read_token", admin.read_token);
    for (const auto& [name, row] : admin.tokens) token(keys, "admin.tokens." + name + ".token", row.token);
  }

  void operators() {
    const auto operates = [](const auto& row) { return api::Rights(row.second.may).have(api::Right::operate); };
    if (!settings_.admin.token.empty() || std::ranges::any_of(settings_.admin.tokens, operates)) return;
    warning("admin.token", "no token may operate: the admin API refuses every operation");
  }

  void listeners() {
    std::map<std::string, std::string> keys;
    claim(keys, "ingest.listen", settings_.ingest.webhooks.listen);
    claim(keys, "admin.listen", settings_.admin.listen.address);
    for (const auto& [name, environment] : settings_.environments) {
      claim(keys, "environments." + name + ".listen", environment.listener.listen);
    }
    if (params_.simulated) claim(keys, "sim.listen", settings_.sim.listen.address);
  }

  static StoreUrl store_in(const Settings& settings, const std::string& environment) {
    if (environment.empty()) return settings.ingest.store;
    const auto found = settings.environments.find(environment);
    return found == settings.environments.end() ? StoreUrl{} : found->second.store;
  }

  // The store of another role is known only where the configuration spells it out: a variable may have another value in
  // another process, and the default of the shared store says nothing on a machine that runs only environments.
  StoreUrl store_of(const config::Entry& entry) const {
    const StoreUrl own = store_in(settings_, entry.name);
    if (own.kind != StoreUrl::Kind::none) return own;
    if (config::has_variables(entry.items.front()) || (entry.name.empty() && entry.origin == config::kDefaultOrigin))
      return {};
    Settings written;
    entry.key->store(written, entry.name, entry.items);
    return placed(store_in(written, entry.name), settings_.data_dir);
  }

  // On PostgreSQL the shared store and one environment may share a database: each has a schema of its own (ingest,
  // public).
  void stores() {
    std::map<std::string, std::string> holders;
    const StoreUrl shared = store_of(*document_.find("ingest.store"));
    if (shared.kind == StoreUrl::Kind::sqlite) holders.emplace(databases_of(shared).front(), "ingest.store");
    for (const auto& [path, entry] : document_.entries) {
      if (entry.key->path != "environments.*.store") continue;
      for (const std::string& database : databases_of(store_of(entry))) {
        const auto [holder, fresh] = holders.try_emplace(database, path);
        if (fresh || holder->second == path) continue;
        problem(path, "is the same database as " + holder->second + "; give each its own");
        break;
      }
    }
  }

  // Reports two keys with the same address. Port 0 means any free port, so two keys may have it.
  void claim(std::map<std::string, std::string>& keys, const std::string& key, const std::string& what) {
    if (what.empty() || what.ends_with(":0")) return;
    const auto [holder, fresh] = keys.try_emplace(what, key);
    if (!fresh) problem(key, "is the same as " + holder->second + "; give each its own");
  }

  const Settings& settings_;
  const config::Document& document_;
  const LoadParams& params_;
  config::Findings findings_;
};

}  // namespace

config::Findings cross_check(const Settings& settings, const config::Document& document, const LoadParams& params) {
  return Check(settings, document, params).run();
}

}  // namespace vf::settings
