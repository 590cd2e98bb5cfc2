#include "store/outbox_store.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::store {
namespace {

constexpr SkipReason kSkipReasons[] = {SkipReason::none, SkipReason::unwanted, SkipReason::dry_run,
                                       SkipReason::detached};
static_assert(std::size(kSkipReasons) == static_cast<size_t>(SkipReason::detached) + 1, "every SkipReason is parsed");

}  // namespace

std::string_view to_string(SkipReason skip_reason) {
  switch (skip_reason) {
    case SkipReason::none:
      return "sent";
    case SkipReason::unwanted:
      return "unwanted";
    case SkipReason::dry_run:
      return "dry-run";
    case SkipReason::detached:
      return "detached";
  }
  return "sent";
}

SkipReason parse_skip_reason(std::string_view name) {
  const auto* found = std::ranges::find(kSkipReasons, name, [](SkipReason each) { return to_string(each); });
  return found == std::end(kSkipReasons) ? SkipReason::none : *found;
}

Result<void> check_body_key(const AddEvent& add) {
  if (!add.body_key) return {};
  if (add.body_key->size() != kBodyKeyBytes) return invalid("a body key has 32 bytes");
  if (add.replay_guard <= Millis{0}) return invalid("a body key needs a replay guard");
  return {};
}

WriteResult to_write_result(RunResult result) {
  return std::visit([](auto&& each) { return WriteResult(std::forward<decltype(each)>(each)); }, std::move(result));
}

bool is_refusal(const Error& error) {
  return error.code == Code::conflict || error.code == Code::invalid || error.code == Code::not_found;
}

std::string pin_name(const std::string& consumer) { return consumer + ".pin"; }

std::string reason_after_retention(int64_t attempts, const std::string& reason) {
  return fmt::format(
      "no longer retried, because retention removed its event from the outbox after {} attempts; last: {}", attempts,
      reason);
}

}  // namespace vf::store
