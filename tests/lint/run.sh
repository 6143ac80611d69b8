#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Has the source looked at without running it:
#
#     sh tests/lint/run.sh [cppcheck] [analyzer] [tidy]
#
#     cppcheck  cppcheck's errors and warnings, and what it finds about performance and portability
#     analyzer  gcc's -fanalyzer, over every file of src and what is generated for it
#     tidy      clang-tidy's checks in .clang-tidy, over every file of src
#
# All by default. Installs what is missing. Ends with 1 if anything is found that cppcheck.suppressions,
# analyzer.suppressions or .clang-tidy gives no reason for.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$top/data/packages.sh"

build=$top/build-lint
status=0

run_cppcheck() {
  # -D: its description of GLib lacks this macro, and what follows it would not be looked at.
  cppcheck --enable=warning,performance,portability --library=gtk --std=c11 --quiet \
    --suppressions-list="$top/tests/lint/cppcheck.suppressions" --suppress=unmatchedSuppression \
    --error-exitcode=1 -j "$(nproc)" '-DG_DEFINE_QUARK(name,prefix)=' -I src -I "$build" src || status=1
}

# Each file is compiled as it is for the program, to nowhere.
run_analyzer() {
  python3 "$top/tests/lint/analyze.py" "$build" || status=1
}

# clang knows fewer warnings than gcc, which the files are compiled by.
run_tidy() {
  run-clang-tidy -quiet -j "$(nproc)" -p "$build" -extra-arg=-Wno-unknown-warning-option "$top/src/" \
    >"$build/tidy.log" 2>&1 || status=1
  grep -E -A3 '(error|warning): .*\[' "$build/tidy.log" || true
}

case " $* " in
  *" --help "* | *" -h "*)
    sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
esac
[ $# -gt 0 ] || set -- cppcheck analyzer tidy
for tool in "$@"; do
  case $tool in
    cppcheck | analyzer | tidy) ;;
    *) die "there is no check $tool" ;;
  esac
done

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build clang-tidy cppcheck
cd "$top"
if [ ! -f "$build/build.ninja" ]; then
  meson setup -Dtests=false "$build" "$top"
fi
ninja -C "$build"

for tool in "$@"; do
  "run_$tool"
done
exit $status
