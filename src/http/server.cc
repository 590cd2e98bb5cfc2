#include "http/server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <future>

#include "http/connection.h"
#include "http/network_loop.h"
#include "platform/thread_name.h"

namespace vf::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// So many connections over the limit are served by a loop until the peer has read its 503. Any more are sent the 503
// and closed at once.
constexpr size_t kTurnedAwayMax = 128;
constexpr std::string_view kTurnAway =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::chrono::milliseconds kNoDescriptorPause{100};

Result<tcp::endpoint> parse_listen(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  const std::string port_text = colon == listen.npos ? "" : listen.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, bad] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  std::string host = listen.substr(0, std::min(colon, listen.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || port_text.empty() || bad != std::errc{} || end != port_text.data() + port_text.size()) {
    return invalid(fmt::format("'{}' is no address to listen on: write 127.0.0.1:8080 or [::1]:8080", listen));
  }
  return tcp::endpoint(address, port);
}

std::string peer_text(const sockaddr_storage& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (from.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text.data(), text.size());
  }
  std::string_view peer = text.data();
  constexpr std::string_view kMapped = "::ffff:";
  if (peer.starts_with(kMapped) && peer.contains('.')) peer.remove_prefix(kMapped.size());
  return std::string(peer);
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerParams params, Handler handler) : state_(std::move(params), std::move(handler)) {
    for (int i = 0; i < std::max(1, state_.params.threads); ++i)
      loops_.push_back(std::make_unique<NetworkLoop>(state_));
    acceptor_.emplace(loops_.front()->context());
    pause_.emplace(loops_.front()->context());
  }
  ~AsioServer() override { drain(std::chrono::milliseconds{0}); }

  Result<void> listen(const std::string& name);
  uint16_t port() const override { return endpoint_.port(); }
  std::string url() const override;
  ServerStats stats() const override;
  void drain(std::chrono::milliseconds at_most) override;

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<tcp, NetworkLoop::Executor>;
  using Timer =
      boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, NetworkLoop::Executor>;

  void wait_for_peers();
  void accept_peers();
  void admit(int fd, const sockaddr_storage& from);
  void find_place(Arrival arrival);
  void ask_for_place(Arrival arrival, size_t loop, size_t asked);
  void turn_away(Arrival arrival, size_t loop);
  void stop_accepting();

  ServerState state_;
  std::vector<std::unique_ptr<NetworkLoop>> loops_;
  std::optional<Acceptor> acceptor_;  // on the first loop
  std::optional<Timer> pause_;
  tcp::endpoint endpoint_;
  size_t next_loop_ = 0;
  bool running_ = false;
};

Result<void> AsioServer::listen(const std::string& name) {
  VF_ASSIGN(const auto wanted, parse_listen(state_.params.listen));
  error_code error;
  const auto step = [&](auto&& action) {
    if (!error) action();
  };
  step([&] { acceptor_->open(wanted.protocol(), error); });
  step([&] { acceptor_->set_option(tcp::acceptor::reuse_address(true), error); });
  step([&] { acceptor_->bind(wanted, error); });
  step([&] { acceptor_->listen(boost::asio::socket_base::max_listen_connections, error); });
  step([&] { acceptor_->non_blocking(true, error); });
  step([&] { endpoint_ = acceptor_->local_endpoint(error); });
  if (error) return unavailable(fmt::format("cannot listen on {}: {}", state_.params.listen, error.message()));
  wait_for_peers();
  const int count = static_cast<int>(loops_.size());
  for (int i = 0; i < count; ++i) loops_[static_cast<size_t>(i)]->start(platform::numbered_name(name, i, count));
  running_ = true;
  return {};
}

void AsioServer::wait_for_peers() {
  acceptor_->async_wait(tcp::acceptor::wait_read, [this](error_code error) {
    if (!error) accept_peers();
  });
}

void AsioServer::accept_peers() {
  for (;;) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = accept4(acceptor_->native_handle(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(fd, from);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return wait_for_peers();
    } else if (errno != ECONNABORTED && errno != EINTR) {
      break;
    }
  }
  // No file descriptor or memory is left. Waits before the next attempt, so that this does not become a busy loop.
  pause_->expires_after(kNoDescriptorPause);
  pause_->async_wait([this](error_code error) {
    if (!error) wait_for_peers();
  });
}

void AsioServer::admit(int fd, const sockaddr_storage& from) {
  ++state_.connections_total;
  Arrival arrival{.fd = fd, .ipv6 = from.ss_family == AF_INET6, .peer = peer_text(from)};
  if (state_.open >= state_.params.connections_max) return find_place(std::move(arrival));
  ++state_.open;
  loops_[next_loop_++ % loops_.size()]->adopt(std::move(arrival));
}

/// Asks the loop with the longest idle connection first. Loops without an idle connection are asked too: a connection
/// that is being handed to such a loop may be idle by then.
void AsioServer::find_place(Arrival arrival) {
  const auto longest = std::ranges::min_element(loops_, {}, [](const auto& loop) { return loop->idle_since(); });
  ask_for_place(std::move(arrival), static_cast<size_t>(longest - loops_.begin()), 0);
}

/// Asks one loop for a place, and the next one if its idle connections have become busy. Runs on the acceptor's thread
/// or on a loop's.
void AsioServer::ask_for_place(Arrival arrival, size_t loop, size_t asked) {
  if (asked == loops_.size()) return turn_away(std::move(arrival), loop);
  loops_[loop]->adopt_for_idle(std::move(arrival), [this, loop, asked](Arrival refused) {
    ask_for_place(std::move(refused), (loop + 1) % loops_.size(), asked + 1);
  });
}

void AsioServer::turn_away(Arrival arrival, size_t loop) {
  ++state_.connections_refused;
  if (state_.turned_away.fetch_add(1) >= kTurnedAwayMax) {
    --state_.turned_away;
    send(arrival.fd, kTurnAway.data(), kTurnAway.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    close(arrival.fd);
    return;
  }
  arrival.over_limit = true;
  loops_[loop]->adopt(std::move(arrival));
}

std::string AsioServer::url() const {
  const std::string host = endpoint_.address().to_string();
  return endpoint_.address().is_v6() ? fmt::format("http://[{}]:{}", host, endpoint_.port())
                                     : fmt::format("http://{}:{}", host, endpoint_.port());
}

ServerStats AsioServer::stats() const {
  size_t idle = 0;
  for (const auto& loop : loops_) idle += loop->idle_connections();
  return {
      .connections_open = state_.open,
      .connections_idle = idle,
      .connections_total = state_.connections_total,
      .connections_refused = state_.connections_refused,
      .connections_evicted = state_.connections_evicted,
      .requests_total = state_.requests_total,
      .responses_4xx = state_.responses_4xx,
      .responses_5xx = state_.responses_5xx,
      .malformed = state_.malformed,
      .timed_out = state_.timed_out,
  };
}

void AsioServer::stop_accepting() {
  std::promise<void> stopped;
  boost::asio::post(loops_.front()->context(), [&] {
    error_code error;
    acceptor_->close(error);
    pause_->cancel();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void AsioServer::drain(std::chrono::milliseconds at_most) {
  if (!std::exchange(running_, false)) return;
  state_.draining = true;
  stop_accepting();
  for (auto& loop : loops_) loop->drain();
  {
    std::unique_lock lock(state_.mutex);
    state_.emptied.wait_for(lock, at_most, [&] { return state_.open == 0 && state_.turned_away == 0; });
  }
  for (auto& loop : loops_) loop->abort();
  for (auto& loop : loops_) loop->join();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const std::string& name, ServerParams params, Handler handler) {
  auto server = std::make_unique<AsioServer>(std::move(params), std::move(handler));
  VF_TRY(server->listen(name));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace vf::http
