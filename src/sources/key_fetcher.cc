#include "sources/key_fetcher.h"

#include <fmt/format.h>

#include "http/client.h"

namespace vf::sources {
namespace {

constexpr size_t kWaitingMax = 16;
// Deliveries wait for the answer, and must be answered within the provider's patience themselves.
constexpr std::chrono::milliseconds kConnectTimeout{1'000};
constexpr std::chrono::milliseconds kTimeout{2'000};

Error none_now() { return unavailable("no more keys are fetched now"); }

Result<std::string> fetch(const std::string& url) {
  auto client = http::Client::create({.allow_private = true});  // the address is the operator's own setting
  VF_ASSIGN(auto response,
            client->call({.method = "GET", .url = url, .connect_timeout = kConnectTimeout, .timeout = kTimeout}));
  if (response.status != 200) return unavailable(fmt::format("{} answered {}", url, response.status));
  return std::move(response.body);
}

}  // namespace

KeyFetcher::KeyFetcher() : fetches_("key-fetcher", kWaitingMax) {}

void KeyFetcher::ask(std::string url, Answer answer) {
  auto call = std::make_shared<Answer>(std::move(answer));
  concurrency::TaskThread::Task task = [this, url = std::move(url), call] {
    (*call)(draining_ ? Result<std::string>(none_now()) : fetch(url));
  };
  if (!fetches_.post(task)) (*call)(none_now());
}

void KeyFetcher::drain() {
  draining_ = true;  // else whatever waits would have its own timeout
  fetches_.drain();
}

}  // namespace vf::sources
