#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "base/bytes.h"

namespace vf::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;
using Text = beast::string_view;

constexpr size_t kFieldsMax = 128;
constexpr size_t kChunkLineBytesMax = 4096;  // a chunk's size line, or all trailers
// Beast 1.81 must not see the beginning of the last chunk's line a second time with fewer bytes than this: it would
// assert, and a peer that stops in the middle of that line must not end the process. To wait for so many bytes is safe,
// because at least as many follow every chunk line.
constexpr size_t kChunkLineBytesMin = 5;

std::string_view view(Text text) { return {text.data(), text.size()}; }

/// Lets Beast write straight into a Request, without its own container of fields.
class Sink final : public beast::http::basic_parser<true> {
 public:
  explicit Sink(RequestParser::Limits limits) {
    header_limit(static_cast<std::uint32_t>(limits.headers_bytes_max) + 1);  // RequestParser itself counts all lines
    body_limit(limits.body_bytes_max);
  }

  Request request;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool read_chunk_line = false;  // the last put() began with a chunk's size line
  std::optional<int> refusal;    // the status with which this class refuses what Beast would accept
  std::string_view reason;

 private:
  void refuse(ErrorCode& ec, int status, std::string_view why) {
    refusal = status;
    reason = why;
    ec = beast::http::error::bad_field;
  }

  void on_request_impl(beast::http::verb, Text m, Text t, int v, ErrorCode& ec) override { begin(m, t, v, ec); }
  void begin(Text method, Text target, int version, ErrorCode& ec) {
    http_1_0 = version == 10;
    request.method = view(method);
    const bool is_printable = std::ranges::all_of(view(target), [](char c) { return c > ' ' && c < 0x7f; });
    request.target = origin_form(view(target));
    if (!is_printable || (request.target.front() != '/' && request.target != "*")) {
      refuse(ec, 400, "bad request target");
    }
  }

  /// Accepts the absolute form too, and uses only its path and query (RFC 9112 section 3.2.2).
  static std::string origin_form(std::string_view target) {
    size_t scheme = 0;
    for (const std::string_view prefix : {"http://", "https://"}) {
      if (equals_ignoring_case(target.substr(0, prefix.size()), prefix)) scheme = prefix.size();
    }
    if (scheme == 0) return std::string(target);
    const size_t end = std::min(target.find_first_of("/?#", scheme), target.size());  // of the authority
    return (target.substr(end).starts_with('/') ? "" : "/") + std::string(target.substr(end));
  }

  void on_field_impl(beast::http::field field, Text name, Text value, ErrorCode& ec) override {
    if (is_header_done()) return;  // trailers are not used
    if (request.headers.items().size() == kFieldsMax) return refuse(ec, 431, "too many header fields");
    check_field(field, view(value), ec);
    request.headers.add(std::string(name), std::string(value));
  }

  void check_field(beast::http::field field, std::string_view value, ErrorCode& ec) {
    using beast::http::field;
    if (field == field::content_length) {
      const bool digits = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
      if (seen_length_ || !digits) return refuse(ec, 400, "repeated or malformed Content-Length");
      seen_length_ = true;
    } else if (field == field::transfer_encoding) {
      if (http_1_0 || !equals_ignoring_case(value, "chunked")) return refuse(ec, 400, "unknown Transfer-Encoding");
    } else if (field == field::host) {
      if (seen_host_) return refuse(ec, 400, "repeated Host");
      seen_host_ = true;
    } else if (field == field::expect && !http_1_0) {
      if (!equals_ignoring_case(value, "100-continue")) return refuse(ec, 417, "unknown expectation");
      expects_continue = true;
    }
  }

  void on_header_impl(ErrorCode& ec) override {
    if (!http_1_0 && !seen_host_) refuse(ec, 400, "missing Host");
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    if (length) promised_ = static_cast<size_t>(*length);
  }
  std::size_t on_body_impl(Text body, ErrorCode&) override {
    make_room(body.size());
    request.body.append(view(body));
    return body.size();
  }
  /// The capacity grows with the bytes that arrive, up to the declared length. So a peer that declares a long body and
  /// stalls takes little memory.
  void make_room(size_t more) {
    const size_t needed = request.body.size() + more;
    if (needed <= request.body.capacity()) return;
    std::string roomy;  // a new string, because an old one would double its capacity
    roomy.reserve(std::max(needed, std::min(promised_, 2 * request.body.capacity())));
    roomy += request.body;
    request.body = std::move(roomy);
  }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override { read_chunk_line = true; }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) override {
    request.body.append(view(body));
    return body.size();
  }
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_finish_impl(ErrorCode&) override {}

  size_t promised_ = SIZE_MAX;  // the declared length of the body
  bool seen_length_ = false;
  bool seen_host_ = false;
};

}  // namespace

struct RequestParser::Impl {
  explicit Impl(Limits given) : limits(given) { sink.emplace(limits); }

  void fail(int status, std::string_view why) {
    failure = problem(status, why);
    failure.close = true;
    state = State::failed;
  }

  void fail(const ErrorCode& ec) {
    using beast::http::error;
    if (sink->refusal) return fail(*sink->refusal, sink->reason);
    if (ec == error::header_limit) return fail(431, "headers too large");
    if (ec == error::body_limit) return fail(413, "body too large");
    fail(400, "malformed request: " + ec.message());
  }

  /// Makes one step of Beast's parser and returns the number of bytes taken. When it returns 0 and the state is
  /// unchanged, the parser needs more bytes.
  size_t step(std::string_view input) {
    const bool in_headers = !sink->is_header_done();
    if (in_chunk_line && input.size() < kChunkLineBytesMin) {
      waiting = true;
      return 0;
    }
    if (in_headers) input = input.substr(0, limits.headers_bytes_max - header_bytes);
    ErrorCode ec;
    sink->read_chunk_line = false;
    const size_t used = sink->put(boost::asio::const_buffer(input.data(), input.size()), ec);
    if (in_headers) header_bytes += used;
    in_chunk_line = !in_headers && ec == beast::http::error::need_more;
    if (ec == beast::http::error::need_more) {
      if (in_headers && header_bytes + input.size() - used >= limits.headers_bytes_max) fail(431, "headers too large");
      if (!in_headers && input.size() >= kChunkLineBytesMax) fail(400, "chunk header too large");
      waiting = true;
    } else if (ec) {
      fail(ec);
    } else if (sink->read_chunk_line && used > kChunkLineBytesMax) {
      fail(400, "chunk header too large");
    } else if (sink->is_done()) {
      state = State::complete;
    } else if (sink->is_header_done()) {
      state = State::body;
    }
    return used;
  }

  /// Skips empty lines before a request (RFC 9112 section 2.2).
  size_t skip_empty_lines(std::string_view input) {
    size_t taken = 0;
    while (input.substr(taken).starts_with("\r\n") && header_bytes + 2 < limits.headers_bytes_max) {
      taken += 2;
      header_bytes += 2;
    }
    if (input.substr(taken) == "\r") waiting = true;
    return taken;
  }

  Limits limits;
  std::optional<Sink> sink;
  State state = State::start;
  bool waiting = false;        // the parser needs more bytes than the last feed() had
  bool in_chunk_line = false;  // Beast has seen the beginning of a chunk line
  size_t header_bytes = 0;
  Response failure;
};

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view input) {
  Impl& my = *impl_;
  if (input.empty()) return 0;
  my.waiting = false;
  if (my.state == State::start) my.state = State::headers;
  size_t taken = my.sink->got_some() ? 0 : my.skip_empty_lines(input);
  while (taken < input.size() && !my.waiting && my.state != State::complete && my.state != State::failed) {
    taken += my.step(input.substr(taken));
  }
  return taken;
}

void RequestParser::feed_end() {
  if (impl_->state == State::headers || impl_->state == State::body) impl_->fail(400, "request cut short");
}

RequestParser::State RequestParser::state() const { return impl_->state; }
size_t RequestParser::body_bytes() const { return impl_->sink->request.body.size(); }
size_t RequestParser::memory() const {
  const Request& request = impl_->sink->request;
  const auto& fields = request.headers.items();
  return impl_->header_bytes + fields.capacity() * sizeof fields.front() + request.body.capacity();
}
bool RequestParser::expects_continue() const { return impl_->sink->expects_continue; }
bool RequestParser::keep_alive() const { return impl_->sink->keep_alive(); }
bool RequestParser::is_http_1_0() const { return impl_->sink->http_1_0; }
bool RequestParser::is_head() const { return impl_->sink->request.method == "HEAD"; }
const Response& RequestParser::failure() const { return impl_->failure; }

Request RequestParser::take() {
  Request request = std::move(impl_->sink->request);
  reset();
  return request;
}

void RequestParser::reset() {
  impl_->sink.emplace(impl_->limits);
  impl_->state = State::start;
  impl_->header_bytes = 0;
  impl_->in_chunk_line = false;
}

}  // namespace vf::http
