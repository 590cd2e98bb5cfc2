#include "http/client.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.h"
#include "http/transfer.h"

namespace vf::http {

using namespace std::chrono_literals;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list.release());
  list.reset(longer);
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

/// Refuses wrong requests that curl would send all the same, or would refuse only when it sends them.
Result<void> check(const Outgoing& request) {
  if (request.method.empty() || has_line_break(request.method)) return invalid("a request's method is no token");
  const std::string scheme = to_lower(request.url.substr(0, request.url.find(':')));
  if ((scheme != "http" && scheme != "https") || has_line_break(request.url)) {
    return invalid("a request's URL is neither http:// nor https://");
  }
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || has_line_break(name) || has_line_break(value)) {
      return invalid(fmt::format("the header '{}' is empty or holds a line break", to_lower(trim(name))));
    }
  }
  return {};
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(ClientParams params);
  ~CurlClient() override;

  void send(Outgoing request, Completion done) override;
  size_t in_flight() const override { return transfers_.size() + refused_.size(); }
  void poll(std::chrono::milliseconds wait) override;
  void wake() override { curl_multi_wakeup(multi_); }

 private:
  struct Finished {
    Completion done;
    Result<Response> result;
  };

  EasyHandle idle_handle();
  void prepare(Transfer& transfer);
  void prepare_connection(CURL* easy);
  void prepare_body(Transfer& transfer);
  bool complete_finished();
  /// Ends the transfers whose body takes too long.
  void cut_late_bodies(std::vector<Finished>& finished);
  /// Returns `wait`, or less when a body's time ends earlier.
  std::chrono::milliseconds until_next_cut(std::chrono::milliseconds wait) const;
  Finished finish(CURL* easy, CURLcode code);

  const ClientParams params_;
  CURLM* multi_;
  HeaderList resolve_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::vector<Finished> refused_;  // requests refused before they were sent; the next poll() completes them
  std::vector<EasyHandle> idle_;
};

CurlClient::CurlClient(ClientParams params) : params_(std::move(params)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  VF_INVARIANT(ready == CURLE_OK);
  multi_ = curl_multi_init();
  VF_INVARIANT(multi_ != nullptr);
  const auto most = static_cast<long>(params_.connections_max);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
  for (const std::string& entry : params_.resolve) append(resolve_, entry);
}

CurlClient::~CurlClient() {
  for (const auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  transfers_.clear();
  idle_.clear();
  curl_multi_cleanup(multi_);
}

void CurlClient::send(Outgoing request, Completion done) {
  if (auto checked = check(request); !checked) {
    refused_.emplace_back(std::move(done), checked.error());
    return;
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->params = &params_;
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  transfer->easy = idle_handle();
  prepare(*transfer);
  CURL* const easy = transfer->easy.get();
  transfers_.emplace(easy, std::move(transfer));
  curl_multi_add_handle(multi_, easy);
}

EasyHandle CurlClient::idle_handle() {
  if (idle_.empty()) {
    EasyHandle fresh(curl_easy_init());
    VF_INVARIANT(fresh != nullptr);
    return fresh;
  }
  EasyHandle handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlClient::prepare(Transfer& transfer) {
  CURL* const easy = transfer.easy.get();
  const Outgoing& request = transfer.request;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  prepare_connection(easy);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  transfer.attach();
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request.once ? 1L : 0L);
  prepare_body(transfer);
}

void CurlClient::prepare_connection(CURL* easy) {
  constexpr long kDnsSecondsMax = 10;  // a new connection follows a change in the DNS after this
  curl_easy_setopt(easy, CURLOPT_PROXY, params_.proxy.c_str());  // "": none, whatever the environment says
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, kDnsSecondsMax);
  const auto age = std::chrono::ceil<std::chrono::seconds>(params_.connection_max_age);
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, std::max(1L, static_cast<long>(age.count())));
  if (resolve_) curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_.get());
  if (params_.ca_pem.empty()) return;
  curl_blob pem{const_cast<char*>(params_.ca_pem.data()), params_.ca_pem.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &pem);
}

void CurlClient::prepare_body(Transfer& transfer) {
  CURL* const easy = transfer.easy.get();
  const Outgoing& request = transfer.request;
  append(transfer.headers, "Expect:");  // otherwise curl waits for "100 Continue"
  bool has_content_type = false;
  for (const auto& [name, value] : request.headers) {
    has_content_type = has_content_type || equals_ignoring_case(name, "Content-Type");
    append(transfer.headers, value.empty() ? name + ";" : name + ": " + value);
  }
  if (!has_content_type) append(transfer.headers, "Content-Type:");  // otherwise curl adds a Content-Type of its own
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void CurlClient::poll(std::chrono::milliseconds wait) {
  int running = 0;
  curl_multi_perform(multi_, &running);
  if (complete_finished()) return;
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(until_next_cut(wait).count()), nullptr);
  curl_multi_perform(multi_, &running);
  complete_finished();
}

bool CurlClient::complete_finished() {
  std::vector<Finished> finished = std::exchange(refused_, {});
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) finished.push_back(finish(message->easy_handle, message->data.result));
  }
  cut_late_bodies(finished);
  for (Finished& one : finished) one.done(std::move(one.result));
  return !finished.empty();
}

std::chrono::milliseconds CurlClient::until_next_cut(std::chrono::milliseconds wait) const {
  if (!params_.body_timeout) return wait;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& [easy, transfer] : transfers_) {
    if (!transfer->body_until) continue;
    wait = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*transfer->body_until - now), 0ms, wait);
  }
  return wait;
}

void CurlClient::cut_late_bodies(std::vector<Finished>& finished) {
  if (!params_.body_timeout) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<CURL*> late;
  for (const auto& [easy, transfer] : transfers_) {
    if (transfer->body_until && *transfer->body_until <= now) late.push_back(easy);
  }
  for (CURL* easy : late) {
    transfers_.at(easy)->cut(Cut::By::time_limit, fmt::format("the body was not complete {} ms after its headers",
                                                              params_.body_timeout->count()));
    finished.push_back(finish(easy, CURLE_OPERATION_TIMEDOUT));
  }
}

CurlClient::Finished CurlClient::finish(CURL* easy, CURLcode code) {
  curl_multi_remove_handle(multi_, easy);  // closes the connection of a transfer that has not ended
  auto node = transfers_.extract(easy);
  Transfer& transfer = *node.mapped();
  auto result = transfer.result(code);
  curl_easy_reset(easy);  // the curl handle has pointers into the transfer
  idle_.push_back(std::move(transfer.easy));
  return {std::move(transfer.done), std::move(result)};
}

}  // namespace

std::unique_ptr<Client> Client::create(ClientParams params) { return std::make_unique<CurlClient>(std::move(params)); }

Result<Response> Client::call(Outgoing request) {
  std::optional<Result<Response>> answer;
  send(std::move(request), [&answer](Result<Response> result) { answer = std::move(result); });
  while (!answer) poll(std::chrono::milliseconds{1'000});
  return std::move(*answer);
}

std::optional<std::string_view> header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace vf::http
