#include "sources/key_fetcher.h"

#include <fmt/format.h>

#include "http/client.h"

namespace vf::sources {
namespace {

constexpr size_t kWaitingMax = 16;
// Deliveries wait for the key, and must themselves be answered within the provider's timeout.
constexpr std::chrono::milliseconds kConnectTimeout{1'000};
constexpr std::chrono::milliseconds kTimeout{2'000};

Error shutting_down() { return unavailable("shutting down: the provider's key was not fetched"); }
Error busy() { return unavailable("too many key fetches wait: the provider's key was not fetched"); }

Result<std::string> fetch(const std::string& url) {
  // The operator configured the address.
  auto client = http::Client::create({.allow_private = true, .body_bytes_max = KeyFetcher::kBodyBytesMax});
  VF_ASSIGN(auto response,
            client->call({.method = "GET", .url = url, .connect_timeout = kConnectTimeout, .timeout = kTimeout}));
  if (response.status != 200) return unavailable(fmt::format("{} answered {}", url, response.status));
  if (response.cut) return unavailable(fmt::format("{} answered 200, but {}", url, response.cut->reason));
  return std::move(response.body);
}

}  // namespace

KeyFetcher::KeyFetcher() : fetches_("key-fetcher", kWaitingMax) {}

void KeyFetcher::ask(std::string url, Answer answer) {
  auto call = std::make_shared<Answer>(std::move(answer));
  concurrency::TaskThread::Task task = [this, url = std::move(url), call] {
    (*call)(draining_ ? Result<std::string>(shutting_down()) : fetch(url));
  };
  if (!fetches_.post(task)) (*call)(draining_ ? shutting_down() : busy());
}

void KeyFetcher::drain() {
  draining_ = true;  // else each waiting fetch would take its own timeout
  fetches_.drain();
}

}  // namespace vf::sources
