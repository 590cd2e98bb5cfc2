// Session: runs statements on a ClickHouse server over HTTP. User and password travel in headers, settings in the URL;
// the answer is complete RowBinary, or an error. A session with several addresses keeps to one until that fails. Used
// by one thread at a time; any thread may call give_up(). https://clickhouse.com/docs/interfaces/http
//
// A status other than 200 decides, also when the rest of the answer is cut. A 200 that is cut (past answer_bytes_max or
// the time limit, or because the connection broke) is the error `unavailable`, since rows or an exception may be
// missing. Except past answer_bytes_max, which would be the same elsewhere, the next statement goes to the next
// address.
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

/// The server's addresses, and which of them is in use. The sessions of a lake share it, so that a session reads from
/// the replica that another session wrote to. Thread safe.
class Addresses {
 public:
  /// `urls` ("http://host:8123/") must not be empty.
  explicit Addresses(std::vector<std::string> urls) : urls_(std::move(urls)) {}
  size_t count() const { return urls_.size(); }
  size_t current() const { return current_; }
  const std::string& url(size_t which) const { return urls_[which]; }
  /// Switches to the next address, unless another session has already left the address `which`.
  void leave(size_t which) { current_.compare_exchange_strong(which, (which + 1) % urls_.size()); }

 private:
  const std::vector<std::string> urls_;
  std::atomic<size_t> current_{0};
};

struct SessionParams {
  std::shared_ptr<Addresses> addresses;
  std::string user, password{};
  std::string ca_pem{};  // certificate authorities for https; empty: the system's
  Compression compression = Compression::zstd;
  Millis connect_timeout{5'000};
  Millis timeout{60'000};      // for one statement, kept by the server
  Millis answer_grace{5'000};  // we wait this much longer, so that the server gives up first and sends the reason
  size_t answer_bytes_max = 256u << 20;  // of a result; a longer one is an error
};

/// Settings of one statement. They override the defaults of Session and those of the user's profile.
using Settings = std::vector<std::pair<std::string, std::string>>;

class Session {
 public:
  explicit Session(SessionParams params);

  /// Runs a statement that is harmless to repeat: when an address does not answer, the statement is sent to the next.
  /// `holds_text`: the answer contains text of events, which may look like an exception and must not be taken for one.
  Result<std::string> query(const std::string& sql, const Settings& settings = {}, bool holds_text = false);

  /// Runs an INSERT with `rows` in RowBinary. The statement is sent once at most, to one address. When that address
  /// does not answer, or its 200 is cut, insert() returns unavailable, the outcome is unknown, and the next statement
  /// goes to the next address.
  Result<void> insert(const std::string& sql, std::string_view rows, const Settings& settings);

  /// From now on no call waits for the server: the call under way and later calls return unavailable.
  void give_up();

 private:
  http::Outgoing request(const Settings& settings) const;
  /// Sends to the current address. After a network failure the next call uses the next address.
  Result<std::string> send(http::Outgoing request, bool holds_text);
  Result<http::Response> call(http::Outgoing request);

  const SessionParams params_;
  const std::unique_ptr<http::Client> client_;
  std::atomic<bool> given_up_{false};
  bool left_ = false;  // the last send() left its address
};

}  // namespace vf::lake::clickhouse
