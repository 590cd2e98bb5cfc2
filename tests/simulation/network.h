// Network: the network between the dispatchers and their receivers. It loses, repeats, delays and reorders requests,
// and loses answers after the receiver has committed. Single-threaded; messages move only when a call moves them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "receivers.h"

namespace vf::simulation {

class Network {
 public:
  explicit Network(Surroundings around) : random_(around.random), journal_(around.journal) {}

  void send(Receiver& to, http::Outgoing request, http::Completion done);
  /// Moves, loses or repeats one message.
  void move();
  /// Delivers every request and every answer.
  void deliver_all();
  /// The sending process is gone: answers to it are dropped. Requests that it sent may still arrive.
  void forget_sender() { ++senders_gone_; }

  bool gentle = false;  // true: move() delivers requests and answers, and neither loses nor repeats any
  bool is_empty() const { return requests_.empty() && answers_.empty(); }

 private:
  // The sender's side of a request, which is answered once at most.
  struct Pending {
    http::Completion done;
    uint64_t sender = 0;
  };
  struct Request {
    Receiver* to;
    http::Outgoing request;
    std::shared_ptr<Pending> pending;
  };
  struct Answer {
    std::shared_ptr<Pending> pending;
    Result<http::Response> response;
  };

  void check_identity(const Receiver& to, const http::Outgoing& request);
  void arrive(const Request& request);
  void answer(Pending& pending, Result<http::Response> response);
  void move_request();
  void move_answer();
  Request take_request(size_t index);

  Random& random_;
  Journal& journal_;
  uint64_t senders_gone_ = 0;
  std::vector<Request> requests_;
  std::vector<Answer> answers_;
  std::map<std::pair<const Receiver*, std::string>, std::string> bodies_;  // by receiver and webhook-id
};

}  // namespace vf::simulation
