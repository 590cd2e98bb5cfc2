// FunctionWriter: a Writer for tests that is one function.
#pragma once

#include <functional>
#include <utility>

#include "outbox/writer.h"

namespace vf::outbox {

class FunctionWriter final : public Writer {
 public:
  using Function = std::function<void(store::Write write, OnWritten done)>;
  explicit FunctionWriter(Function function) : function_(std::move(function)) {}

  void write(store::Write write, OnWritten done) override { function_(std::move(write), std::move(done)); }

 private:
  const Function function_;
};

}  // namespace vf::outbox
