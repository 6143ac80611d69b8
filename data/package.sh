#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the Debian package:
#
#     sh data/package.sh [--version VERSION] [DIRECTORY]
#
#     --version VERSION  of the package, instead of that of data/debian/changelog
#     DIRECTORY          where doutok_VERSION_ARCH.deb goes to, build-package by default
#
# Installs the Debian packages that are missing, works in a copy of the tree, and leaves the tree alone.
# What lintian calls an error is one.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/data/packages.sh"

version=
result=$top/build-package
while [ $# -gt 0 ]; do
  case $1 in
    --version)
      [ $# -ge 2 ] || die "--version needs a version"
      version=$2
      shift
      ;;
    --help | -h)
      sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    -*)
      say "there is no option $1"
      say "Try “sh data/package.sh --help”."
      exit 2
      ;;
    *) result=$1 ;;
  esac
  shift
done

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build $packages_to_package

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/doutok"
tar -C "$top" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$copy/doutok" --no-same-owner -xf -
cp -r "$top/data/debian" "$copy/doutok/debian"

cd "$copy/doutok"
if [ -n "$version" ]; then
  sed -i "1s/([^)]*)/($version)/" debian/changelog
fi
dpkg-buildpackage --build=binary --no-sign >&2
lintian --allow-root --fail-on error "$copy"/doutok_*.changes >&2
mkdir -p "$result"
cp "$copy"/doutok_*.deb "$result/"
for package in "$copy"/doutok_*.deb; do
  printf '%s\n' "$result/${package##*/}"
done
