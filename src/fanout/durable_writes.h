// DurableWrites: writes that must happen, whatever it takes: submitted again, with a pause, until the store has taken
// them. For exceptions, settings and moves, all of which may be written twice. Single-threaded: `then` runs where the
// write port's completions run.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "base/time.h"
#include "fanout/breaker.h"
#include "store/outbox_store.h"

namespace vf::fanout {

class DurableWrites {
 public:
  DurableWrites(store::WriteOutbox write, const Clock& clock) : write_(std::move(write)), clock_(clock) {}

  void write(store::Write what, std::function<void()> then) {
    ++pending_;
    submit(std::move(what), std::move(then));
  }

  /// Submits again what failed and has paused long enough.
  void resubmit() {
    while (!failed_.empty() && failed_.front().due <= clock_.steady()) {
      Failed first = std::move(failed_.front());
      failed_.pop_front();
      submit(std::move(first.what), std::move(first.then));
    }
  }

  size_t pending() const { return pending_; }
  /// When resubmit() has something to do.
  std::optional<Steady> due() const { return failed_.empty() ? std::nullopt : std::optional(failed_.front().due); }

 private:
  struct Failed {
    Steady due;
    store::Write what;
    std::function<void()> then;
  };
  static constexpr Millis kPause{500};

  void submit(store::Write what, std::function<void()> then) {
    auto kept = what;
    write_(std::move(what), [this, kept = std::move(kept), then = std::move(then)](auto result) mutable {
      if (!result) {
        failed_.push_back({clock_.steady() + kPause, std::move(kept), std::move(then)});
        return;
      }
      --pending_;
      then();
    });
  }

  store::WriteOutbox write_;
  const Clock& clock_;
  std::deque<Failed> failed_;  // the pause is the same for all, so the first is due first
  size_t pending_ = 0;
};

}  // namespace vf::fanout
