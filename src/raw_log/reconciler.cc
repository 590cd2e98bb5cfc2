#include "raw_log/reconciler.h"

#include <algorithm>

namespace vf::raw_log {

Result<Millis> Reconciler::step() {
  if (!loaded_) VF_TRY(load_progress());
  const Instant now = params_.clock.now();
  const Instant to = std::chrono::floor<std::chrono::hours>(now - params_.grace);
  const Instant reconciled_to = status_.reconciled_to;
  if (to <= reconciled_to) return std::max(Millis{1'000}, reconciled_to + lake::kTallySpan + params_.grace - now);
  VF_ASSIGN(const bool copied, is_copied(to));
  if (!copied) return params_.pause;
  VF_ASSIGN(const auto found,
            reconcile(params_.ports, {.from = reconciled_to, .to = to, .after = resume_}, params_.should_end));
  return record(found);
}

Result<void> Reconciler::load_progress() {
  VF_ASSIGN(const auto settings, params_.ports.outbox.settings());
  loaded_ = true;
  for (const auto& [key, value] : settings) {
    if (key != kReconciledSetting) continue;
    const size_t space = value.find(' ');
    const auto position = Position::parse(std::string_view(value).substr(0, space));
    const auto hour = parse_time(space == value.npos ? "" : std::string_view(value).substr(space + 1));
    if (!position || !hour) continue;
    resume_ = *position;
    status_.reconciled_to = *hour;
  }
  return {};
}

Result<bool> Reconciler::is_copied(Instant to) {
  VF_ASSIGN(const auto cursor, params_.ports.outbox.cursor(std::string(store::kRawLog)));
  VF_ASSIGN(const auto backlog, params_.ports.outbox.backlog(cursor.value_or(Position{})));
  return !backlog.oldest || *backlog.oldest >= to;
}

// A failed write is not retried: the next round finds the same events missing, or writes its own progress.
Millis Reconciler::record(const Reconciliation& found) {
  for (auto& write : repairs(found, params_.clock.now())) params_.writer.write(std::move(write), [](const auto&) {});
  const bool is_complete = found.missing_total == 0;
  if (is_complete) {
    resume_ = found.resume;
    params_.writer.write(
        store::PutSetting{std::string(kReconciledSetting), resume_.to_string() + " " + to_rfc3339(found.to)},
        [](const auto&) {});
  }
  if (is_complete) status_.reconciled_to = found.to;
  status_.hours += (found.to - found.from) / lake::kTallySpan;
  for (auto& [source, difference] : status_.difference) difference = 0;
  for (const auto& line : found.lines) status_.difference[line.source] += line.difference();
  return is_complete ? Millis{0} : params_.repair;
}

}  // namespace vf::raw_log
