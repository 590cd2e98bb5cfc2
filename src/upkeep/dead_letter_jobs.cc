#include "upkeep/dead_letter_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "fanout/target_mode.h"
#include "outbox/write_and_wait.h"
#include "upkeep/parameters.h"

namespace vf::upkeep {
namespace {

using store::PutDelivery;

constexpr size_t kStepRows = 100;  // some ms of a write lock; a run that is killed repeats one step
constexpr Millis kTimeout = std::chrono::hours{24};
constexpr Millis kAfterFailure{1'000};
constexpr int64_t kCountMax = 100'000'000;

/// Where a run is: the consumers before this one are done, and this one up to the position.
struct Place {
  std::string consumer;
  Position position;

  std::string to_string() const { return consumer + "/" + position.to_string(); }
  static Place parse(std::string_view text) {
    const size_t slash = text.rfind('/');
    const auto position = slash == text.npos ? std::nullopt : Position::parse(text.substr(slash + 1));
    return position ? Place{std::string(text.substr(0, slash)), *position} : Place{};
  }
};

bool matches_type(std::string_view type, std::string_view pattern) {
  return pattern.ends_with('*') ? type.starts_with(pattern.substr(0, pattern.size() - 1)) : type == pattern;
}

Result<void> check_target(const DeadLetterJobParams& params, const DeadLetterFilter& filter) {
  const auto known = params.consumers();
  if (!filter.target || std::ranges::find(known, *filter.target) != known.end()) return {};
  return not_found("no target is called " + *filter.target);
}

/// The work of one run.
class Work {
 public:
  enum class Act { retry, drop };
  Work(const DeadLetterJobParams& params, Act act, DeadLetterFilter filter, jobs::Context& context)
      : params_(params), act_(act), filter_(std::move(filter)), context_(context), progress_(context.run().progress) {}

  Result<jobs::Finish> run() {
    // A run may have waited while the hub was started again without the target.
    VF_TRY(check_target(params_, filter_));
    const auto consumers = chosen();
    const Place from = Place::parse(progress_.cursor);
    if (!progress_.of) VF_TRY(count(consumers));
    for (const auto& consumer : consumers) {
      if (consumer < from.consumer) continue;
      Position after = consumer == from.consumer ? from.position : Position{};
      for (size_t read = kStepRows; read == kStepRows;) {
        if (context_.should_end()) return jobs::Finish::interrupted;
        auto stepped = step(consumer, after);
        if (!stepped && stepped.error().code == Code::unavailable && context_.wait(kAfterFailure)) continue;
        if (!stepped && context_.should_end()) return jobs::Finish::interrupted;
        VF_ASSIGN(read, std::move(stepped));
      }
    }
    return jobs::Finish::complete;
  }

 private:
  // Sorted, so that a resumed run finds its place.
  std::vector<std::string> chosen() const {
    auto consumers = params_.consumers();
    if (filter_.target) std::erase_if(consumers, [this](const auto& name) { return name != *filter_.target; });
    std::ranges::sort(consumers);
    return consumers;
  }

  Result<void> count(const std::vector<std::string>& consumers) {
    int64_t all = 0;
    for (const auto& consumer : consumers) {
      VF_ASSIGN(const int64_t dead, params_.outbox.count_deliveries(consumer, PutDelivery::State::dead, kCountMax));
      all += dead;
    }
    progress_.of = all;
    progress_.counts = {{"found", 0}};
    if (!filter_.dry_run) progress_.counts[changed_name()] = progress_.counts["skipped"] = 0;
    context_.report(progress_);
    return {};
  }

  // Handles the next rows after `after`, and moves it. Returns the number of rows read.
  Result<size_t> step(const std::string& consumer, Position& after) {
    VF_ASSIGN(auto rows, params_.outbox.deliveries_after(consumer, after, kStepRows));
    std::vector<Uuid> found;
    int64_t dead = 0;
    for (const auto& row : rows) {
      if (row.state != PutDelivery::State::dead) continue;
      ++dead;
      VF_ASSIGN(const bool matched, matches(row));
      if (matched) found.push_back(row.event_id);
    }
    const auto number = static_cast<int64_t>(found.size());
    if (!filter_.dry_run) {
      VF_ASSIGN(const int64_t changed, change(consumer, std::move(found)));
      progress_.counts[changed_name()] += changed;
      progress_.counts["skipped"] += number - changed;
    }
    progress_.done += dead;
    progress_.counts["found"] += number;
    if (!rows.empty()) after = rows.back().position;
    progress_.cursor = Place{consumer, after}.to_string();
    context_.report(progress_);
    return rows.size();
  }

  // A letter that died since the run was asked for is left: the run itself may have retried it.
  Result<bool> matches(const PutDelivery& row) const {
    if (row.first_failed_at && *row.first_failed_at >= context_.run().asked_at) return false;
    if (filter_.reason && !row.reason.contains(*filter_.reason)) return false;
    if (!filter_.type && !filter_.before) return true;
    VF_ASSIGN(const auto event, params_.outbox.find(row.event_id));
    if (!event) return false;
    if (filter_.type && !matches_type(event->event.type, *filter_.type)) return false;
    return !filter_.before || event->event.received < *filter_.before;
  }

  // Changes all letters in one write. Returns how many of them were dead still.
  Result<int64_t> change(const std::string& consumer, std::vector<Uuid> events) {
    if (events.empty()) return 0;
    store::Write write = store::DropDeadLetters{.target = consumer, .events = events};
    if (act_ == Act::retry) {
      VF_TRY(wake(consumer));
      write = store::RetryDeadLetters{.target = consumer, .events = std::move(events), .due = params_.clock.now()};
    }
    VF_ASSIGN(const auto written, outbox::write_and_wait(params_.writer, std::move(write)));
    const auto* letters = std::get_if<store::DeadLettersChanged>(&written);
    return letters ? letters->changed : 0;
  }

  // The target may back off: whichever process works on it ends that, once a run.
  Result<void> wake(const std::string& consumer) {
    if (consumer == store::kRawLog || !woken_.insert(consumer).second) return {};
    VF_TRY(outbox::write_and_wait(params_.writer,
                                  fanout::wake_setting(consumer, fanout::Wake::receiver, params_.clock.now())));
    return {};
  }

  const char* changed_name() const { return act_ == Act::retry ? "retried" : "dropped"; }

  const DeadLetterJobParams& params_;
  const Act act_;
  const DeadLetterFilter filter_;
  jobs::Context& context_;
  store::RunProgress progress_;
  std::set<std::string> woken_;  // targets
};

jobs::Job make_job(std::string name, Work::Act act, DeadLetterJobParams params) {
  auto shared = std::make_shared<const DeadLetterJobParams>(std::move(params));
  return {.name = std::move(name),
          .timeout = kTimeout,
          .resumable = true,
          .check = [shared](const std::string& parameters) -> Result<void> {
            VF_ASSIGN(const auto filter, parse_dead_letter_filter(parameters));
            return check_target(*shared, filter);
          },
          .run = [shared, act](jobs::Context& context) -> Result<jobs::Finish> {
            VF_ASSIGN(auto filter, parse_dead_letter_filter(context.run().parameters));
            return Work(*shared, act, std::move(filter), context).run();
          }};
}

}  // namespace

Result<DeadLetterFilter> parse_dead_letter_filter(const std::string& parameters) {
  VF_ASSIGN(const auto object, parameters_of(parameters, {"target", "reason", "type", "before", "all", "dry_run"}));
  DeadLetterFilter filter;
  VF_ASSIGN(filter.target, text_of(object, "target"));
  VF_ASSIGN(filter.reason, text_of(object, "reason"));
  VF_ASSIGN(filter.type, text_of(object, "type"));
  VF_ASSIGN(filter.before, time_of(object, "before"));
  VF_ASSIGN(filter.all, flag_of(object, "all"));
  VF_ASSIGN(filter.dry_run, flag_of(object, "dry_run"));
  VF_TRY(check({.narrowed = filter.target || filter.reason || filter.type || filter.before,
                .all = filter.all,
                .names = "target, reason, type or before",
                .everything = "every dead letter of every target"}));
  return filter;
}

jobs::Job dead_retry_job(DeadLetterJobParams params) {
  return make_job("dead-retry", Work::Act::retry, std::move(params));
}

jobs::Job dead_drop_job(DeadLetterJobParams params) {
  return make_job("dead-drop", Work::Act::drop, std::move(params));
}

}  // namespace vf::upkeep
