#include "settings/describe.h"

#include <fmt/format.h>

#include "config/docs.h"
#include "config/print.h"
#include "settings/document.h"
#include "settings/table.h"

namespace vf::settings {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

Written by `vf config keys --markdown` from the table of keys (`src/settings/table.cc`); a test fails when it is stale.

YAML 1.2 from `--config FILE` or `VF_CONFIG`; `--set key=value` overrides any key for one run, with a YAML value
(`--set admin.listen=127.0.0.1:9001`, `--set 'targets.stage.types=["kick.*"]'`). Without a file `vf up` runs two
environments, `stage` and `production`, on 127.0.0.1, and generates their secrets at its first start.

- All errors are reported at once, each with file, line and key. `vf config print` shows the values in force and
  where each comes from; secrets are hidden.
- Some keys take effect at a reload (SIGHUP to `vf ingest`, `vf api`, `vf worker`), others at a restart; a section that
  is added or removed needs a restart. `vf config print --running` shows what is in force in a running hub.
- `${NAME}` takes an environment variable, also inside a longer text (`$${` is a plain `${`).
- Where the type says *secret* or *file:*, `file:PATH` reads the value from a file. White space around a secret is no
  part of it, and neither is a byte order mark, wherever it is written: in the file, in a variable, in a file of its own.
- An address is shown with `***` in place of user, password and query values, and not at all if it cannot be read.
- Top-level keys `x-…` are yours: they may hold what anchors refer to.
- Relative paths (`file:`, `sqlite:`, `chdb:`) are under `data_dir`.
- A role reads only the keys that it needs (last column): `vf api` never reads Kick's secret.
- Durations are `250ms` `30s` `5m` `1h` `7d`, sizes `512B` `64KiB` `1MiB` `2GiB`. A single value may stand for a list of
  one. A key with an empty value counts as absent.
- `*` and `<name>` stand for a name that you choose: up to 63 of `a-z`, `0-9`, `-` and `_`. A source's name is part of
  its path (`/webhooks/<name>`) and of its events' ids: renaming a source renames its events.
)";

}  // namespace

std::string print_yaml(const LoadParams& params) { return config::print_yaml(read_document(params), params.lookup); }

std::string print_json(const LoadParams& params) { return config::print_json(read_document(params), params.lookup); }

std::string keys_text() { return config::keys_text(table()); }

std::string keys_json() { return config::keys_json(table()); }

std::string keys_markdown() {
  const std::string bounds = fmt::format(
      "- A configuration has at most {} targets, {} environments and {} sources; one with more is refused.\n",
      kTargetsMax, kEnvironmentsMax, kSourcesMax);
  return config::keys_markdown(
      table(), {.introduction = std::string(kIntroduction) + bounds, .top_heading = "Where things are kept"});
}

}  // namespace vf::settings
