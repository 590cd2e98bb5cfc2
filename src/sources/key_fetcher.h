// KeyFetcher: fetches a provider's public key over HTTP on a thread of its own, so that network threads do not block.
// Drain it before the objects end that the `answer` functions use. ask() is thread safe.
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

  /// An answer with a key takes some hundred bytes. A longer one comes from another server.
  static constexpr size_t kBodyBytesMax = 64u << 10;

  /// Fetches `url` and calls `answer` once, on the fetcher's thread: with the body of a 200, or with an error. A 200
  /// whose body is cut is an error too, because half a key is no key: longer than kBodyBytesMax, not complete after two
  /// seconds, or the connection broke. After drain(), or when too many fetches wait, it calls `answer` at once, on the
  /// caller's thread, with an error.
  using Answer = std::function<void(Result<std::string> body)>;
  void ask(std::string url, Answer answer);

  /// Finishes the fetch in progress and answers the waiting ones with an error. Takes three seconds at most.
  void drain();

 private:
  std::atomic<bool> draining_ = false;
  concurrency::TaskThread fetches_;
};

}  // namespace vf::sources
