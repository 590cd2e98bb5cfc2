#include "upkeep/quarantine_job.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "receive/apply.h"
#include "upkeep/parameters.h"

namespace vf::upkeep {
namespace {

using store::Applied;
using store::QuarantinedEvent;

constexpr Millis kPeriod{3'600'000};
constexpr Millis kTimeout{3'000'000};
constexpr Millis kTimeoutOfDrop = std::chrono::hours{24};
constexpr Millis kAfterFailure{60'000};        // then the run continues; the next one is an hour away
constexpr Millis kAfterFailureOfAsked{1'000};  // a person waits
constexpr size_t kStepRows = 100;
constexpr size_t kTogetherBytesMax = 8u << 20;  // of envelopes that are projected in one transaction
constexpr int64_t kCountMax = 100'000'000;

void add(store::RunCounts& counts, const receive::RetryCounts& step) {
  counts["tried"] += static_cast<int64_t>(step.tried);
  counts["applied"] += static_cast<int64_t>(step.applied);
  counts["ignored"] += static_cast<int64_t>(step.ignored);
  counts["quarantined"] += static_cast<int64_t>(step.quarantined);
}

Result<jobs::Finish> retry_all(store::EnvironmentStore& store, const Clock& clock, jobs::Context& context) {
  store::RunProgress progress = context.run().progress;
  // Events that were tried after this time are left out, also when the run is resumed.
  const Instant begun = parse_time(progress.cursor).value_or(clock.now());
  progress.cursor = to_rfc3339(begun);
  while (!context.should_end()) {
    // If the clock went back, the run would read its own attempts again and never end.
    const Instant now = std::max(clock.now(), begun);
    const auto step = receive::retry_quarantined(store, now, begun);
    if (!step && step.error().code == Code::unavailable && context.wait(kAfterFailure)) continue;
    if (!step) return step.error();
    add(progress.counts, *step);
    progress.done += static_cast<int64_t>(step->tried);
    context.report(progress);
    if (step->tried == 0) return jobs::Finish::complete;
  }
  return jobs::Finish::interrupted;
}

/// A run over the events that match a filter. Without a clock it drops them.
class Work {
 public:
  struct Params {
    store::EnvironmentStore& store;
    const Clock* clock = nullptr;  // of a retry
    QuarantineSelection selection;
    jobs::Context& context;
  };
  explicit Work(Params params) : params_(std::move(params)), progress_(params_.context.run().progress) {}

  Result<jobs::Finish> run() {
    auto& context = params_.context;
    auto after = store::QuarantinePlace::parse(progress_.cursor).value_or(store::QuarantinePlace{});
    if (!progress_.of) VF_TRY(begin());
    for (size_t read = kStepRows; read == kStepRows;) {
      if (context.should_end()) return jobs::Finish::interrupted;
      auto stepped = step(after);
      if (!stepped && stepped.error().code == Code::unavailable && context.wait(kAfterFailureOfAsked)) continue;
      if (!stepped && context.should_end()) return jobs::Finish::interrupted;
      VF_ASSIGN(read, std::move(stepped));
    }
    return jobs::Finish::complete;
  }

 private:
  Result<void> begin() {
    VF_ASSIGN(progress_.of, params_.store.count_quarantined(kCountMax));
    progress_.counts["found"] = 0;
    if (!params_.selection.dry_run) {
      for (const char* name : {"applied", "ignored", "quarantined"}) {
        if (params_.clock != nullptr) progress_.counts[name] = 0;
      }
      if (params_.clock == nullptr) progress_.counts["dropped"] = 0;
      progress_.counts["skipped"] = 0;
    }
    params_.context.report(progress_);
    return {};
  }

  // Handles the events after `after`, and moves it. Returns the number of events read.
  Result<size_t> step(store::QuarantinePlace& after) {
    VF_ASSIGN(const auto rows, params_.store.quarantined_after(after, kStepRows));
    std::vector<Uuid> found;
    for (const auto& row : rows) {
      // What was quarantined since the run was asked for is left: no person has seen it.
      const bool is_later = row.quarantined_at > params_.context.run().asked_at;
      if (!is_later && params_.selection.filter.matches(row)) found.push_back(row.event_id);
    }
    store::RunCounts changed;
    if (!params_.selection.dry_run && !found.empty()) {
      VF_ASSIGN(changed, params_.clock != nullptr ? retry(found) : drop(found));
    }
    for (const auto& [name, count] : changed) progress_.counts[name] += count;
    progress_.counts["found"] += static_cast<int64_t>(found.size());
    progress_.done += static_cast<int64_t>(rows.size());
    if (!rows.empty()) after = place_of(rows.back());
    progress_.cursor = after.to_string();
    params_.context.report(progress_);
    return rows.size();
  }

  Result<store::RunCounts> drop(const std::vector<Uuid>& events) {
    VF_ASSIGN(const int64_t dropped, params_.store.drop_quarantined(events));
    return store::RunCounts{{"dropped", dropped}, {"skipped", std::ssize(events) - dropped}};
  }

  Result<store::RunCounts> retry(const std::vector<Uuid>& events) {
    store::RunCounts counts;
    std::vector<QuarantinedEvent> together;
    size_t bytes = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      VF_ASSIGN(auto waiting, params_.store.find_quarantined(events[i]));
      if (!waiting) ++counts["skipped"];
      if (waiting) bytes += together.emplace_back(std::move(*waiting)).envelope.size();
      if (bytes < kTogetherBytesMax && i + 1 < events.size()) continue;
      VF_ASSIGN(const auto statuses, receive::retry_events(params_.store, together, params_.clock->now()));
      for (const Applied status : statuses) {
        ++counts[status == Applied::duplicate ? "skipped" : std::string(store::to_string(status))];
      }
      together.clear();
      bytes = 0;
    }
    return counts;
  }

  const Params params_;
  store::RunProgress progress_;
};

}  // namespace

Result<QuarantineSelection> parse_quarantine_selection(const std::string& parameters) {
  VF_ASSIGN(const auto object, parameters_of(parameters, {"type", "reason", "before", "all", "dry_run"}));
  QuarantineSelection selection;
  auto& filter = selection.filter;
  VF_ASSIGN(filter.type, text_of(object, "type"));
  VF_ASSIGN(filter.reason, text_of(object, "reason"));
  VF_ASSIGN(filter.before, time_of(object, "before"));
  VF_ASSIGN(selection.all, flag_of(object, "all"));
  VF_ASSIGN(selection.dry_run, flag_of(object, "dry_run"));
  VF_TRY(check({.narrowed = filter.type || filter.reason || filter.before,
                .all = selection.all,
                .names = "type, reason or before",
                .everything = "every quarantined event"}));
  return selection;
}

jobs::Job retry_quarantine_job(store::EnvironmentStore& store, const Clock& clock) {
  const auto is_over_all = [](const std::string& parameters) { return parameters == "{}"; };
  return {.name = "retry-quarantine",
          .schedule = *jobs::Schedule::every(kPeriod),
          .timeout = kTimeout,
          .resumable = true,
          .at_start = true,
          .check = [is_over_all](const std::string& parameters) -> Result<void> {
            if (is_over_all(parameters)) return {};
            VF_TRY(parse_quarantine_selection(parameters));
            return {};
          },
          .run = [&store, &clock, is_over_all](jobs::Context& context) -> Result<jobs::Finish> {
            if (is_over_all(context.run().parameters)) return retry_all(store, clock, context);
            VF_ASSIGN(auto selection, parse_quarantine_selection(context.run().parameters));
            return Work({store, &clock, std::move(selection), context}).run();
          }};
}

jobs::Job drop_quarantine_job(store::EnvironmentStore& store) {
  return {.name = "drop-quarantine",
          .timeout = kTimeoutOfDrop,
          .resumable = true,
          .check = [](const std::string& parameters) -> Result<void> {
            VF_TRY(parse_quarantine_selection(parameters));
            return {};
          },
          .run = [&store](jobs::Context& context) -> Result<jobs::Finish> {
            VF_ASSIGN(auto selection, parse_quarantine_selection(context.run().parameters));
            return Work({store, nullptr, std::move(selection), context}).run();
          }};
}

}  // namespace vf::upkeep
