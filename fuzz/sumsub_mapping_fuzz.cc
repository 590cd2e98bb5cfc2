// Fuzzes the mapping of a verified Sumsub delivery.
#include "round_trip.h"
#include "sources/sumsub/sumsub_mapping.h"

using namespace vf;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Event event = sources::sumsub::map_delivery("sumsub", body, from_unix_millis(1'700'000'000'000));
  VF_INVARIANT(event.body == body && event.type.starts_with("sumsub."));
  event.headers = "{}";
  fuzz::check_texts(event);
  fuzz::check_round_trip(event);
  return 0;
}
