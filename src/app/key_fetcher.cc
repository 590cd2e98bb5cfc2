#include "app/key_fetcher.h"

#include <fmt/format.h>

#include "http/client.h"

namespace vf::app {
namespace {

constexpr size_t kWaitingMax = 16;
// Deliveries wait for the answer, and must be answered within the provider's patience themselves.
constexpr std::chrono::milliseconds kConnectTimeout{1'000};
constexpr std::chrono::milliseconds kTimeout{2'000};

Result<std::string> fetch(const std::string& url) {
  auto client = http::Client::create({.allow_private = true});  // the address is the operator's own setting
  auto response = client->call({.method = "GET", .url = url, .connect_timeout = kConnectTimeout, .timeout = kTimeout});
  if (!response) return response.error();
  if (response->status != 200) return unavailable(fmt::format("{} answered {}", url, response->status));
  return std::move(response->body);
}

}  // namespace

KeyFetcher::KeyFetcher()
    : asks_({.waiting_max = kWaitingMax}, [](std::vector<Ask> asks) {
        for (const auto& ask : asks) ask.answer(fetch(ask.url));
      }) {}

void KeyFetcher::ask(std::string url, Answer answer) {
  Ask item{std::move(url), std::move(answer)};
  if (!asks_.submit(item, item.url.size())) item.answer(unavailable("no more keys are fetched now"));
}

}  // namespace vf::app
