#include "fanout/target_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vf::fanout {
namespace {

using State = store::PutDelivery::State;

/// Returns the name of the target that is configured as the left one was, under another name; empty: there is none.
std::string renamed_to(const store::ConsumerRow& left, const std::vector<Target>& targets) {
  for (Target target : targets) {
    const std::string name = std::exchange(target.name, left.name);
    if (config_version(target) == left.config_version) return name;
  }
  return {};
}

std::string number(const store::Backlog& backlog) {
  return fmt::format("{}{}", backlog.rows, backlog.more ? " and more" : "");
}

std::string alarm_of(const LeftTarget& left, const std::string& renamed) {
  if (left.backlog.rows == 0 && left.waiting == 0 && left.dead == 0) return {};
  std::string why = "no longer configured";
  if (!renamed.empty()) {
    why += fmt::format(" under this name: {} has its url and filters, and does not get these events", renamed);
  }
  return fmt::format(
      "{}; {} events follow its cursor, {} wait for another attempt, {} are dead letters: to have them delivered, or "
      "to rename it without a loss, configure it as {} until they are; 'vf targets dismiss {}' ends this alarm",
      why, number(left.backlog), left.waiting, left.dead, left.name, left.name);
}

bool is_dismissed(const LeftTarget& left, const std::vector<store::PutSetting>& settings) {
  const auto dismissed = dismissed_setting(left.name, left.cursor);
  const auto found = std::ranges::find(settings, dismissed.key, &store::PutSetting::key);
  return found != settings.end() && found->value == dismissed.value;
}

}  // namespace

store::PutSetting dismissed_setting(const std::string& target, const std::optional<Position>& cursor) {
  return {.key = "target." + target + ".dismissed", .value = cursor ? cursor->to_string() : "no cursor"};
}

Result<LeftTarget> TargetWatch::read_left(const store::ConsumerRow& consumer,
                                          const std::vector<Target>& targets) const {
  auto& outbox = params_.outbox;
  LeftTarget left{.name = consumer.name};
  VF_ASSIGN(left.cursor, outbox.cursor(consumer.name));
  VF_ASSIGN(const auto purged, outbox.purged());
  // Once retention has removed events that it missed, nothing is left to be delivered without a gap.
  if (left.cursor && *left.cursor >= purged) {
    VF_ASSIGN(left.backlog, outbox.backlog(*left.cursor));
  }
  VF_ASSIGN(left.waiting, outbox.count_deliveries(consumer.name, State::retry, store::kBacklogRowsMax));
  VF_ASSIGN(left.dead, outbox.count_deliveries(consumer.name, State::dead, store::kBacklogRowsMax));
  left.alarm = alarm_of(left, renamed_to(consumer, targets));
  return left;
}

Result<TargetWatch::Known> TargetWatch::read_all() const {
  Known known;
  const auto targets = params_.targets();
  VF_ASSIGN(const auto settings, params_.outbox.settings());
  VF_ASSIGN(const auto consumers, params_.outbox.consumers());
  for (const auto& target : targets) known.dead[target.name] = 0;
  for (const auto& consumer : consumers) {
    if (known.dead.contains(consumer.name) || consumer.name == store::kRawLog) continue;
    VF_ASSIGN(auto left, read_left(consumer, targets));
    if (!left.alarm.empty() && !is_dismissed(left, settings)) known.left.push_back(std::move(left));
  }
  known.dead[std::string(store::kRawLog)] = 0;
  for (auto& [name, dead] : known.dead) {
    VF_ASSIGN(dead, params_.outbox.count_deliveries(name, State::dead, store::kBacklogRowsMax));
  }
  return known;
}

Result<void> TargetWatch::read() {
  auto known = read_all();
  const std::lock_guard lock(mutex_);
  known_ = known ? std::move(*known) : Known{};
  return known ? Result<void>() : Result<void>(known.error());
}

std::optional<int64_t> TargetWatch::dead_letters(const std::string& consumer) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.dead.find(consumer);
  return found == known_.dead.end() ? std::nullopt : std::optional(found->second);
}

std::vector<LeftTarget> TargetWatch::left() const {
  const std::lock_guard lock(mutex_);
  return known_.left;
}

void TargetWatch::dismissed(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_.left, [&name](const LeftTarget& left) { return left.name == name; });
}

std::string TargetWatch::alarm(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(known_.left, name, &LeftTarget::name);
  return found == known_.left.end() ? std::string{} : found->alarm;
}

}  // namespace vf::fanout
