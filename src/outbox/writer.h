// Writer: the port by which consumers, operators and retention write to the shared store. The committer implements it;
// LeasedWriter and ThreadBoundWriter pass writes on to another Writer. Thread safe.
#pragma once

#include <functional>
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

/// Hands every completion to `post`, which runs it on the writing consumer's own thread.
class ThreadBoundWriter final : public Writer {
 public:
  using Post = std::function<void(std::move_only_function<void()>)>;
  ThreadBoundWriter(Writer& next, Post post) : next_(next), post_(std::move(post)) {}

  void write(store::Write write, OnWritten done) override {
    next_.write(std::move(write), [post = post_, done = std::move(done)](Result<store::WriteResult> result) mutable {
      post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
    });
  }

 private:
  Writer& next_;
  const Post post_;
};

}  // namespace vf::outbox
