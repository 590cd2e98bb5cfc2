// load: sends a pre-signed corpus to a listener and measures the answers. One thread, epoll, keep-alive.
//   load CORPUS HOST:PORT [--connections 64] [--seconds 10] [--rate R] [--skip K] [--sent FILE]
// Closed loop by default (a connection sends as soon as it is answered). With --rate it is open: requests are due at
// fixed times, and latency counts from when a request was due, so a stall is not hidden. --sent writes a line
// "<event id> <unix ms of its sending>" for each 2xx. It prints one JSON object. corpus.cc documents the corpus.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string corpus, host, sent_file;
  uint16_t port = 0;
  size_t connections = 64, skip = 0;
  double seconds = 10, rate = 0;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

// The corpus in memory: each record is eight digits (length), then the raw request.
class Corpus {
 public:
  explicit Corpus(const Options& options) {
    const int file = open(options.corpus.c_str(), O_RDONLY);
    struct stat status{};
    if (file < 0 || fstat(file, &status) != 0) fail("cannot read " + options.corpus);
    size_ = static_cast<size_t>(status.st_size);
    data_ = static_cast<const char*>(mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0));
    close(file);
    for (size_t i = 0; i < options.skip; ++i) next();
  }
  /// Empty when every record has been sent: ids must stay distinct, so it does not start over.
  std::string_view next() {
    if (at_ + 8 > size_) return {};
    const auto length = static_cast<size_t>(std::atol(std::string(data_ + at_, 8).c_str()));
    const std::string_view record(data_ + at_ + 8, length);
    at_ += 8 + length;
    return record;
  }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0, at_ = 0;
};

struct Connection {
  int socket = -1;
  std::string_view request;
  size_t written = 0;
  Clock::time_point due;
  int64_t sent_ms = 0;
  std::string answer;
};

struct Result {
  std::vector<uint32_t> latencies_us;
  size_t ok = 0, refused = 0, broken = 0;
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), corpus_(options_), epoll_(epoll_create1(0)) {
    if (!options_.sent_file.empty()) sent_ = std::fopen(options_.sent_file.c_str(), "w");
    connections_.resize(options_.connections);
    for (size_t i = 0; i < connections_.size(); ++i) connect(i);
  }

  void run() {
    const auto begun = Clock::now();
    const auto end =
        begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
    for (size_t i = 0; i < connections_.size(); ++i) idle_.push_back(i);
    size_t started = 0;
    while (!exhausted_ && Clock::now() < end) {
      start_due(begun, started);
      wait_for_answers(options_.rate > 0 ? 1 : 100);
    }
    const double took = std::chrono::duration<double>(Clock::now() - begun).count();
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    while (idle_.size() < connections_.size() && Clock::now() < deadline) wait_for_answers(50);
    if (sent_) std::fclose(sent_);
    report(took);
  }

 private:
  void connect(size_t index) {
    auto& connection = connections_[index];
    connection.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    if (::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect");
    const int one = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(connection.socket, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
  }

  void start_due(Clock::time_point begun, size_t& started) {
    while (!idle_.empty()) {
      auto due = Clock::now();
      if (options_.rate > 0) {
        due =
            begun + std::chrono::nanoseconds(static_cast<int64_t>(static_cast<double>(started) * 1e9 / options_.rate));
        if (due > Clock::now()) return;
      }
      auto& connection = connections_[idle_.back()];
      connection.request = corpus_.next();
      if (connection.request.empty()) {
        exhausted_ = true;
        return;
      }
      ++started;
      connection.due = due;
      connection.written = 0;
      connection.sent_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count();
      write(idle_.back());
      idle_.pop_back();
    }
  }

  void write(size_t index) {
    auto& connection = connections_[index];
    while (connection.written < connection.request.size()) {
      const auto rest = connection.request.substr(connection.written);
      const ssize_t n = ::send(connection.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) {
        epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = index}};
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
        return;
      }
      if (n < 0) return;  // the next read reports the broken connection
      connection.written += static_cast<size_t>(n);
    }
  }

  void wait_for_answers(int wait_ms) {
    epoll_event events[128];
    const int count = epoll_wait(epoll_, events, 128, wait_ms);
    for (int i = 0; i < count; ++i) {
      const size_t index = events[i].data.u64;
      if (events[i].events & EPOLLOUT) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index].socket, &event);
        write(index);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(index);
    }
  }

  void read(size_t index) {
    auto& connection = connections_[index];
    char buffer[4096];
    const ssize_t n = ::recv(connection.socket, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      ++result_.broken;
      close(connection.socket);
      connection.answer.clear();
      connect(index);
      idle_.push_back(index);
      return;
    }
    connection.answer.append(buffer, static_cast<size_t>(n));
    if (is_whole(connection.answer)) answered(index);
  }

  static bool is_whole(std::string_view answer) {
    const size_t head = answer.find("\r\n\r\n");
    if (head == std::string_view::npos) return false;
    std::string lower(answer.substr(0, head));
    std::ranges::transform(lower, lower.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    const size_t at = lower.find("content-length:");
    const size_t body = at == std::string::npos ? 0 : static_cast<size_t>(std::atol(lower.c_str() + at + 15));
    return answer.size() >= head + 4 + body;
  }

  void answered(size_t index) {
    auto& connection = connections_[index];
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.due).count();
    result_.latencies_us.push_back(static_cast<uint32_t>(took));
    const bool ok = connection.answer.size() > 9 && connection.answer[9] == '2';
    ++(ok ? result_.ok : result_.refused);
    if (ok && sent_) note_sent(connection);
    connection.answer.clear();
    idle_.push_back(index);
  }

  void note_sent(const Connection& connection) {
    constexpr std::string_view kField = "\"event_id\":\"";
    const size_t at = connection.answer.find(kField);
    if (at == std::string::npos) return;
    const auto id = connection.answer.substr(at + kField.size(), 36);
    std::fprintf(sent_, "%s %lld\n", id.c_str(), static_cast<long long>(connection.sent_ms));
  }

  void report(double took) {
    auto& all = result_.latencies_us;
    std::ranges::sort(all);
    const auto at = [&all](double share) {
      return all.empty()
                 ? 0.0
                 : static_cast<double>(
                       all[std::min(all.size() - 1, static_cast<size_t>(share * static_cast<double>(all.size())))]) /
                       1000;
    };
    std::printf(
        "{\"seconds\":%.3f,\"ok\":%zu,\"refused\":%zu,\"broken\":%zu,\"per_second\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%."
        "3f,"
        "\"p99_ms\":%.3f,\"max_ms\":%.3f,\"corpus_exhausted\":%s}\n",
        took, result_.ok, result_.refused, result_.broken, static_cast<double>(result_.ok) / took, at(0.5), at(0.9),
        at(0.99), at(1), exhausted_ ? "true" : "false");
  }

  Options options_;
  Corpus corpus_;
  int epoll_;
  FILE* sent_ = nullptr;
  std::vector<Connection> connections_;
  std::vector<size_t> idle_;
  bool exhausted_ = false;
  Result result_;
};

Options parse(int argc, char** argv) {
  if (argc < 3)
    fail("usage: load CORPUS HOST:PORT [--connections N] [--seconds S] [--rate R] [--skip K] [--sent FILE]");
  Options options;
  options.corpus = argv[1];
  const std::string address = argv[2];
  options.host = address.substr(0, address.find(':'));
  options.port = static_cast<uint16_t>(std::atoi(address.substr(address.find(':') + 1).c_str()));
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--connections")
      options.connections = std::strtoul(argv[i + 1], nullptr, 10);
    else if (key == "--seconds")
      options.seconds = std::atof(argv[i + 1]);
    else if (key == "--rate")
      options.rate = std::atof(argv[i + 1]);
    else if (key == "--skip")
      options.skip = std::strtoul(argv[i + 1], nullptr, 10);
    else if (key == "--sent")
      options.sent_file = argv[i + 1];
    else
      fail("unknown option " + std::string(key));
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Load(parse(argc, argv)).run();
  return 0;
}
