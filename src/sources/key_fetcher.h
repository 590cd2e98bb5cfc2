// KeyFetcher: gets a provider's public key over HTTP, on a thread of its own: network threads do not wait. Its owner
// drains it before whoever asked goes away. ask() is thread safe.
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

  /// `answer` gets the body of a 200, once, on the fetcher's thread, within a few seconds; after drain() at once.
  using Answer = std::function<void(Result<std::string> body)>;
  void ask(std::string url, Answer answer);

  /// Finishes the fetch under way, answers what waits with an error, then refuses. Takes three seconds at most.
  void drain();

 private:
  std::atomic<bool> draining_ = false;
  concurrency::TaskThread fetches_;
};

}  // namespace vf::sources
