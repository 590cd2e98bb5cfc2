#include "store/lease_keeper.h"

#include <utility>

namespace vf::store {
namespace {

constexpr int kAskedATerm = 3;    // two questions may fail before the term ends
constexpr int kMarginOfTerm = 6;  // a holder stops this part of its term early

}  // namespace

LeaseKeeper::LeaseKeeper(Params params) : params_(std::move(params)) {}

Millis LeaseKeeper::step() {
  const Millis pause = params_.span / kAskedATerm;
  {
    const std::lock_guard lock(state_->mutex);
    const bool settled = params_.exclusive && state_->epoch != 0;
    if (state_->asking || state_->given_back || settled) return pause;
    state_->asking = true;
  }
  const Steady asked_at = params_.clock.steady();
  params_.write(TakeLease{params_.name, params_.holder, params_.span},
                [state = state_, asked_at, span = params_.span](const Result<WriteResult>& result) {
                  const std::lock_guard lock(state->mutex);
                  state->asking = false;
                  if (!result) return;  // the term we have goes on to its end
                  const auto& taken = std::get<LeaseTaken>(*result);
                  state->holder = taken.holder;
                  state->epoch = taken.granted && !state->given_back ? taken.epoch : 0;
                  state->until = asked_at + span - span / kMarginOfTerm;
                });
  return pause;
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

void LeaseKeeper::give_back() {
  {
    const std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->given_back, true) || state_->epoch == 0) return;
    state_->epoch = 0;
  }
  params_.write(DropLease{params_.name, params_.holder}, [](const auto&) {});
}

WriteOutbox writing_under(int64_t epoch, WriteOutbox write) {
  return [epoch, write = std::move(write)](Write what, std::function<void(Result<WriteResult>)> done) {
    std::visit(
        [epoch](auto& w) {
          if constexpr (requires { w.epoch; }) w.epoch = epoch;
        },
        what);
    write(std::move(what), std::move(done));
  };
}

}  // namespace vf::store
