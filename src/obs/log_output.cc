#include "obs/log_output.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>

#include "platform/thread_name.h"

namespace vf::obs {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kEndsWithin{500};
constexpr std::chrono::milliseconds kLooksEvery{50};  // whether the end has come, while the reader is slow

// Runs on the pool's thread alone, but for end().
class DescriptorSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  DescriptorSink(int fd, std::function<std::string(uint64_t)> about_dropped)
      : fd_(fd), about_dropped_(std::move(about_dropped)) {}

  /// `pool`: whose queue drops lines; it outlives its thread, which calls this sink.
  void watch(spdlog::details::thread_pool& pool) { pool_ = &pool; }

  /// From kEndsWithin after this call on, lines are dropped that cannot be written at once.
  void end() { ends_at_.store(SteadyClock::now() + kEndsWithin); }

  uint64_t dropped() const { return pool_.load()->overrun_counter() + unwritten_.load(); }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    std::string text;
    if (const uint64_t dropped = this->dropped(); dropped > reported_) {
      text = about_dropped_(dropped - reported_) + "\n";
      reported_ = dropped;
    }
    text.append(line.payload.data(), line.payload.size()).append("\n");
    if (!write_all(text)) ++unwritten_;
  }
  void flush_() override {}

  // Once poll() calls a pipe writable, PIPE_BUF bytes are written without waiting.
  bool write_all(std::string_view text) {
    while (!text.empty()) {
      if (!wait_until_writable()) return false;
      const ssize_t written = ::write(fd_, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
      if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (written > 0) text.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }

  bool wait_until_writable() {
    while (true) {
      pollfd waiting{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&waiting, 1, static_cast<int>(kLooksEvery.count())) > 0) return true;  // or fails, which write() finds
      if (SteadyClock::now() >= ends_at_.load()) return false;
    }
  }

  const int fd_;
  const std::function<std::string(uint64_t)> about_dropped_;
  std::atomic<spdlog::details::thread_pool*> pool_ = nullptr;
  std::atomic<SteadyClock::time_point> ends_at_{SteadyClock::time_point::max()};
  std::atomic<uint64_t> unwritten_ = 0;
  uint64_t reported_ = 0;
};

}  // namespace

struct LogOutput::State {
  State(int fd, std::function<std::string(uint64_t)> about_dropped)
      : sink(std::make_shared<DescriptorSink>(fd, std::move(about_dropped))),
        pool(std::make_shared<spdlog::details::thread_pool>(kLogLinesWaitingMax, 1,
                                                            [] { platform::name_this_thread("log"); })),
        logger(
            std::make_shared<spdlog::async_logger>("vf", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
    sink->watch(*pool);
  }

  const std::shared_ptr<DescriptorSink> sink;
  const std::shared_ptr<spdlog::details::thread_pool> pool;
  const std::shared_ptr<spdlog::async_logger> logger;
};

LogOutput::LogOutput(int fd, std::function<std::string(uint64_t)> about_dropped)
    : state_(std::make_unique<State>(fd, std::move(about_dropped))) {}

LogOutput::~LogOutput() { state_->sink->end(); }  // the pool's end waits for its thread, which empties the queue

void LogOutput::write(std::string_view line) {
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

uint64_t LogOutput::dropped() const { return state_->sink->dropped(); }

}  // namespace vf::obs
