// vf migrate dm|env|lake|all: migrates schemas to what this program knows, or lists what is pending.
#include <list>
#include <set>

#include "app/migrations.h"
#include "base/time.h"
#include "cli/families.h"
#include "cli/json.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

struct Options {
  bool check = false;
  std::string environment;
};

/// The migrations of one schema, pending or applied.
struct Outcome {
  std::string schema;
  app::Schema::Names names;             // pending migrations (with --check), else those just applied
  std::vector<std::string> newer = {};  // migrations that a newer vf applied and that this vf can run with
};

/// The schemas that a command names. Each is loaded from the configuration of its own role, so `migrate env` needs
/// nothing that concerns the shared store.
class Schemas {
 public:
  explicit Schemas(const Session& session) : session_(session) {}

  bool add_dm() {
    const settings::Settings* config = load(settings::Role::migrate_dm, {});
    if (config) all.push_back(app::shared_schema(config->ingest, clock_));
    return config != nullptr;
  }
  bool add_environments(const std::string& only) {
    const settings::Settings* config = load(settings::Role::migrate_env, only);
    if (!config) return false;
    for (const auto& [name, environment] : config->environments) {
      if (only.empty() || name == only) all.push_back(app::environment_schema(name, environment, clock_));
    }
    return true;
  }
  bool add_lake() {
    const settings::Settings* config = load(settings::Role::migrate_lake, {});
    if (config) all.push_back(app::lake_schema(config->ingest, clock_));
    return config != nullptr;
  }

  std::vector<app::Schema> all;

 private:
  const settings::Settings* load(settings::Role role, const std::string& environment) {
    auto loaded = settings::load(session_.load_params(role, environment));
    if (!loaded) {
      session_.reject(not_printed(std::move(loaded.error())));
      return nullptr;
    }
    for (const config::Problem& warning : not_printed(std::move(loaded->warnings)))
      session_.err() << "vf: warning: " << warning.text() << "\n";
    return &configs_.emplace_back(std::move(loaded->settings));
  }

  /// Removes the problems that were printed before: one that concerns several roles is printed once.
  std::vector<config::Problem> not_printed(std::vector<config::Problem> problems) {
    std::erase_if(problems, [this](const config::Problem& problem) { return !printed_.insert(problem.text()).second; });
    return problems;
  }

  const Session& session_;
  SystemClock clock_;
  std::set<std::string> printed_;
  std::list<settings::Settings> configs_;  // the schemas refer to them
};

int report(const Session& session, const std::vector<Outcome>& outcomes, bool check) {
  bool all_ok = true;
  Json schemas = Json::array();
  TextTable table({"SCHEMA", check ? "PENDING" : "APPLIED"});
  for (const auto& [schema, names, newer] : outcomes) {
    Json row = Json::object().set("schema", schema);
    if (names) {
      all_ok = all_ok && (!check || names->empty());
      row.set(check ? "pending" : "applied", *names).set("newer", newer);
      if (names->empty()) table.add({schema, "nothing"});
      for (const auto& name : *names) table.add({schema, name});
      for (const auto& name : newer) table.add({schema, name + " is of a newer version, this one can run with it"});
    } else {
      all_ok = false;
      row.set("error", names.error().message);
      session.fail({names.error().code, schema + ": " + names.error().message});
    }
    schemas.add(row);
  }
  session.out() << (session.json ? Json::object().set("ok", all_ok).set("schemas", schemas).dump() + "\n"
                                 : table.text());
  return all_ok ? kDone : kFailed;
}

Outcome migrate_one(const app::Schema& schema, bool check) {
  Outcome outcome{schema.name, check ? schema.pending() : schema.migrate()};
  if (!outcome.names) return outcome;
  auto newer = schema.newer();
  if (newer) {
    outcome.newer = std::move(*newer);
  } else {
    outcome.names = newer.error();
  }
  return outcome;
}

// Goes on with the other schemas when one fails.
int run(const Session& session, const Schemas& schemas, bool check) {
  std::vector<Outcome> outcomes;
  for (const app::Schema& schema : schemas.all) outcomes.push_back(migrate_one(schema, check));
  return report(session, outcomes, check);
}

struct Target {
  const char* name;
  const char* description;
  bool has_environments;
  bool (*add)(Schemas&, const Options&);  // false: the configuration is wrong, and its problems were printed
};

constexpr Target kTargets[] = {
    {"dm", "The shared store", false, [](Schemas& to, const Options&) { return to.add_dm(); }},
    {"env", "The environments' stores", true,
     [](Schemas& to, const Options& options) { return to.add_environments(options.environment); }},
    {"lake", "The raw event log", false, [](Schemas& to, const Options&) { return to.add_lake(); }},
    {"all", "All of them", true,
     [](Schemas& to, const Options& options) {
       const bool dm = to.add_dm();
       const bool environments = to.add_environments(options.environment);
       return to.add_lake() && dm && environments;  // all three are called: each prints the problems of its part
     }},
};

void add(const Command& family, const Target& target) {
  auto options = std::make_shared<Options>();
  const Command command = family.add({target.name, target.description, [options, &target](Session& session) {
                                        Schemas schemas(session);
                                        if (!target.add(schemas, *options)) return kWrongUsage;
                                        return run(session, schemas, options->check);
                                      }});
  command.flag("--check", options->check, "Change nothing; exit with 1 when anything is pending or was changed");
  if (target.has_environments) command.option("--env", options->environment, "Of the environments, this one alone");
}

}  // namespace

void add_migrate(const Command& root) {
  const Command family = root.add_group("migrate", "Migrate the stores' schemas to what this version knows");
  for (const Target& target : kTargets) add(family, target);
}

}  // namespace vf::cli
