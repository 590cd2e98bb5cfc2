// vf quarantine list|show|retry|drop --env E: the events that an environment's projectors or its database refused.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "cli/admin_client.h"
#include "cli/body_text.h"
#include "cli/bulk.h"
#include "cli/families.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

struct Wanted {
  std::string environment, event;
  Bulk bulk;  // the filters of a list too

  std::string query() const { return "?environment=" + http::percent_encoded(environment); }
  std::string path(const char* action = "") const {
    return "quarantine/" + http::percent_encoded(event) + action + query();
  }
};

std::string list_table(const Json& answer) {
  TextTable table({"QUARANTINED", "ATTEMPTS", "TYPE", "ID", "REASON"});
  for (const auto& event : answer["quarantine"].items()) {
    table.add({event["quarantined_at"].shown(), event["attempts"].shown(), event["type"].shown(), event["id"].shown(),
               event["reason"].shown()});
  }
  return table.text();
}

std::string event_text(const Json& event) {
  const Json envelope = event["envelope"];
  std::string out =
      fmt::format("{}  {}  {}\n\n", event["id"].shown(), event["type"].shown(), envelope["subject"].shown());
  TextTable table({"reason", event["reason"].shown()});
  for (const char* name : {"quarantined_at", "attempted_at", "attempts", "source"}) {
    table.add({name, event[name].shown()});
  }
  for (const char* name : {"messageid", "time", "receivedtime", "sequence"}) {
    if (!envelope[name].is_null()) table.add({name, envelope[name].shown()});
  }
  const std::string body = envelope.is_text() ? envelope.text() + "\n" : body_text(envelope);
  return out + table.text() + (body.empty() ? "" : "\n") + body;
}

std::string retried(const Json& counts) {
  const auto count = [&counts](const char* name) { return counts[name].integer(); };
  std::string text = fmt::format("retried {}: {} applied", count("applied") + count("ignored") + count("quarantined"),
                                 count("applied"));
  if (count("ignored") > 0) text += fmt::format(", {} ignored", count("ignored"));
  text += fmt::format(", {} quarantined again", count("quarantined"));
  if (count("skipped") > 0) text += fmt::format("; {} were no longer in quarantine", count("skipped"));
  return text;
}

std::string dropped(const Json& counts) {
  const int64_t skipped = counts["skipped"].integer();
  return fmt::format("dropped {}{}", counts["dropped"].shown(),
                     skipped == 0 ? "" : fmt::format("; {} were no longer in quarantine", skipped));
}

constexpr BulkOperation kRetry{"retry-quarantine", "retry", "quarantined events", retried};
constexpr BulkOperation kDrop{"drop-quarantine", "drop", "quarantined events", dropped};

int list(const Session& session, const Wanted& wanted) {
  std::string path = "quarantine" + wanted.query() + "&limit=1000";
  for (const auto& [name, value] : {std::pair("type", wanted.bulk.type), std::pair("reason", wanted.bulk.reason),
                                    std::pair("before", wanted.bulk.before)}) {
    if (!value.empty()) path += fmt::format("&{}={}", name, http::percent_encoded(value));
  }
  return print_list(session, path, "quarantine", list_table);
}

// An event that is still refused is a negative answer.
int retry_one(const Session& session, const Wanted& wanted) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  const auto answer = client->call("POST", wanted.path("/retry"), {}, {"id", "status", "reason"});
  if (!answer) return session.fail(answer.error());
  const bool refused = (*answer)["status"].text() == "quarantined";
  if (session.json) {
    session.out() << answer->dump() << "\n";
  } else {
    session.out() << (refused ? "quarantined again: " + (*answer)["reason"].shown() : (*answer)["status"].shown())
                  << "\n";
  }
  return refused ? kFailed : kDone;
}

int on_one_or_many(const Session& session, const Wanted& wanted, const BulkOperation& operation) {
  if (wanted.event.empty()) {
    return operate_on_many(session,
                           {.operation = operation,
                            .bulk = wanted.bulk,
                            .environment = wanted.environment,
                            .missing = "which events? Give an id, a filter (--type, --reason, --before), or --all"});
  }
  if (is_for_many(wanted.bulk)) return session.misuse(kOneOrMany);
  return &operation == &kRetry ? retry_one(session, wanted) : operate(session, "DELETE", wanted.path());
}

Command add_for_environment(const Command& family, CommandParams params, Wanted& wanted) {
  const Command command = family.add(std::move(params));
  command.option("--env", wanted.environment, "The environment's name").required();
  return command;
}

void add_for_many(const Command& family, CommandParams params, const BulkOperation& operation) {
  auto wanted = std::make_shared<Wanted>();
  params.run = [wanted, &operation](Session& session) { return on_one_or_many(session, *wanted, operation); };
  const Command command = add_for_environment(family, std::move(params), *wanted);
  command.option("id", wanted->event, "Of one event: its id");
  command.option("--before", wanted->bulk.before, "All that were quarantined before this time");
  add_bulk_options(command, wanted->bulk, operation, "Every quarantined event of the environment");
}

}  // namespace

void add_quarantine(const Command& root) {
  const Command family = root.add_group("quarantine", "Events that an environment could not project");
  auto listed = std::make_shared<Wanted>();
  const auto run_list = [listed](Session& session) { return list(session, *listed); };
  const Command listing = add_for_environment(
      family, {"list", "Quarantined events with their reasons, the first one first", run_list}, *listed);
  listing.option("--type", listed->bulk.type, "Of this type; may end in *");
  listing.option("--reason", listed->bulk.reason, "Whose reason contains this text");
  listing.option("--before", listed->bulk.before, "Quarantined before this time (RFC 3339)");
  auto shown = std::make_shared<Wanted>();
  const auto show = [shown](Session& session) {
    return print_answer(session, shown->path(), {"id", "reason", "envelope"}, event_text);
  };
  add_for_environment(family, {"show", "One event with its envelope and the reason", show}, *shown)
      .option("id", shown->event, "The event's id")
      .required();
  add_for_many(family, {"retry", "Project events again, now: one, or all that match a filter", {}}, kRetry);
  add_for_many(family, {"drop", "Remove events for good: one, or all that match a filter", {}}, kDrop);
}

}  // namespace vf::cli
