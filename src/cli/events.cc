// vf events list|show|tail: what came in, and one event's whole life.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kTailPause{500};

struct Search {
  std::string source, type, subject, from, to;
  int limit = 20;
};

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string path_of(const Search& search) {
  std::string path = fmt::format("events?limit={}", search.limit);
  const auto add = [&path](const char* name, const std::string& value) {
    if (!value.empty()) path += fmt::format("&{}={}", name, percent_encode(value));
  };
  add("source", search.source);
  add("type", search.type);
  add("subject", search.subject);
  add("from", search.from);
  add("to", search.to);
  return path;
}

int list(Session& session, const Search& search) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto answer = client->get(path_of(search));
  if (!answer) return session.fail(answer.error());
  if (session.json) {
    session.out() << answer->dump() << "\n";
    return kDone;
  }
  TextTable table({"RECEIVED", "TYPE", "SUBJECT", "ID"});
  for (const auto& event : (*answer)["events"]) {
    table.add({text(event, "receivedtime"), text(event, "type"), text(event, "subject"), text(event, "id")});
  }
  session.out() << table.text();
  return kDone;
}

// One step of a life: when, what.
void step(std::string& out, const std::string& when, const std::string& what) {
  out += fmt::format("  {:<26}{}\n", when, what);
}

std::string life_text(const json& life) {
  const auto& event = life["event"];
  std::string out = fmt::format("{}  {}  {}\n", text(event, "id"), text(event, "type"), text(event, "subject"));
  if (event.contains("messageid"))
    out += fmt::format("  message {}  sequence {}\n", text(event, "messageid"), text(event, "sequence"));
  out += "\n";
  if (life.contains("happened")) step(out, text(life, "happened"), "happened, by the provider's clock");
  step(out, text(life, "received"), "received");
  if (life.contains("committed")) step(out, text(life, "committed"), "committed, then acknowledged");
  const auto& log = life["raw_log"];
  const auto state = text(log, "state");
  step(out, text(log, "acked_at"),
       state == "written" ? "written to the raw log"
       : state == "none"  ? "no raw log"
                          : "waits for the raw log");
  for (const auto& delivery : life["deliveries"]) {
    const auto what = fmt::format("{} {}{}", text(delivery, "state"), delivery["state"] == "delivered" ? "to " : "for ",
                                  text(delivery, "target"));
    const auto attempts = delivery.contains("attempts") ? fmt::format(", attempt {}", delivery["attempts"].dump()) : "";
    const auto reason = delivery.contains("reason") ? ": " + text(delivery, "reason") : "";
    step(out, text(delivery, "acked_at"), what + attempts + reason);
  }
  for (const auto& environment : life["environments"]) {
    const auto reason = environment["reason"].is_null() ? "" : ": " + text(environment, "reason");
    step(out, text(environment, "at"),
         fmt::format("{} in {}{}", text(environment, "status"), text(environment, "name"), reason));
  }
  const bool encoded = event.contains("data_base64");
  if (encoded || event.contains("data")) {
    out += "\n" + (encoded ? "base64: " + text(event, "data_base64") : event["data"].dump(2)) + "\n";
  }
  return out;
}

int show(Session& session, const std::string& id) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto life = client->get("events/" + percent_encode(id));
  if (!life) return session.fail(life.error());
  session.out() << (session.json ? life->dump() + "\n" : life_text(*life));
  return kDone;
}

// What came after `newest`, newest first, page by page. At the very first: one page.
Result<std::vector<json>> events_since(AdminClient& client, const Search& search, const std::string& newest) {
  std::vector<json> found;
  for (std::string before;;) {
    VF_ASSIGN(auto answer, client.get(path_of(search) + (before.empty() ? "" : "&before=" + before)));
    for (auto& event : answer["events"]) {
      if (text(event, "sequence") <= newest) return found;
      found.push_back(std::move(event));
    }
    if (newest.empty() || answer["next_before"].is_null()) return found;
    before = text(answer, "next_before");
  }
}

// Oldest first, each once, until interrupted.
int tail(Session& session, Search search) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  std::string newest;
  for (;;) {
    auto events = events_since(*client, search, newest);
    if (!events) return session.fail(events.error());
    for (auto event = events->rbegin(); event != events->rend(); ++event) {
      newest = text(*event, "sequence");
      session.out() << (session.json ? event->dump()
                                     : fmt::format("{}  {}  {}  {}", text(*event, "receivedtime"), text(*event, "type"),
                                                   text(*event, "subject"), text(*event, "id")))
                    << "\n";
    }
    session.out().flush();
    if (!session.out()) return kDone;  // whoever read has gone
    search.limit = 1000;
    std::this_thread::sleep_for(kTailPause);
  }
}

void add_filters(CLI::App& command, const std::shared_ptr<Search>& search) {
  command.add_option("--source", search->source, "Of this source");
  command.add_option("--type", search->type, "Of this type; may end in '*'");
  command.add_option("--subject", search->subject, "About this subject, such as channel/123");
}

}  // namespace

void add_events(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "events", "What came in, and what became of it");
  auto search = std::make_shared<Search>();
  CLI::App& listing = add_command(
      family, session,
      {"list", "Events that the outbox holds, newest first", [search](Session& s) { return list(s, *search); }});
  add_filters(listing, search);
  listing.add_option("--from", search->from, "Received at or after this time (RFC 3339)");
  listing.add_option("--to", search->to, "Received before this time");
  listing.add_option("--limit", search->limit, "At most this many")->capture_default_str()->check(CLI::Range(1, 1000));
  auto id = std::make_shared<std::string>();
  CLI::App& showing =
      add_command(family, session, {"show", "One event's whole life", [id](Session& s) { return show(s, *id); }});
  showing.add_option("id", *id, "The event's id")->required();
  auto followed = std::make_shared<Search>();
  CLI::App& tailing = add_command(
      family, session,
      {"tail", "Events as they come in, until interrupted", [followed](Session& s) { return tail(s, *followed); }});
  add_filters(tailing, followed);
}

}  // namespace vf::cli
