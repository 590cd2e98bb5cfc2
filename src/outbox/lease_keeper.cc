#include "outbox/lease_keeper.h"

#include <utility>

namespace vf::outbox {
namespace {

// Fractions of a term. A holder renews the lease after a third of the term and stops working a sixth before its end.
// Other processes ask for the lease every sixth. A failed request is repeated after a twelfth, so that a holder learns
// within the margin that it lost the lease.
constexpr int kHolderAsks = 3;
constexpr int kMargin = 6;
constexpr int kOthersAsk = 6;
constexpr int kAskAgain = 12;
constexpr Millis kAnswerPoll{10};  // how often to check for the answer to a request under way

}  // namespace

LeaseKeeper::LeaseKeeper(Params params) : params_(std::move(params)) {}

Millis LeaseKeeper::step() {
  const SteadyTime now = params_.clock.steady();
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->asking) return kAnswerPoll;
    const bool is_ours_for_good = params_.exclusive && state_->epoch != 0;
    if (state_->released || is_ours_for_good) return params_.span;
    if (now < state_->next_question) return std::chrono::ceil<Millis>(state_->next_question - now);
    state_->asking = true;
  }
  params_.writer.write(
      store::TakeLease{params_.name, params_.holder, params_.span},
      [state = state_, asked_at = now, &clock = params_.clock, span = params_.span](const auto& result) {
        const std::lock_guard lock(state->mutex);
        state->asking = false;
        state->next_question = clock.steady() + span / kAskAgain;
        if (!result) return;  // a term that this process has goes on to its end
        const auto& taken = std::get<store::LeaseTaken>(*result);
        state->holder = taken.holder;
        state->epoch = taken.granted && !state->released ? taken.epoch : 0;
        state->until = asked_at + span - span / kMargin;
        state->next_question = asked_at + span / (taken.granted ? kHolderAsks : kOthersAsk);
      });
  return kAnswerPoll;
}

std::optional<int64_t> LeaseKeeper::epoch() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->epoch == 0) return std::nullopt;
  if (!params_.exclusive && params_.clock.steady() >= state_->until) return std::nullopt;
  return state_->epoch;
}

std::string LeaseKeeper::holder() const {
  const std::lock_guard lock(state_->mutex);
  return state_->holder;
}

void LeaseKeeper::release() {
  {
    const std::lock_guard lock(state_->mutex);
    const bool may_hold = state_->epoch != 0 || state_->asking;  // a request under way may yet be granted
    if (std::exchange(state_->released, true) || !may_hold) return;
    state_->epoch = 0;
  }
  params_.writer.write(store::DropLease{params_.name, params_.holder}, [](const auto&) {});
}

}  // namespace vf::outbox
