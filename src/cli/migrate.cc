// vf migrate dm|env|lake|all: brings schemas to what this program knows, or says what is missing.
#include <CLI/CLI.hpp>
#include <list>
#include <nlohmann/json.hpp>
#include <set>

#include "app/migrations.h"
#include "base/time.h"
#include "cli/families.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

using nlohmann::json;

struct Options {
  bool check = false;
  std::string environment;
};

/// What one schema's turn came to.
struct Outcome {
  std::string schema;
  app::Schema::Names names;             // pending (with --check) or applied
  std::vector<std::string> newer = {};  // applied by a newer vf; this one can run with them
};

/// The schemas that a command names, each from the configuration of its own role: `migrate env` needs nothing of dm.
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
      session_.reject(untold(std::move(loaded.error())));
      return nullptr;
    }
    for (const config::Problem& warning : untold(std::move(loaded->warnings)))
      session_.err() << "vf: warning: " << warning.text() << "\n";
    return &configs_.emplace_back(std::move(loaded->settings));
  }

  /// What concerns several roles is told once.
  std::vector<config::Problem> untold(std::vector<config::Problem> problems) {
    std::erase_if(problems, [this](const config::Problem& problem) { return !told_.insert(problem.text()).second; });
    return problems;
  }

  const Session& session_;
  SystemClock clock_;
  std::set<std::string> told_;
  std::list<settings::Settings> configs_;  // the schemas refer to them
};

int report(const Session& session, const std::vector<Outcome>& outcomes, bool check) {
  bool well = true;
  json schemas = json::array();
  TextTable table({"SCHEMA", check ? "PENDING" : "APPLIED"});
  for (const auto& [schema, names, newer] : outcomes) {
    json row{{"schema", schema}};
    if (names) {
      well = well && (!check || names->empty());
      row[check ? "pending" : "applied"] = *names;
      row["newer"] = newer;
      if (names->empty()) table.add({schema, "nothing"});
      for (const auto& name : *names) table.add({schema, name});
      for (const auto& name : newer) table.add({schema, name + " is of a newer version, this one can run with it"});
    } else {
      well = false;
      row["error"] = names.error().message;
      session.fail({names.error().code, schema + ": " + names.error().message});
    }
    schemas.push_back(std::move(row));
  }
  session.out() << (session.json ? json{{"ok", well}, {"schemas", schemas}}.dump() + "\n" : table.text());
  return well ? kDone : kFailed;
}

Outcome turn(const app::Schema& schema, bool check) {
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

// One that fails keeps none of the others from its turn.
int run(const Session& session, const Schemas& schemas, bool check) {
  std::vector<Outcome> outcomes;
  for (const app::Schema& schema : schemas.all) outcomes.push_back(turn(schema, check));
  return report(session, outcomes, check);
}

struct Command {
  const char* name;
  const char* description;
  bool has_environments;
  bool (*add)(Schemas&, const Options&);  // false: the configuration is wrong, which was told
};

constexpr Command kCommands[] = {
    {"dm", "The shared store", false, [](Schemas& to, const Options&) { return to.add_dm(); }},
    {"env", "The environments' stores", true,
     [](Schemas& to, const Options& options) { return to.add_environments(options.environment); }},
    {"lake", "The raw event log", false, [](Schemas& to, const Options&) { return to.add_lake(); }},
    {"all", "All of them", true,
     [](Schemas& to, const Options& options) {
       const bool dm = to.add_dm();
       const bool environments = to.add_environments(options.environment);
       return to.add_lake() && dm && environments;  // each tells what is wrong with its part
     }},
};

void add(CLI::App& family, Session& session, const Command& command) {
  auto options = std::make_shared<Options>();
  CLI::App& added = add_command(family, session, {command.name, command.description, [options, &command](Session& s) {
                                                    Schemas schemas(s);
                                                    if (!command.add(schemas, *options)) return kWrongUsage;
                                                    return run(s, schemas, options->check);
                                                  }});
  added.add_flag("--check", options->check, "Change nothing; exit with 1 when anything is pending or was changed");
  if (command.has_environments) added.add_option("--env", options->environment, "Of the environments, this one alone");
}

}  // namespace

void add_migrate(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "migrate", "Bring the stores' schemas to what this version knows");
  for (const Command& command : kCommands) add(family, session, command);
}

}  // namespace vf::cli
