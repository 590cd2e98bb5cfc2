// KeyFetcher: fetches a provider's public key over HTTP on a thread of its own, so that network threads do not block.
// Drain it before the objects that its answers use end. ask() is thread safe.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/result.h"
#include "concurrency/task_thread.h"

namespace vf::sources {

class KeyFetcher {
 public:
  KeyFetcher();
  ~KeyFetcher() { drain(); }
  KeyFetcher(const KeyFetcher&) = delete;
  KeyFetcher& operator=(const KeyFetcher&) = delete;

  /// Calls `answer` once, within a few seconds, on the fetcher's thread: with the body of a 200, or an error. After
  /// drain(): at once, on the caller's thread, with an error.
  using Answer = std::function<void(Result<std::string> body)>;
  void ask(std::string url, Answer answer);

  /// Finishes the fetch in progress, answers waiting ones with an error, then refuses. Takes three seconds at most.
  void drain();

 private:
  std::atomic<bool> draining_ = false;
  concurrency::TaskThread fetches_;
};

}  // namespace vf::sources
