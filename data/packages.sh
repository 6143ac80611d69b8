# SPDX-License-Identifier: Apache-2.0
# Debian packages: what DouTok is made of, and how it is installed. Read by data/run.sh,
# data/package.sh and tests/run.sh.

packages_to_build='
  gcc
  gettext
  libarchive-dev
  libc6-dev
  libgda-5.0-dev
  libglib2.0-dev
  libhiredis-dev
  libjson-glib-dev
  libjwt-dev
  libmimalloc-dev
  libpng-dev
  libseccomp-dev
  libsodium-dev
  libsoup-3.0-dev
  libsqlite3-dev
  libsystemd-dev
  meson
  ninja-build
  pkgconf
  scdoc
'
packages_to_run='
  dbus-daemon
  ffmpeg
  glib-networking
'
packages_to_package='
  debhelper
  dpkg-dev
  fakeroot
  lintian
'

say() {
  printf 'doutok: %s\n' "$*" >&2
}

die() {
  say "$*"
  exit 1
}

# Installs those of the named packages that are not installed. When all are, it needs neither root nor
# the network. Standard output is left alone.
install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script knows Debian only; the packages it would install are:" "$@"

  missing=
  installed=$(dpkg-query -W -f='${Package}=${db:Status-Status}\n' "$@" 2>/dev/null) || true
  for package in "$@"; do
    case "
$installed
" in
      *"
$package=installed
"*) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0

  if [ "$(id -u)" -eq 0 ]; then
    root=
  elif command -v sudo >/dev/null; then
    root=sudo
  else
    die "these packages are missing, and only root can install them:$missing"
  fi

  say "installing Debian packages${root:+ with sudo}:$missing"
  apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120"
  # The lists may be absent or old: try what is known before asking the network for news.
  # shellcheck disable=SC2086 # words are meant to be split
  $apt -s install --no-install-recommends $missing >/dev/null 2>&1 || $apt update >&2 ||
    die "apt-get update failed"
  # shellcheck disable=SC2086
  $apt -y install --no-install-recommends $missing >&2 </dev/null ||
    { $apt update >&2 && $apt -y install --no-install-recommends $missing >&2 </dev/null; } ||
    die "apt-get could not install:$missing"
}
