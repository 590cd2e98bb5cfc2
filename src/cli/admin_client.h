// AdminClient: calls the admin API of a running ingest. The configuration holds its URL and token. One thread.
//
// What was asked for and comes cut (longer than kAnswerBytesMax, or the connection broke) is an error that says so: a
// list or an event must not look shorter than it is. So is a 2xx that a hub does not give: another server, or a proxy,
// may stand at the address. Otherwise the status decides: a change that was answered 2xx and is cut is done. Long lists
// come in pages.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "cli/json.h"
#include "cli/session.h"
#include "http/client.h"

namespace vf::cli {

/// The longest answer that is read. It holds the longest event that ingest.max_body allows (64 MiB) in any form that
/// the API gives it: base64, or numbers written out, which take up to four times the bytes.
inline constexpr size_t kAnswerBytesMax = 512u << 20;

class AdminClient {
 public:
  struct Params {
    Address base;  // "http://127.0.0.1:8081"
    std::string token;
    size_t answer_bytes_max = kAnswerBytesMax;
  };
  explicit AdminClient(Params params);
  /// Returns nullopt when the configuration is wrong; its problems were printed, and the command returns kWrongUsage.
  /// Sends nothing yet.
  static std::optional<AdminClient> connect(const Session& session);

  /// The names that an object of an answer must have.
  using Fields = std::initializer_list<std::string_view>;
  /// Sends a request and returns the JSON object of the response. `path` is below /admin/v1/. An error's message is the
  /// API's own sentence. Error `unavailable`: no response came, or it was a 503, or the 2xx of a GET was cut. Error
  /// `internal`: a 2xx is no object with these fields.
  Result<Json> get(const std::string& path, Fields fields = {});
  Result<Json> call(const std::string& method, const std::string& path, const std::string& body = {},
                    Fields fields = {});

  /// Reads one page of a list: {"<name>": […], "next": text | null}.
  Result<Json> get_page(const std::string& path, std::string_view name);
  /// Reads a list page by page, to its end: the elements of `name` of every page. `path` has a query already.
  Result<Json> get_all(const std::string& path, std::string_view name);

 private:
  Error no_hub(int status = 200) const;
  Error refused(int status, const Json& answer) const;

  Address base_;
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

/// Gets `path` from the admin API, an object with `fields`, and prints it: with --json it prints the JSON, else the
/// text that `to_text` returns for it. Returns the exit code.
int print_answer(const Session& session, const std::string& path, AdminClient::Fields fields,
                 const std::function<std::string(const Json&)>& to_text);
/// Does the same with one page of a list: {"<name>": […], "next": text | null}.
int print_page(const Session& session, const std::string& path, std::string_view name,
               const std::function<std::string(const Json&)>& to_text);
/// Does the same with a whole list: {"<name>": […], "next": null}.
int print_list(const Session& session, const std::string& path, std::string_view name,
               const std::function<std::string(const Json&)>& to_text);
/// Calls an operation of the admin API and prints "done", or with --json the JSON of the response. Returns the exit
/// code.
int operate(const Session& session, const std::string& method, const std::string& path, const std::string& body = {});

}  // namespace vf::cli
