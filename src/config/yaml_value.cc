#include "config/yaml_value.h"

#include <libfyaml.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/printable.h"
#include "config/yaml_text.h"

namespace vf::config {
namespace {

constexpr size_t kBytesMax = 1u << 20;
constexpr int kDepthMax = 64;
constexpr int kValuesMax = 100'000;

struct EndDiag {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct EndParser {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};

void print_nothing(fy_diag* /*diag*/, void* /*user*/, const char* /*text*/, size_t /*size*/) {}

struct Event {
  fy_event_type type = FYET_NONE;
  int line = 0;           // from 1; 0: not known
  size_t end = 0;         // where the text of a scalar ends
  bool is_plain = false;  // a scalar without quotes
  std::string text;       // of a scalar; the name of an alias
  std::string anchor;

  /// Nothing stands where a value may stand.
  bool is_absent() const { return type == FYET_SCALAR && is_plain && text.empty(); }
  bool is_null() const {
    constexpr std::array<std::string_view, 5> kNulls{"", "~", "null", "Null", "NULL"};
    return type == FYET_SCALAR && is_plain && std::ranges::find(kNulls, text) != kNulls.end();
  }
};

std::string text_of(fy_token* token) {
  size_t size = 0;
  const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &size);
  return text == nullptr ? std::string() : std::string(text, size);
}

/// Gives the events of a text one after another. Throws YamlError where the text is not YAML.
class Events {
 public:
  explicit Events(const std::string& text) : text_(text) {
    fy_diag_cfg quiet{};
    fy_diag_cfg_default(&quiet);
    quiet.fp = nullptr;
    quiet.output_fn = print_nothing;
    diag_.reset(fy_diag_create(&quiet));
    fy_diag_set_collect_errors(diag_.get(), true);
    const fy_parse_cfg params{.search_path = nullptr,
                              .flags = static_cast<fy_parse_cfg_flags>(FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE),
                              .userdata = nullptr,
                              .diag = diag_.get()};
    parser_.reset(fy_parser_create(&params));
    if (!diag_ || !parser_ || fy_parser_set_string(parser_.get(), text.data(), text.size()) != 0) {
      throw YamlError{1, "out of memory"};
    }
  }

  Event next() {
    fy_event* raw = fy_parser_parse(parser_.get());
    if (raw == nullptr) throw error();
    Event event = read(raw);
    fy_parser_event_free(parser_.get(), raw);
    return event;
  }

  const std::string& text() const { return text_; }

 private:
  static Event read(fy_event* raw) {
    Event event;
    event.type = raw->type;
    if (const fy_mark* start = fy_event_start_mark(raw)) event.line = start->line + 1;
    if (raw->type == FYET_SCALAR || raw->type == FYET_ALIAS) {
      fy_token* token = fy_event_get_token(raw);
      event.text = text_of(token);
      event.is_plain = token == nullptr || fy_token_scalar_style(token) == FYSS_PLAIN;
      if (const fy_mark* end = token == nullptr ? nullptr : fy_token_end_mark(token)) event.end = end->input_pos;
    }
    if (raw->type == FYET_SCALAR || raw->type == FYET_SEQUENCE_START || raw->type == FYET_MAPPING_START) {
      event.anchor = text_of(fy_event_get_anchor_token(raw));
    }
    return event;
  }

  YamlError error() const {
    void* place = nullptr;
    const fy_diag_error* first = fy_diag_errors_iterate(diag_.get(), &place);
    if (first == nullptr) return {1, "it ends where a value is expected"};
    const int line = std::max(first->line, 1);
    if (const auto tab = indented_by_tab(text_, line)) return {*tab, "a tab indents this line; only blanks may"};
    const std::string_view what = first->msg;
    constexpr const char* kNoValue = "a value is expected here, or a bracket or brace above is not closed";
    return {line, what == "did not find expected node content" ? kNoValue : one_line(what)};
  }

  const std::string& text_;
  std::unique_ptr<fy_diag, EndDiag> diag_;
  std::unique_ptr<fy_parser, EndParser> parser_;
};

/// Makes a tree of the events. Throws YamlError: the recursion is deep and every level can fail.
class Reader {
 public:
  explicit Reader(const std::string& text) : events_(text) {}

  YamlValue only_document(YamlRoot root) {
    events_.next();  // the stream's start
    YamlValue value = document();
    if (root == YamlRoot::keys && value.kind == YamlValue::Kind::scalar) {
      throw YamlError{value.line, "a word stands alone where keys are expected; write key: value"};
    }
    // A second document, after another '---', must not be ignored without a report.
    while (!is_at_end_) {
      if (const YamlValue other = document(); other.kind != YamlValue::Kind::null) {
        throw YamlError{other.line, "a second document begins here; only one is read: remove the '---'"};
      }
    }
    return value;
  }

 private:
  struct Anchored {
    YamlValue value;
    int values = 0;  // how many it holds, itself included
    int depth = 0;   // how many levels are below it
  };

  YamlValue document() {
    YamlValue value;
    value.line = 1;
    if (events_.next().type == FYET_STREAM_END) {
      is_at_end_ = true;
      return value;
    }
    value = read(events_.next(), 1, 0);
    events_.next();  // the document's end
    return value;
  }

  YamlValue read(const Event& event, int line, int depth) {
    if (event.line > 0) line = event.line;
    check(line, depth, 1);
    deepest_ = std::max(deepest_, depth);
    if (event.type == FYET_ALIAS) return copy(event, line, depth);
    const int before = values_ - 1;
    const int outer = std::exchange(deepest_, depth);
    YamlValue value;
    value.line = line;
    if (event.type == FYET_SEQUENCE_START) {
      read_list(depth, value);
    } else if (event.type == FYET_MAPPING_START) {
      read_map(depth, value);
    } else if (!event.is_null()) {
      value.kind = YamlValue::Kind::scalar;
      value.text = event.text;
    }
    if (!event.anchor.empty()) {
      anchors_.insert_or_assign(event.anchor, Anchored{value, values_ - before, deepest_ - depth});
    }
    deepest_ = std::max(deepest_, outer);
    return value;
  }

  void check(int line, int depth, int values) {
    if (depth > kDepthMax) throw YamlError{line, "nested deeper than 64 levels"};
    values_ += values;
    if (values_ > kValuesMax) throw YamlError{line, "more than 100000 values"};
  }

  // The copy keeps the lines where the values were written, because those have to be corrected.
  YamlValue copy(const Event& alias, int line, int depth) {
    const auto found = anchors_.find(alias.text);
    if (found == anchors_.end()) {
      throw YamlError{line, "no value above has the anchor '" + one_line(alias.text) + "'"};
    }
    check(line, depth + found->second.depth, found->second.values - 1);
    deepest_ = std::max(deepest_, depth + found->second.depth);
    return found->second.value;
  }

  // libfyaml's end of a quoted text lies before its closing quote.
  size_t end_of(const Event& scalar) const {
    const std::string_view rest = std::string_view(events_.text()).substr(std::min(scalar.end, events_.text().size()));
    return scalar.end + (!scalar.is_plain && (rest.starts_with('"') || rest.starts_with('\'')) ? 1 : 0);
  }

  void read_list(int depth, YamlValue& list) {
    list.kind = YamlValue::Kind::list;
    for (Event event = events_.next(); event.type != FYET_SEQUENCE_END; event = events_.next()) {
      list.items.push_back(read(event, list.line, depth + 1));
    }
  }

  void read_map(int depth, YamlValue& map) {
    map.kind = YamlValue::Kind::map;
    std::vector<YamlMember> merged;
    std::unordered_set<std::string> names;
    for (Event key = events_.next(); key.type != FYET_MAPPING_END; key = events_.next()) {
      const int line = key.line > 0 ? key.line : map.line;
      if (key.type != FYET_SCALAR || key.is_null()) throw YamlError{line, "a key must be plain text"};
      const Event event = events_.next();
      if (event.is_absent() && !colon_follows(events_.text(), end_of(key))) {
        throw YamlError{line, "'" + one_line(key.text) + "' has no ':' after it, where a key is expected"};
      }
      YamlMember member{key.text, line, read(event, line, depth + 1)};
      if (member.name == "<<") {
        collect_merged(member.value, merged);
        continue;
      }
      if (!names.insert(member.name).second) throw YamlError{line, "'" + one_line(member.name) + "' is given twice"};
      map.members.push_back(std::move(member));
    }
    for (YamlMember& member : merged) {
      if (names.insert(member.name).second) map.members.push_back(std::move(member));
    }
  }

  // https://yaml.org/type/merge.html: a map, or a list of maps of which earlier ones win.
  static void collect_merged(YamlValue& value, std::vector<YamlMember>& merged) {
    if (value.kind == YamlValue::Kind::list) {
      for (YamlValue& item : value.items) collect_merged(item, merged);
      return;
    }
    if (value.kind != YamlValue::Kind::map) throw YamlError{value.line, "'<<' takes a map or a list of maps"};
    std::ranges::move(value.members, std::back_inserter(merged));
  }

  Events events_;
  bool is_at_end_ = false;
  int values_ = 0;
  int deepest_ = 0;  // the deepest level read since the value whose members are being read began
  std::map<std::string, Anchored> anchors_;
};

}  // namespace

std::expected<YamlValue, YamlError> parse_yaml(const std::string& text, YamlRoot root) {
  if (text.size() > kBytesMax) return std::unexpected(YamlError{1, "larger than 1 MiB"});
  if (const auto line = unfit_line(text)) {
    return std::unexpected(YamlError{*line, "holds a byte that is not UTF-8, or a control character"});
  }
  try {
    return Reader(text).only_document(root);
  } catch (YamlError& error) {
    return std::unexpected(std::move(error));
  }
}

}  // namespace vf::config
