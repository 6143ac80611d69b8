#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# From a bare Debian 12 to a running DouTok:
#
#     sh data/run.sh [arguments for “doutok serve”]
#
# Installs the Debian packages that are missing, builds, and runs the server until Ctrl-C; its exit
# status is that of this script. A store without videos is filled with demo users and videos first;
# DOUTOK_DEMO=0 leaves it empty.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$top/build-run
doutok=$build/src/launcher/doutok
. "$top/data/packages.sh"

# Passes on what the server prints, and starts the demo when it is ready. The server's end is the end
# of its output.
follow_server() {
  demo=
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
      'doutok: ready on '*)
        if [ -z "$demo" ] && [ "${DOUTOK_DEMO-1}" != 0 ]; then
          "$doutok" demo --if-empty --url "${line#doutok: ready on }" &
          demo=$!
        fi
        ;;
    esac
  done
  [ -z "$demo" ] || kill "$demo" 2>/dev/null || true
}

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build $packages_to_run

if [ ! -f "$build/build.ninja" ]; then
  say "configuring in $build"
  meson setup --buildtype=release -Dtests=false "$build" "$top" >&2
fi
say "building (the first time takes about a minute)"
meson compile -C "$build" >&2

# The server takes the place of this script, so that signals reach it and its exit status is ours. Who
# follows its output must not be its child, since a server waits for all its children in the end; hence
# the parentheses, which leave it to init.
pipe=$(mktemp -d)
mkfifo "$pipe/output"
(
  {
    rm -rf "$pipe"
    follow_server
  } <"$pipe/output" &
)
exec "$doutok" serve "$@" >"$pipe/output"
