#include "lake/clickhouse/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "http/query.h"
#include "lake/engine_error.h"

namespace vf::lake::clickhouse {
namespace {

constexpr Millis kPoll{1'000};

// Codes that a replica sends when it has lost its keeper or is shutting down; another replica may work.
constexpr std::array kReplicaFailures = {225, 236, 242, 999};

std::string query_string(const Settings& settings) {
  std::string out;
  for (const auto& [name, value] : settings) {
    out += fmt::format("{}{}={}", out.empty() ? '?' : '&', name, http::percent_encoded(value));
  }
  return out;
}

int exception_code(const http::Response& response) {
  const auto header = http::header(response, "X-ClickHouse-Exception-Code");
  int code = 0;
  if (header) std::from_chars(header->data(), header->data() + header->size(), code);
  return code != 0 ? code : engine_code(response.body);
}

// Returns the error for an answer that is not 200 and has no code of the engine: a proxy may have sent it.
Error foreign_answer(const http::Response& response) {
  if (response.status == 401 || response.status == 403) {
    constexpr int kAuthenticationFailed = 516;
    return engine_error(kAuthenticationFailed, fmt::format("the server answers {}", response.status));
  }
  return unavailable(
      fmt::format("lake: the server answers {} without a ClickHouse exception{}", response.status,
                  response.status < 500 ? ": check that ingest.lake is the address of a ClickHouse server" : ""));
}

// Of a SELECT, rows may be missing; of an INSERT, an exception: its outcome is unknown, so no row may be refused for
// it.
Error cut_answer(const std::string& url, const http::Cut& cut) {
  const bool too_long = cut.by == http::Cut::By::size_limit;
  return unavailable(fmt::format("lake: {} answered 200, but {}{}", url, cut.reason,
                                 too_long ? ": ask for a shorter range of time" : ""));
}

}  // namespace

Session::Session(SessionParams params)
    : params_(std::move(params)),
      client_(http::Client::create({.allow_private = true,
                                    .connections_max = 2,
                                    .body_bytes_max = params_.answer_bytes_max,
                                    .ca_pem = params_.ca_pem})) {}

http::Outgoing Session::request(const Settings& settings) const {
  Settings all = settings;
  const auto unless_given = [&](std::string name, std::string value) {
    if (std::ranges::find(settings, name, &Settings::value_type::first) != settings.end()) return;
    all.emplace_back(std::move(name), std::move(value));
  };
  unless_given("default_format", "RowBinary");
  unless_given("wait_end_of_query", "1");  // no 200 before the statement has succeeded
  unless_given("max_execution_time", std::to_string(std::chrono::ceil<std::chrono::seconds>(params_.timeout).count()));
  http::Outgoing out;
  out.url = query_string(all);
  out.headers = {{"X-ClickHouse-User", params_.user}};
  if (!params_.password.empty()) out.headers.emplace_back("X-ClickHouse-Key", params_.password);
  out.connect_timeout = params_.connect_timeout;
  out.timeout = params_.timeout + params_.answer_grace;
  return out;
}

Result<std::string> Session::query(const std::string& sql, const Settings& settings, bool holds_text) {
  const http::Outgoing asked = request(settings);
  for (size_t tried = 1;; ++tried) {
    http::Outgoing out = asked;
    out.body = sql;
    auto answer = send(std::move(out), holds_text);
    if (answer || !left_ || tried >= params_.addresses->count()) return answer;
  }
}

Result<void> Session::insert(const std::string& sql, std::string_view rows, const Settings& settings) {
  Settings all = settings;
  all.emplace_back("query", sql + " FORMAT RowBinary");
  http::Outgoing out = request(all);
  out.once = true;
  out.body = compressed(rows, params_.compression);
  if (const auto encoding = content_encoding(params_.compression); !encoding.empty()) {
    out.headers.emplace_back("Content-Encoding", encoding);
  }
  const auto answer = send(std::move(out), false);
  if (!answer) return answer.error();
  return {};
}

void Session::give_up() {
  given_up_ = true;
  client_->wake();
}

Result<http::Response> Session::call(http::Outgoing request) {
  auto answer = std::make_shared<std::optional<Result<http::Response>>>();  // may be set after give_up()
  client_->send(std::move(request), [answer](Result<http::Response> result) { *answer = std::move(result); });
  while (!*answer) {
    if (given_up_) return unavailable("no answer before the hub stopped");
    client_->poll(kPoll);
  }
  return std::move(**answer);
}

Result<std::string> Session::send(http::Outgoing request, bool holds_text) {
  const size_t which = params_.addresses->current();
  const std::string& url = params_.addresses->url(which);
  const auto leave = [this, which] {
    left_ = true;
    params_.addresses->leave(which);
  };
  left_ = false;
  request.url.insert(0, url);
  auto response = call(std::move(request));
  if (!response) {
    Error error{response.error().code, fmt::format("lake: {}: {}", url, response.error().message)};
    leave();
    return error;
  }
  const int code = response->status == 200 ? 0 : exception_code(*response);
  if (code == 0 && response->status != 200) {
    leave();
    return foreign_answer(*response);
  }
  if (code != 0) {
    if (std::ranges::find(kReplicaFailures, code) != kReplicaFailures.end()) leave();
    return engine_error(code, response->body);
  }
  if (response->cut) {
    if (response->cut->by != http::Cut::By::size_limit) leave();  // another replica would send as much
    return cut_answer(url, *response->cut);
  }
  const auto tag = http::header(*response, "X-ClickHouse-Exception-Tag").value_or("");
  if (const auto late = late_exception(response->body, tag, holds_text)) return engine_error(*late);
  return std::move(response->body);
}

}  // namespace vf::lake::clickhouse
