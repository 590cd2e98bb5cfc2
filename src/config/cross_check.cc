#include "config/cross_check.h"

#include <algorithm>

#include "config/place.h"
#include "config/resolve.h"
#include "config/suggest.h"
#include "config/units.h"

namespace vf::config {
namespace {

class Check {
 public:
  Check(const Config& config, const Document& document, const LoadParams& params)
      : config_(config), document_(document), params_(params) {}

  Findings run() {
    if (holds(only(Role::up, Role::ingest), params_.role)) {
      retention();
      ages();
      targets();
      credentials();
    }
    if (params_.role == Role::up) {
      sizes();
      listeners();
    }
    if (holds(only(Role::up, Role::api, Role::worker, Role::migrate_env), params_.role)) stores();
    return std::move(findings_);
  }

 private:
  std::string origin(const std::string& key) const {
    const Entry* entry = document_.find(key);
    return entry ? entry->origin : kDefaultOrigin;
  }
  void problem(const std::string& key, std::string what) {
    findings_.problems.push_back({origin(key), key, std::move(what)});
  }
  void warning(const std::string& key, std::string what) {
    findings_.warnings.push_back({origin(key), key, std::move(what)});
  }

  void retention() {
    if (config_.ingest.ledger_retention < config_.ingest.outbox_retention) {
      problem("ingest.retention.ledger", "must not be shorter than ingest.retention.outbox (" +
                                             format_duration(config_.ingest.outbox_retention) + ")");
    }
  }

  void age(const std::string& key, const std::optional<Millis>& max_age) {
    const Millis safe = config_.ingest.ledger_retention - std::chrono::days{1};
    if (origin(key) == kDefaultOrigin || (max_age && *max_age <= safe)) return;
    warning(key, "is longer than the ledger remembers less a day (" + format_duration(safe) +
                     "): a captured delivery could be accepted a second time");
  }

  void ages() {
    if (config_.sources.kick) age("sources.kick.max_age", config_.sources.kick->max_age);
    for (const auto& [name, source] : config_.sources.generic) {
      const auto tolerance = source.options.find("tolerance");
      if (tolerance == source.options.end()) {
        age("sources." + name + ".max_age", source.max_age);
      } else if (const auto wins = parse_duration(tolerance->second); wins || tolerance->second == "none") {
        age("sources." + name + ".tolerance", wins ? std::optional(*wins) : std::nullopt);
      }
    }
  }

  void targets() {
    std::vector<std::string> known;
    for (const auto& [section, origin] : document_.sections) {
      if (section.starts_with("sources.")) known.push_back(section.substr(section.find('.') + 1));
    }
    for (const auto& [name, target] : config_.targets) {
      if (target.retry_first > target.retry_longest) {
        problem("targets." + name + ".retry.first", "must not be longer than retry.longest");
      }
      for (const std::string& source : target.sources) {
        if (std::ranges::find(known, source) != known.end()) continue;
        const std::string meant = nearest(source, known);
        warning("targets." + name + ".sources",
                "no source is named " + source + (meant.empty() ? "" : "; did you mean " + meant + "?"));
      }
    }
  }

  // What is accepted must fit through every receiver, grown by base64 and its envelope.
  void sizes() {
    constexpr int64_t kEnvelope = 4096;
    const int64_t grown = config_.ingest.max_body.bytes / 3 * 4 + kEnvelope;
    for (const auto& [name, environment] : config_.environments) {
      if (environment.max_body.bytes >= grown) continue;
      problem("environments." + name + ".max_body",
              "is too small for the largest event that ingest.max_body lets in: at least " + std::to_string(grown) +
                  " bytes, or lower ingest.max_body");
    }
  }

  // A token travels in a header.
  void token(const std::string& key, const Secret& secret) {
    const auto control = [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; };
    if (std::ranges::any_of(secret.reveal(), control))
      problem(key, "holds a line break or a control character; one line is meant");
  }

  void credentials() {
    token("admin.token", config_.admin.token);
    token("admin.read_token", config_.admin.read_token);
    if (config_.admin.token.empty()) {
      warning("admin.token", "there is none: the admin API answers 401 to every operation");
    }
    const auto& x = config_.sources.x;
    if (x && x->mode != SourceMode::off) warning("sources.x.mode", "this version does not poll X yet");
  }

  void listeners() {
    std::map<std::string, std::string> keys;
    claim(keys, "ingest.listen", config_.ingest.listen.address);
    claim(keys, "admin.listen", config_.admin.listen.address);
    for (const auto& [name, environment] : config_.environments) {
      claim(keys, "environments." + name + ".listen", environment.listen.address);
    }
    if (params_.simulated) claim(keys, "sim.listen", config_.sim.listen.address);
  }

  static StoreUrl store_in(const Config& config, const std::string& environment) {
    if (environment.empty()) return config.ingest.store;
    const auto found = config.environments.find(environment);
    return found == config.environments.end() ? StoreUrl{} : found->second.store;
  }

  // A store of another role is known only where it is written out: a variable may differ from process to process, and
  // where only environments run nobody set the shared store's default.
  StoreUrl store_of(const Entry& entry) const {
    const StoreUrl own = store_in(config_, entry.name);
    if (own.kind != StoreUrl::Kind::none) return own;
    if (has_variables(entry.items.front()) || (entry.name.empty() && entry.origin == kDefaultOrigin)) return {};
    Config written;
    entry.key->store(written, entry.name, entry.items);
    return placed(store_in(written, entry.name), config_.data_dir);
  }

  // On PostgreSQL the shared store and an environment have schemas of their own (ingest, public): they can share.
  void stores() {
    std::map<std::string, std::string> holders;
    const StoreUrl shared = store_of(*document_.find("ingest.store"));
    if (shared.kind == StoreUrl::Kind::sqlite) holders.emplace(shared.location, "ingest.store");
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

  // Two keys must not name the same thing. Port 0 is any free port, and never the same.
  void claim(std::map<std::string, std::string>& keys, const std::string& key, const std::string& what) {
    if (what.empty() || what.ends_with(":0")) return;
    const auto [holder, fresh] = keys.try_emplace(what, key);
    if (!fresh) problem(key, "is the same as " + holder->second + "; give each its own");
  }

  const Config& config_;
  const Document& document_;
  const LoadParams& params_;
  Findings findings_;
};

}  // namespace

Findings cross_check(const Config& config, const Document& document, const LoadParams& params) {
  return Check(config, document, params).run();
}

}  // namespace vf::config
