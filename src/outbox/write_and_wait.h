// write_and_wait(): a write for threads that may block until it is committed, such as those of jobs. Thread safe.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "outbox/writer.h"

namespace vf::outbox {

/// Makes one durable write and returns its outcome. Not to be called by a thread that completes writes.
inline Result<store::WriteResult> write_and_wait(Writer& writer, store::Write write) {
  auto outcome = std::make_shared<std::promise<Result<store::WriteResult>>>();
  auto answer = outcome->get_future();
  writer.write(std::move(write),
               [outcome](Result<store::WriteResult> result) { outcome->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace vf::outbox
