// Fuzzes the reader of configuration files: any text is a tree within its bounds, or an error with its line.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "config/units.h"
#include "config/yaml_value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto value = vf::config::parse_yaml(text);
  if (!value) VF_INVARIANT(!value.error().what.empty());
  (void)vf::config::parse_duration(text);
  (void)vf::config::parse_size(text);
  return 0;
}
