// Session: statements to a ClickHouse server over HTTP: user and password in headers, settings in the URL, an answer
// in RowBinary that is complete or an error. Of several addresses it stays with the one that works. One thread at a
// time; give_up() by any. https://clickhouse.com/docs/interfaces/http
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/client.h"
#include "lake/clickhouse/compression.h"

namespace vf::lake::clickhouse {

/// Where the server answers, and which of these addresses is in use. Shared by the sessions of a lake, so that one
/// reads where the other wrote. Thread safe.
class Addresses {
 public:
  /// At least one: "http://host:8123/".
  explicit Addresses(std::vector<std::string> urls) : urls_(std::move(urls)) {}
  size_t count() const { return urls_.size(); }
  size_t current() const { return current_; }
  const std::string& url(size_t which) const { return urls_[which]; }
  /// To the next one, unless somebody has turned away from `which` already.
  void turn_from(size_t which) { current_.compare_exchange_strong(which, (which + 1) % urls_.size()); }

 private:
  const std::vector<std::string> urls_;
  std::atomic<size_t> current_{0};
};

struct SessionParams {
  std::shared_ptr<Addresses> addresses;
  std::string user, password{};
  std::string ca_pem{};  // certificates that https is trusted by; empty: the system's
  Compression compression = Compression::zstd;
  Millis connect_timeout{5'000};
  Millis timeout{60'000};      // of a statement, by the server's clock
  Millis answer_grace{5'000};  // how much longer the answer may take: the server gives up first, with a reason
  size_t answer_bytes_max = 256u << 20;
};

/// Settings of one statement, in the place of ours and of those of the user's profile.
using Settings = std::vector<std::pair<std::string, std::string>>;

class Session {
 public:
  explicit Session(SessionParams params);

  /// A statement that may be done twice. An address that does not answer is passed over for the next. `holds_text`:
  /// the answer holds what others wrote, which may look like an exception and is then no reason to take it for one.
  Result<std::string> query(const std::string& sql, const Settings& settings = {}, bool holds_text = false);

  /// An INSERT with its rows in RowBinary. Sent once at most, to one address; where that does not answer, the outcome
  /// is unknown (unavailable) and the next statement goes to the next address.
  Result<void> insert(const std::string& sql, std::string_view rows, const Settings& settings);

  /// Answers are waited for no longer: the call under way and later ones are unavailable.
  void give_up();

 private:
  http::Outgoing request(const Settings& settings) const;
  /// To the current address; network trouble turns to the next one.
  Result<std::string> send(http::Outgoing request, bool holds_text);
  Result<http::Response> call(http::Outgoing request);

  const SessionParams params_;
  const std::unique_ptr<http::Client> client_;
  std::atomic<bool> given_up_{false};
  bool turned_ = false;  // the last send() found its address at fault
};

}  // namespace vf::lake::clickhouse
