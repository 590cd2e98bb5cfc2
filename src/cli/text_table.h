// TextTable: formats rows of text in columns, aligned as a terminal shows them. Each cell is on one line. One thread.
#pragma once

#include <string>
#include <vector>

namespace vf::cli {

class TextTable {
 public:
  explicit TextTable(const std::vector<std::string>& titles) { add(titles); }
  void add(const std::vector<std::string>& cells);
  /// Returns the lines, titles first, with two spaces between columns and none at the end of a line.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // as they are printed
};

}  // namespace vf::cli
