#include "outbox/lease_keeper.h"

#include <utility>

namespace vf::outbox {
namespace {

// Parts of a term. A holder renews after a third and stops a sixth before the end; other processes ask every sixth; a
// request that failed is repeated after a twelfth, so a holder learns within the margin that it lost the lease.
constexpr int kHolderAsks = 3;
constexpr int kMargin = 6;
constexpr int kOthersAsk = 6;
constexpr int kAskAgain = 12;
constexpr Millis kAnswerPoll{10};  // for an answer under way

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
        if (!result) return;  // the term we have goes on to its end
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
    const bool may_hold = state_->epoch != 0 || state_->asking;  // what is asked now may yet be granted
    if (std::exchange(state_->released, true) || !may_hold) return;
    state_->epoch = 0;
  }
  params_.writer.write(store::DropLease{params_.name, params_.holder}, [](const auto&) {});
}

}  // namespace vf::outbox
