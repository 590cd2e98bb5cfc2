#include "app/retention.h"

#include <future>
#include <memory>
#include <utility>

namespace vf::app {
namespace {

// After a full step the next follows at once. The pause after any other step is short, so that few rows become too old
// meanwhile: fifteen steps' worth at 15,000 events/s.
constexpr Millis kPause{5'000};
constexpr int64_t kRowsMax = 5'000;  // of each table: a few tens of milliseconds of SQLite's write lock

}  // namespace

Retention::Retention(Params params, outbox::Writer& writer)
    : params_(std::move(params)), writer_(writer), thread_("retention", kPause, [this] { return step(); }) {}

void Retention::drain(Millis) { thread_.stop(); }

Result<std::optional<store::RetentionStep>> Retention::due(const Params& params) {
  VF_ASSIGN(const auto now, params.time.now());
  if (!now) return std::optional<store::RetentionStep>();
  return std::optional(store::RetentionStep{.outbox_before = *now - params.configured.outbox_retention,
                                            .ledger_before = *now - params.configured.ledger_retention,
                                            .held_by = params.consumers,
                                            .rows_max = kRowsMax,
                                            .deliveries_before = *now - params.max_backlog});
}

Millis Retention::step() {
  auto step = due(params_);
  if (!step) {
    params_.services.log.warn("removing old rows of the shared store failed", {{"reason", step.error().message}});
    return kPause;
  }
  if (!*step) return kPause;
  auto removed = std::make_shared<std::promise<int64_t>>();
  auto answer = removed->get_future();
  writer_.write(std::move(**step), [&log = params_.services.log, removed](Result<store::WriteResult> result) {
    if (!result) log.warn("removing old rows of the shared store failed", {{"reason", result.error().message}});
    const auto* rows = result ? std::get_if<store::RowsRemoved>(&*result) : nullptr;
    removed->set_value(rows ? rows->removed : 0);
  });
  return answer.get() < kRowsMax ? kPause : Millis{0};
}

}  // namespace vf::app
