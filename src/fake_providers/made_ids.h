// Made ids: makes identifiers in the forms that providers use, from a seeded random source. Pure functions.
#pragma once

#include <string>

#include "base/random.h"
#include "base/time.h"

namespace vf::fake_providers {

/// Returns 26 characters of Crockford's base 32: 48 bits of milliseconds, then 80 random bits.
std::string make_ulid(Instant at, Random& random);
/// Returns a UUID of version 4, in lower case.
std::string make_uuid(Random& random);
/// Returns 24 hex digits in MongoDB's form: seconds, then random bits.
std::string make_object_id(Instant at, Random& random);
/// Returns `count` hex digits in lower case.
std::string make_hex(size_t count, Random& random);

}  // namespace vf::fake_providers
