// Writer: the port by which consumers, operators and retention write to the shared store. The committer implements it;
// LeasedWriter and ThreadBoundWriter pass writes on to another Writer. Thread safe.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "store/outbox_store.h"

namespace vf::outbox {

/// Receives the outcome of one write. Called once.
using OnWritten = std::move_only_function<void(Result<store::WriteResult>)>;
/// Receives the outcome of an operator's request. Called once, from any thread.
using OnDone = std::function<void(Result<void>)>;

class Writer {
 public:
  virtual ~Writer() = default;
  /// Makes one durable write, in a transaction that it may share with other writes. `done` is called once, from any
  /// thread, never inside the call. Writes of one caller are applied in their order. Errors are those of
  /// OutboxStore::write().
  virtual void write(store::Write write, OnWritten done) = 0;
};

/// Returns an OnWritten that passes success or failure on to `done` and drops the value.
inline OnWritten completing(OnDone done) {
  return [done = std::move(done)](Result<store::WriteResult> result) {
    done(result ? Result<void>() : Result<void>(std::move(result).error()));
  };
}

/// Writes as the holder of one lease: sets the lease's epoch in every write that has a field for it.
class LeasedWriter final : public Writer {
 public:
  LeasedWriter(int64_t epoch, Writer& next) : epoch_(epoch), next_(next) {}

  void write(store::Write write, OnWritten done) override {
    std::visit(
        [this](auto& leased) {
          if constexpr (requires { leased.epoch; }) leased.epoch = epoch_;
        },
        write);
    next_.write(std::move(write), std::move(done));
  }

 private:
  const int64_t epoch_;
  Writer& next_;
};

/// Takes tasks that one consumer's thread runs, from any thread.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Returns false, and drops the task, once the consumer's thread takes no more.
  virtual bool post(std::move_only_function<void()> task) = 0;
};

/// Has every completion run on the thread of the writing consumer, by way of its mailbox.
class ThreadBoundWriter final : public Writer {
 public:
  ThreadBoundWriter(Writer& next, std::shared_ptr<Mailbox> mailbox) : next_(next), mailbox_(std::move(mailbox)) {}

  void write(store::Write write, OnWritten done) override {
    auto on_any_thread = [mailbox = mailbox_, done = std::move(done)](Result<store::WriteResult> result) mutable {
      mailbox->post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
    };
    next_.write(std::move(write), std::move(on_any_thread));
  }

 private:
  Writer& next_;
  const std::shared_ptr<Mailbox> mailbox_;  // shared with the completions, which may come after the consumer's end
};

}  // namespace vf::outbox
