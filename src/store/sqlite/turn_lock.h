// TurnLock: a mutex whose waiters get their turn. The committer gives the write lock up only to take it again at once;
// with a plain mutex, or SQLite's own lock, the checkpointer would wait for ever. Thread safe.
#pragma once

#include <mutex>

namespace vf::store::sqlite {

class TurnLock {
 public:
  /// Who waits here for the holder keeps the door closed behind itself: the holder that comes back stands second.
  std::unique_lock<std::mutex> take() {
    const std::lock_guard door(door_);
    return std::unique_lock(held_);
  }

 private:
  std::mutex door_;
  std::mutex held_;
};

}  // namespace vf::store::sqlite
