// KeyFetcher: gets a provider's public key over HTTP, on a thread of its own: network threads do not wait. Its owner
// drains it before whoever asked goes away. ask() is thread safe.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "concurrency/task_thread.h"

namespace vf::app {

class KeyFetcher {
 public:
  KeyFetcher();

  /// `answer` gets the body of a 200, once, on the fetcher's thread, within a few seconds; after drain() at once.
  using Answer = std::function<void(Result<std::string> body)>;
  void ask(std::string url, Answer answer);

  /// Answers what waits, then refuses.
  void drain() { fetches_.drain(); }

 private:
  concurrency::TaskThread fetches_;
};

}  // namespace vf::app
