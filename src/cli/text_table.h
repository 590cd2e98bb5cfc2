// TextTable: formats rows of text in aligned columns, for a terminal. One thread.
#pragma once

#include <string>
#include <vector>

namespace vf::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> titles) : rows_{std::move(titles)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Returns the lines, titles first, with two spaces between columns and none at the end of a line.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vf::cli
