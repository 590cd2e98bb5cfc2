#include "fanout/target_worker.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "platform/thread_name.h"

namespace vf::fanout {

// Mailbox: takes tasks for the worker's thread from any thread, and refuses them once it is closed at the worker's end.
class TargetWorker::Mailbox final : public outbox::Mailbox {
 public:
  explicit Mailbox(http::Client& client) : client_(&client) {}

  bool post(std::move_only_function<void()> task) override {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) return false;
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) client_->wake();
    return true;
  }

  std::vector<std::move_only_function<void()>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(tasks_, {});
  }

  void close() {
    const std::lock_guard lock(mutex_);
    client_ = nullptr;
  }

 private:
  std::mutex mutex_;
  http::Client* client_;
  std::vector<std::move_only_function<void()>> tasks_;
};

TargetWorker::TargetWorker(Params params)
    : clock_(params.clock),
      client_(std::move(params.client)),
      random_(params.seed),
      mailbox_(std::make_shared<Mailbox>(*client_)),
      writer_(params.writer, mailbox_),
      totals_(std::move(params.totals)) {}

Result<std::unique_ptr<TargetWorker>> TargetWorker::start(Target target, Params params) {
  auto& outbox = params.outbox;
  const Tuning tuning = params.tuning;
  const std::string thread_name = "target:" + target.name;
  auto on_dead = std::move(params.on_dead);
  auto trusted_now = std::move(params.trusted_now);
  std::unique_ptr<TargetWorker> worker(new TargetWorker(std::move(params)));
  DispatcherPorts ports{.outbox = outbox,
                        .writer = worker->writer_,
                        .transport = *worker->client_,
                        .clock = worker->clock_,
                        .random = worker->random_,
                        .trusted_now = std::move(trusted_now),
                        .on_dead = std::move(on_dead)};
  VF_ASSIGN(auto dispatcher, Dispatcher::create(std::move(target), std::move(ports), tuning));
  worker->dispatcher_ = std::move(dispatcher);
  worker->totals_->begin();
  worker->publish_status();
  worker->thread_ = platform::named_thread(thread_name, [w = worker.get()] { w->run(); });
  return worker;
}

void TargetWorker::run() {
  for (;;) {
    woken_ = false;
    for (auto& task : mailbox_->take()) task();
    dispatcher_->saw_commit(committed());
    const Millis wait = dispatcher_->step();
    publish_status();
    if (stop_at_ && (dispatcher_->is_idle() || clock_.steady() >= *stop_at_)) return;
    client_->poll(wait);
  }
}

void TargetWorker::publish_status() {
  const std::lock_guard lock(mutex_);
  status_ = dispatcher_->status();
  totals_->report(status_);
  static_cast<Counts&>(status_) = totals_->get();
}

// Whoever is answered may ask for the status at once, and must find the order in it.
outbox::OnDone TargetWorker::once_visible(outbox::OnDone on_done) {
  return [this, on_done = std::move(on_done)](Result<void> result) {
    publish_status();
    on_done(std::move(result));
  };
}

Position TargetWorker::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

void TargetWorker::wake(Position newest) {
  {
    const std::lock_guard lock(mutex_);
    committed_ = std::max(committed_, newest);
  }
  if (!woken_.exchange(true)) client_->wake();
}

Status TargetWorker::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void TargetWorker::post(std::move_only_function<void()> task, outbox::OnDone on_closed) {
  if (!mailbox_->post(std::move(task))) on_closed(unavailable("the target's worker has stopped"));
}

void TargetWorker::set_mode(Mode mode, outbox::OnDone on_done) {
  post([this, mode, done = once_visible(on_done)] { dispatcher_->set_mode(mode, done); }, on_done);
}

void TargetWorker::resume(outbox::OnDone on_done) {
  post([this, done = once_visible(on_done)] { dispatcher_->resume(done); }, on_done);
}

void TargetWorker::row_changed(Uuid event_id) {
  mailbox_->post([this, event_id] { dispatcher_->row_changed(event_id); });
}

void TargetWorker::drain(Millis at_most) {
  const std::lock_guard lock(draining_);
  if (!thread_.joinable()) return;
  mailbox_->post([this, at_most] {
    dispatcher_->stop();
    stop_at_ = clock_.steady() + at_most;
  });
  thread_.join();
  mailbox_->close();
}

}  // namespace vf::fanout
