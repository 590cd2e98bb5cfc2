// AdminClient: calls the admin API of a running ingest. The configuration holds its URL and token. One thread.
//
// What was asked for and comes cut (longer than kAnswerBytesMax, or the connection broke) is an error that says so: a
// list or an event must not look shorter than it is. Otherwise the status decides: a change that was answered 2xx is
// done, whatever became of the rest of the answer. Long lists come in pages.
#pragma once

#include <functional>
#include <memory>
#include <string>

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
    std::string base;  // "http://127.0.0.1:8081"
    std::string token;
    size_t answer_bytes_max = kAnswerBytesMax;
  };
  explicit AdminClient(Params params);
  /// Returns nullopt when the configuration is wrong; its problems were printed, and the command returns kWrongUsage.
  /// Sends nothing yet.
  static std::optional<AdminClient> connect(const Session& session);

  /// Sends a request and returns the JSON of the response. `path` is below /admin/v1/. An error's message is the API's
  /// own sentence. Error `unavailable`: no response came, or it was a 503, or the 2xx of a GET was cut.
  Result<Json> get(const std::string& path);
  Result<Json> call(const std::string& method, const std::string& path, const std::string& body = {});

  /// Reads a list page by page, to its end: the elements of `name` of every page. `path` has a query already.
  Result<Json> get_all(const std::string& path, std::string_view name);

 private:
  std::string base_;
  std::string token_;
  std::unique_ptr<http::Client> client_;
};

/// Gets `path` from the admin API and prints the response: with --json it prints the JSON, else the text that `to_text`
/// returns for it. Returns the exit code.
int print_answer(const Session& session, const std::string& path,
                 const std::function<std::string(const Json&)>& to_text);
/// Does the same with a whole list: {"<name>": […], "next": null}.
int print_list(const Session& session, const std::string& path, std::string_view name,
               const std::function<std::string(const Json&)>& to_text);
/// Calls an operation of the admin API and prints "done", or with --json the JSON of the response. Returns the exit
/// code.
int operate(const Session& session, const std::string& method, const std::string& path, const std::string& body = {});

/// Encodes `text` so that it can stand in a URL's query or path segment.
std::string percent_encode(std::string_view text);

}  // namespace vf::cli
