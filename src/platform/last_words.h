// Last words: one line on the standard error for what ends the process at once, so that its log says why.
#pragma once

namespace vf::platform {

/// Explains SIGBUS, which then ends the process as before: it comes when a file that is mapped into memory becomes
/// shorter, and nothing can be rescued in that process. Explains an exception that nothing catches: without memory or
/// threads the process exits with 1, else it aborts. Call it once, before any thread starts.
void explain_sudden_ends();

}  // namespace vf::platform
