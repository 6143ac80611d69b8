#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes the parsers and the D-Bus objects with clang's libFuzzer under AddressSanitizer and
# UndefinedBehaviorSanitizer, one target after the other:
#
#     sh tests/fuzz/run.sh [--seconds N] [TARGET…]
#
#     --seconds N  for each target; 60 by default
#     TARGET       a folder of tests/fuzz/corpus; all by default
#
# Installs clang if it is missing. What is new goes into build-fuzz/corpus, and is where the next run
# goes on; what breaks something goes into build-fuzz/findings, and belongs into tests/fuzz/corpus with
# the fix.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/data/packages.sh"

seconds=60
targets=
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      [ $# -ge 2 ] || die "--seconds needs a number"
      seconds=$2
      shift
      ;;
    --help | -h)
      sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    -*) die "there is no option $1" ;;
    *)
      [ -d "$top/tests/fuzz/corpus/$1" ] || die "there is no target $1"
      targets="$targets $1"
      ;;
  esac
  shift
done
[ -n "$targets" ] || targets=$(ls "$top/tests/fuzz/corpus")

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build $packages_to_run clang libclang-rt-14-dev

build=$top/build-fuzz
if [ ! -f "$build/build.ninja" ]; then
  CC=clang meson setup -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false "$build" "$top"
fi

export LC_ALL=C.UTF-8
export G_DEBUG=fatal-warnings
# The second as in tests/meson.build.
export ASAN_OPTIONS=detect_leaks=1:intercept_tls_get_addr=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

status=0
for target in $targets; do
  ninja -C "$build" "tests/fuzz/fuzz-$target" >"$build/ninja.log" || { cat "$build/ninja.log"; exit 1; }
  mkdir -p "$build/corpus/$target" "$build/findings"
  log=$build/fuzz-$target.log
  if "$build/tests/fuzz/fuzz-$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4096 \
    -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" \
    "$top/tests/fuzz/corpus/$target" >"$log" 2>&1; then
    sed -n "s|^Done \([0-9]*\) runs in \([0-9]*\) second(s)|$target: \1 runs in \2 s, nothing found|p" "$log"
  else
    tail -60 "$log"
    echo "$target: something was found, see $log"
    status=1
  fi
done
exit $status
