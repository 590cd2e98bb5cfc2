// DurableWrites: submits writes, and submits each one again, half a second after a failure, until the store has taken
// the write or it is no longer wanted. Used for retries, dead letters, settings and moves of the cursor: a write whose
// outcome is unknown is repeated, and for these a second write of the same value is harmless. Single-threaded: once a
// write is durable, its `then` is called where the writer's completions run.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "base/time.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

class DurableWrites {
 public:
  DurableWrites(outbox::Writer& writer, const Clock& clock) : writer_(writer), clock_(clock) {}

  void write(store::Write what, std::function<void()> then) { write_while(nullptr, std::move(what), std::move(then)); }

  /// As write(), but a write that has failed is dropped, without a call of `then`, if wanted() is false by then.
  void write_while(std::function<bool()> wanted, store::Write what, std::function<void()> then) {
    ++pending_;
    submit({.due = {}, .what = std::move(what), .then = std::move(then), .wanted = std::move(wanted)});
  }

  /// Submits those failed writes again whose pause is over.
  void resubmit() {
    while (!failed_.empty() && failed_.front().due <= clock_.steady()) {
      Unwritten first = std::move(failed_.front());
      failed_.pop_front();
      if (first.wanted && !first.wanted()) {
        --pending_;
      } else {
        submit(std::move(first));
      }
    }
  }

  size_t pending() const { return pending_; }
  /// Returns when resubmit() must be called next; nullopt: no failed write waits.
  std::optional<SteadyTime> due() const { return failed_.empty() ? std::nullopt : std::optional(failed_.front().due); }

 private:
  struct Unwritten {
    SteadyTime due;  // after a failure: when to submit it again
    store::Write what;
    std::function<void()> then;
    std::function<bool()> wanted;  // empty: always wanted
  };
  static constexpr Millis kPause{500};

  void submit(Unwritten unwritten) {
    auto what = unwritten.what;
    writer_.write(std::move(what), [this, unwritten = std::move(unwritten)](auto result) mutable {
      if (!result) {
        unwritten.due = clock_.steady() + kPause;
        failed_.push_back(std::move(unwritten));
        return;
      }
      VF_INVARIANT(pending_ > 0);
      --pending_;
      unwritten.then();
    });
  }

  outbox::Writer& writer_;
  const Clock& clock_;
  std::deque<Unwritten> failed_;  // the pause is the same for all, so the first is due first
  size_t pending_ = 0;
};

}  // namespace vf::fanout
