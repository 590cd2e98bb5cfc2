# What the fetch-… tools share; they source it after setting `package` (NAME@VERSION), `megabytes` (of the download),
# `folder` (where the files go), `without` (what happens without them) and the function is_there.

name=$(basename "$0")

fail() {
  echo "$name: $1" >&2
  echo "$name: $without" >&2
  exit 1
}

# Fetches the package into a new folder, "$work", which is removed at the end; the archive is "$archive". Ends the
# program if the files are there, even if another call has just put them there. Needs npm and the registry that npm is
# configured for.
fetch_archive() {
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "there is no $package for $(uname -s) on $(uname -m)"
  command -v npm >/dev/null || fail "npm is missing: apt-get install npm"
  mkdir -p "$folder"
  exec 9>"$folder/lock"
  flock 9
  ! is_there || exit 0
  echo "$name: fetching $package ($megabytes MB)" >&2
  work=$(mktemp -d "$folder/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  npm pack --loglevel=error --pack-destination "$work" "$package" >/dev/null 2>"$work/npm.log" ||
    fail "npm cannot fetch $package (offline?): $(grep -m1 . "$work/npm.log" || echo 'no reason given')"
  archive=$(echo "$work"/*.tgz)
}

# check_digest FILE SHA256
check_digest() {
  local got
  got=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$got" = "$2" ] || fail "$(basename "$1") of $package has digest $got, not $2: not used"
}
