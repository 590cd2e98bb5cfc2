#include "upkeep/reconciliation_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "outbox/write_and_wait.h"
#include "raw_log/reconciler.h"
#include "watch/store_clock.h"

namespace vf::upkeep {
namespace {

using nlohmann::json;
using raw_log::Reconciler;
using raw_log::ReconciliationRequest;
using raw_log::ReconciliationStatus;
using store::RunState;

constexpr Millis kPeriod{60'000};  // a round is due once an hour, or sooner when the feeder was behind
constexpr Millis kTimeout = std::chrono::hours{6};
constexpr std::string_view kDiffer = "differ: ";
constexpr size_t kRunsRead =
    10;  // among so many runs is one that compared hours; the others were an operator's, or failed

/// What the runs of this process share.
struct State {
  explicit State(const ReconciliationJobParams& p) : params(p), clock(p.ports.outbox, p.clock) {}
  const ReconciliationJobParams params;
  const watch::StoreClock clock;
  SteadyTime not_before{0};  // the feeder inserts what was missing; guarded by one run at a time
};

Result<jobs::Finish> run_rounds(State& state, jobs::Context& context) {
  const auto& [ports, writer, clock] = state.params;
  if (clock.steady() < state.not_before) return jobs::Finish::complete;
  Reconciler reconciler({.ports = ports, .writer = writer, .clock = state.clock, .should_end = [&context] {
                           return context.should_end();
                         }});
  Millis pause{0};
  while (pause == Millis{0}) {
    if (context.should_end()) return jobs::Finish::interrupted;
    const auto stepped = reconciler.step();
    if (!stepped && context.should_end()) return jobs::Finish::interrupted;
    if (!stepped) return stepped.error();
    pause = *stepped;
  }
  const auto& status = reconciler.status();
  if (pause == Reconciler::Params::kRepair) state.not_before = clock.steady() + pause;
  if (status.hours == 0) return jobs::Finish::complete;
  store::RunProgress progress{.done = status.hours, .of = status.hours, .counts = {{"hours", status.hours}}};
  for (const auto& [source, difference] : status.difference) {
    if (difference > 0) progress.counts[std::string(kDiffer) + source] = difference;
  }
  context.report(std::move(progress));
  return jobs::Finish::complete;
}

Result<jobs::Finish> verify(State& state, jobs::Context& context) {
  VF_ASSIGN(const auto request, parse_parameters(context.run().parameters));
  auto found = raw_log::reconcile(state.params.ports, {.from = request.from, .to = request.to},
                                  [&context] { return context.should_end(); });
  if (!found && context.should_end()) return jobs::Finish::interrupted;
  if (!found) return found.error();
  ReconciliationStatus status;
  status.from = found->from;
  status.to = found->to;
  status.rows_read = found->rows_read;
  status.difference = found->difference();
  if (request.repair) {
    for (auto& write : raw_log::repairs(*found, state.clock.now())) {
      VF_TRY(outbox::write_and_wait(state.params.writer, std::move(write)));
    }
    status.repaired = found->missing_total;
  }
  status.lines = std::move(found->lines);
  const int64_t hours = (status.to - status.from) / lake::kTallySpan;
  context.report({.done = hours,
                  .of = hours,
                  .counts = {{"hours", hours}, {"differ", status.difference}, {"repaired", status.repaired}},
                  .cursor = to_text(status)});
  return jobs::Finish::complete;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Reads what to_text() wrote.
void read_text(std::string_view text, ReconciliationStatus& status) {
  const auto lines = split(text, '\n');
  if (lines.empty()) return;
  const auto head = split(lines.front(), '\t');
  if (head.size() != 5) return;
  status.from = from_unix_millis(number(head[0]));
  status.to = from_unix_millis(number(head[1]));
  status.rows_read = number(head[2]);
  status.difference = number(head[3]);
  status.repaired = number(head[4]);
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto values = split(lines[i], '\t');
    if (values.size() != 8) continue;
    status.lines.push_back({.hour = from_unix_millis(number(values[0])),
                            .source = std::string(values[1]),
                            .outbox = number(values[2]),
                            .lake = number(values[3]),
                            .missing = number(values[4]),
                            .dead_letters = number(values[5]),
                            .repeated = number(values[6]),
                            .unknown = number(values[7])});
  }
}

bool is_verification(const store::Run& run) { return !run.due && run.parameters != "{}"; }

}  // namespace

jobs::Job reconciliation_job(const ReconciliationJobParams& params) {
  auto state = std::make_shared<State>(params);
  return {.name = std::string(kReconciliationJob),
          .schedule = *jobs::Schedule::every(kPeriod),
          .timeout = kTimeout,
          .resumable = true,
          .check = [](const std::string& parameters) -> Result<void> {
            if (parameters == "{}") return {};
            VF_TRY(parse_parameters(parameters));
            return {};
          },
          .run =
              [state](jobs::Context& context) {
                return is_verification(context.run()) ? verify(*state, context) : run_rounds(*state, context);
              }};
}

std::string to_parameters(const ReconciliationRequest& request) {
  return json{{"from", to_rfc3339(request.from)}, {"to", to_rfc3339(request.to)}, {"repair", request.repair}}.dump();
}

Result<ReconciliationRequest> parse_parameters(const std::string& parameters) {
  const json parsed = json::parse(parameters, nullptr, false);
  const auto time = [&parsed](const char* name) {
    return parsed.is_object() && parsed.value(name, json()).is_string() ? parse_time(parsed[name].get<std::string>())
                                                                        : std::nullopt;
  };
  const auto from = time("from"), to = time("to");
  const json repair = parsed.is_object() ? parsed.value("repair", json(false)) : json();
  if (!from || !to || !repair.is_boolean()) {
    return invalid(
        R"(the parameters are {"from": TIME, "to": TIME, "repair": true | false}, such as 2026-11-22T16:00:00Z)");
  }
  return ReconciliationRequest{.from = *from, .to = *to, .repair = repair.get<bool>()};
}

ReconciliationStatus status_of(const store::Run& run) {
  ReconciliationStatus status;
  status.error = run.error;
  if (const auto request = parse_parameters(run.parameters)) {
    status.from = request->from;
    status.to = request->to;
  }
  const bool open = run.state == RunState::waiting || run.state == RunState::running;
  status.state = open ? "running" : run.state == RunState::done ? "done" : "failed";
  if (status.state == "failed" && status.error.empty())
    status.error = fmt::format("the run is {}", to_string(run.state));
  if (run.state == RunState::done) read_text(run.progress.cursor, status);
  return status;
}

Result<std::optional<store::Run>> newest_verification(store::RunReads& reads) {
  VF_ASSIGN(auto runs, reads.runs({.job = std::string(kReconciliationJob), .asked_for = true, .rows_max = kRunsRead}));
  for (auto& run : runs) {
    if (is_verification(run)) return std::optional(std::move(run));
  }
  return std::optional<store::Run>();
}

std::string to_text(const ReconciliationStatus& status) {
  std::string text = fmt::format("{}\t{}\t{}\t{}\t{}\n", unix_millis(status.from), unix_millis(status.to),
                                 status.rows_read, status.difference, status.repaired);
  const bool all = status.lines.size() <= kLinesKeptMax;
  for (const auto& line : status.lines) {
    if (!all && line.difference() == 0) continue;
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", unix_millis(line.hour), line.source, line.outbox, line.lake,
                        line.missing, line.dead_letters, line.repeated, line.unknown);
  }
  return text;
}

std::map<std::string, int64_t> ReconciliationWatch::difference() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  if (read_at_ && now - *read_at_ < kReadEvery) return difference_;
  read_at_ = now;
  const auto runs = reads_.runs({.job = std::string(kReconciliationJob), .rows_max = kRunsRead});
  if (!runs) return difference_;
  for (const auto& run : *runs) {
    if (!run.due || !run.progress.counts.contains("hours")) continue;
    difference_.clear();
    for (const auto& [name, count] : run.progress.counts) {
      if (name.starts_with(kDiffer)) difference_[name.substr(kDiffer.size())] = count;
    }
    break;
  }
  return difference_;
}

void ReconciliationWatch::publish(const obs::Services& services, const std::vector<std::string>& sources) {
  for (const auto& source : sources) {
    services.metrics.gauge(
        "vf_raw_log_difference_events",
        "Events that are missing, repeated or unknown in the raw log, in the hours that the last round compared.",
        {{"source", source}}, [this, source] {
          const auto found = difference();
          const auto of_source = found.find(source);
          return of_source == found.end() ? 0.0 : static_cast<double>(of_source->second);
        });
  }
  services.health.report("raw log reconciliation", [this] {
    std::string text;
    for (const auto& [source, number] : difference()) {
      text += fmt::format("{}{} of {} differ from the outbox", text.empty() ? "" : "; ", number, source);
    }
    return text;
  });
}

}  // namespace vf::upkeep
