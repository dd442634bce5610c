# Sourced by the scripts beside it: programs from Debian's suites, unpacked and not installed, so that neither root nor
# a change of the machine's own sources is needed.
#
#   from_debian SUITE PACKAGE[=VERSION] DIR    unpacks a package of that suite into DIR
#   debian_versions SUITE PACKAGE              its versions, one a line, newest first
#   debian_source SUITE PACKAGE DIR            puts the files of a source package into DIR, as they were published
#
# The mirror is the one that the machine's own apt uses; packages are verified with Debian's archive keys.

_debian_cache=${XDG_CACHE_HOME:-$HOME/.cache}/signature-continuity/debian

# Lists of sources are kept apart from lists of packages: few scripts need them.
_debian_apt() {
  local tool=$1 suite=$2 kind=${DEBIAN_KIND:-deb} dir mirror keyring
  dir=$_debian_cache/$suite
  [[ $kind == deb ]] || dir+=-source
  shift 2
  local options=(
    -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache"
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o Acquire::Retries=3 -o APT::Sandbox::User=
  )
  if [[ ! -e $dir/ready ]]; then
    command -v apt-get >/dev/null || { echo "apt-get is not there: this set-up needs Debian" >&2; return 1; }
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$' || true)
    [[ -n $mirror ]] || { echo "apt knows no Debian mirror on this machine" >&2; return 1; }
    keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.*' -print -quit 2>/dev/null)
    [[ -n $keyring ]] || { echo "the package debian-archive-keyring is not installed" >&2; return 1; }
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    echo "$kind [signed-by=$keyring] $mirror $suite main" >"$dir/sources.list"
    apt-get -qq "${options[@]}" update >&2 || return 1
    touch "$dir/ready"
  fi
  "$tool" -qq "${options[@]}" "$@"
}

debian_versions() {
  _debian_apt apt-cache "$1" madison "$2" | cut -d'|' -f2 | tr -d ' '
}

from_debian() {
  local suite=$1 package=$2 target=$3 download
  download=$(mktemp -d)
  # Lists that an earlier run left may name packages that the mirror has replaced since: read them anew and try again.
  if ! (cd "$download" && _debian_apt apt-get "$suite" download "$package" >/dev/null 2>&1); then
    rm -f "$_debian_cache/$suite/ready"
    (cd "$download" && _debian_apt apt-get "$suite" download "$package" >/dev/null) || { rm -rf "$download"; return 1; }
  fi
  mkdir -p "$target"
  dpkg-deb --extract "$download"/*.deb "$target"
  rm -rf "$download"
}

debian_source() {
  local suite=$1 package=$2 target=$3
  mkdir -p "$target"
  (cd "$target" && DEBIAN_KIND=deb-src _debian_apt apt-get "$suite" source --download-only "$package" >/dev/null)
}
