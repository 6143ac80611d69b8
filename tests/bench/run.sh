#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Measures how fast DouTok is, beside a plain libsoup server that answers the same number of bytes:
#
#     sh tests/bench/run.sh [--quick] [--large] [--engine NAME] [--redis] [--cache SIZE] [--json FILE]
#                            [--only WORD]
#
#     --quick      fewer and shorter rounds: under 90 seconds, once it is built
#     --large      a million users, a million videos, ten million likes; made by the first such run,
#                  which takes some minutes and 3 GiB, and as much again while it runs
#     --engine NAME
#                  postgresql or mysql: the table only, with the data set on a PostgreSQL or a MariaDB
#     --redis      with a Redis
#     --cache SIZE what the gateways together, and each service for each kind of rows, may remember, as “1GiB”
#     --json FILE  also writes every number
#     --only WORD  only rows whose name has this word in it; may be given several times
#
# Installs the Debian packages that are missing, builds in build-bench with release flags, starts all
# servers on free ports of 127.0.0.1 with temporary directories, and ends them. Prints one table; README.md
# tells how to read it. The exit status is 1 if something could not be measured or an answer was wrong,
# not if a target was missed.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/data/packages.sh"

packages_to_bench='
  nginx
  python3
  wrk
'

for argument in "$@"; do
  case $argument in
    postgresql | --engine=postgresql) packages_to_bench="$packages_to_bench libgda-5.0-postgres postgresql" ;;
    mysql | --engine=mysql) packages_to_bench="$packages_to_bench libgda-5.0-mysql mariadb-server-core" ;;
    --redis) packages_to_bench="$packages_to_bench redis-server" ;;
    --help | -h)
      sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
  esac
done

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build $packages_to_run $packages_to_bench

# The prefix lies beside the build tree, not in it: a program below the build tree takes the others from
# there.
build=$top/build-bench
prefix=$build-installed
say "building in $build"
if [ ! -f "$build/build.ninja" ]; then
  meson setup --buildtype=release -Dtests=false -Dbench=true --prefix "$prefix" "$build" "$top" >&2
fi
meson compile -C "$build" >"$build/compile.log" 2>&1 || {
  cat "$build/compile.log" >&2
  die "it does not build"
}
meson install -C "$build" --no-rebuild --quiet >&2

export LC_ALL=C.UTF-8
export DOUTOK_BENCH_BUILD="$build" DOUTOK_BENCH_BIN="$prefix/bin"
exec python3 "$top/tests/bench/bench.py" "$@"
