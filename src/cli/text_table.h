// TextTable: rows of text in aligned columns, for a terminal. A value.
#pragma once

#include <string>
#include <vector>

namespace vf::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> titles) : rows_{std::move(titles)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Lines with two spaces between columns, none at the end.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vf::cli
