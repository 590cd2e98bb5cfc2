// FunctionTransport: a Transport for tests that is one function. Header only.
#pragma once

#include <functional>
#include <utility>

#include "http/client.h"

namespace vf::fanout {

class FunctionTransport final : public http::Transport {
 public:
  using Function = std::function<void(http::Outgoing request, http::Completion done)>;
  explicit FunctionTransport(Function function) : function_(std::move(function)) {}

  void send(http::Outgoing request, http::Completion done) override { function_(std::move(request), std::move(done)); }

 private:
  const Function function_;
};

}  // namespace vf::fanout
