#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds DouTok and runs its tests:
#
#     sh tests/run.sh [--sanitize | --valgrind] [--long] [NAME…]
#
#     --sanitize  under AddressSanitizer and UndefinedBehaviorSanitizer
#     --valgrind  DouTok's programs under valgrind's memcheck, in integration/endpoints unless others are named; needs a
#                 machine that does nothing else, or they take too long to start
#     --long      also what takes minutes, and all of tests/integration on each database engine, each time also with a
#                 Redis and an object store: integration/NAME-postgresql, -mysql and -ENGINE-redis-s3
#     NAME        a suite (a folder of tests/, as “launcher”) or a test (“launcher/serve”); all by default. A test that
#                 is named runs without --long, too
#
# Installs the Debian packages that are missing. The last line is “N passed, N failed, N skipped”.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$top/data/packages.sh"

packages_to_test='
  chromium
  chromium-driver
  docker-compose
  faketime
  firefox-esr
  haproxy
  libgda-5.0-mysql
  libgda-5.0-postgres
  man-db
  mandoc
  mariadb-server-core
  nginx
  openssl
  postgresql
  python3-jsonschema
  python3-kubernetes
  python3-swift
  python3-websockets
  python3-yaml
  prometheus
  redis-server
  sqlite3
  strace
  systemd
'

build=$top/build-test
options='-Db_sanitize=none'
multiplier=1
long=
names=
valgrind=
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize)
      build=$top/build-sanitize
      options='-Db_sanitize=address,undefined -Db_lundef=false'
      multiplier=4
      ;;
    --valgrind)
      valgrind=1
      build=$top/build-valgrind
      # The gateway with the allocator that valgrind watches.
      options='-Dmimalloc=disabled'
      multiplier=10
      ;;
    --long) long=1 ;;
    --help | -h)
      sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    -*)
      say "there is no option $1"
      say "Try “sh tests/run.sh --help”."
      exit 2
      ;;
    *) names="$names $1" ;;
  esac
  shift
done

if [ -n "$valgrind" ]; then
  packages_to_test="$packages_to_test valgrind libc6-dbg"
  names=${names:-integration/endpoints}
fi

# shellcheck disable=SC2086 # words are meant to be split
install_packages $packages_to_build $packages_to_run $packages_to_test

# Messages are compared in English; a bare Debian has no other locale than this one.
export LC_ALL=C.UTF-8
unset LANGUAGE

# Tests of the whole run the installed programs. The prefix lies beside the build tree, not in it: a
# program below the build tree takes the others from there.
prefix=$build-installed
say "building in $build"
# Whatever goes wrong before the tests run is a failure, too, and said in the same way.
trap 'echo "0 passed, 1 failed, 0 skipped"' EXIT
if [ ! -f "$build/build.ninja" ]; then
  # shellcheck disable=SC2086
  meson setup -Dwerror=true $options --prefix "$prefix" "$build" "$top"
fi
meson compile -C "$build"
rm -rf "$prefix"
meson install -C "$build" --no-rebuild --quiet
export DOUTOK_TEST_BINDIR="$prefix/bin"
if [ -n "$long" ]; then
  export DOUTOK_TEST_LONG=1
  multiplier=$((multiplier * 10))
fi

# What valgrind or a sanitizer has to say of a process goes into a file of its own.
reports=$build/reports
rm -rf "$reports"
mkdir "$reports"

# Each installed program but that which becomes ffmpeg is replaced by one that runs it under valgrind.
if [ -n "$valgrind" ]; then
  # GLib's own allocator would hide what is read after it was freed.
  export G_SLICE=always-malloc
  for program in "$prefix"/bin/doutok "$prefix"/libexec/doutok/doutok-*; do
    name=${program##*/}
    [ "$name" != doutok-sandbox ] || continue
    mv "$program" "$program.real"
    cat >"$program" <<EOF
#!/bin/sh
exec valgrind -q --vgdb=no --suppressions=/usr/share/glib-2.0/valgrind/glib.supp \\
  --log-file='$reports/$name-%p' '$program.real' "\$@"
EOF
    chmod +x "$program"
  done
fi

# What tests write goes into memory where there is enough of it: hundreds of databases are made and removed, and
# on a disk their tests do little but wait for it. What is about the disk itself stays there (`disk` in
# tests/meson.build). Programs must be able to run in that memory, and a TMPDIR that is set is obeyed.
memory=/dev/shm
needed_mib=2048
get_free_mib() {
  df -m --output=avail "$memory" | tail -n 1
  awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo
}
if [ -z "${TMPDIR:-}" ] && [ "$(stat -f -c %T "$memory" 2>/dev/null)" = tmpfs ] &&
  ! findmnt -n -o OPTIONS -T "$memory" | grep -qw noexec &&
  [ "$(get_free_mib | sort -n | head -n 1)" -ge "$needed_mib" ]; then
  in_memory=$(mktemp -d "$memory/dou-XXXXXX")
  trap 'rm -rf "$in_memory"; echo "0 passed, 1 failed, 0 skipped"' EXIT
  trap 'exit 130' HUP INT TERM
  # Database servers run as nobody.
  chmod 1777 "$in_memory"
  export TMPDIR="$in_memory"
  say "tests write into $in_memory"
fi

# The suite “long” is what only the long form runs.
form='--no-suite long'
[ -z "$long" ] || form=

# Lists tests; the arguments choose among them.
list() {
  meson test -C "$build" --no-rebuild --list "$@" 2>/dev/null | sed -n 's|.* / ||p'
}

# A name stands for a test, or for all tests of a suite in that form.
selected=
if [ -n "$names" ]; then
  all=$(list)
  # shellcheck disable=SC2086
  in_form=$(list $form)
  form=
  for name in $names; do
    found=$(printf '%s\n' "$all" | grep -Fx "$name") ||
      found=$(printf '%s\n' "$in_form" | grep -E "^${name%/}/") || die "there is no test or suite $name"
    selected="$selected $found"
  done
fi

log=$build/meson-logs/testlog.json
rm -f "$log"
status=0
# Tests wait for timers, processes and disks as much as they compute: one more than there are processors.
# Under valgrind they compute.
processes=$(($(nproc) + 1))
[ -z "$valgrind" ] || processes=1
# shellcheck disable=SC2086
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "$processes" --timeout-multiplier "$multiplier" \
  $form $selected || status=$?

trap '[ -z "${in_memory:-}" ] || rm -rf "$in_memory"' EXIT

# Every test program reports its own tests in TAP. One that ended otherwise than it should has failed as
# a whole, even if all that it reported was good. Why it failed is said once more here: whoever has kept only the
# end of the output has that.
python3 - "$log" "$status" "$reports" <<'EOF'
import json, os, pathlib, re, sys

REASON_LINES = 25


def print_reason(test):
    """Prints what failed in a program; of one that was ended instead, its last lines."""
    text = test.get("stdout", "")
    reasons = re.findall(r"^not ok\b.*\n(?:#.*\n?)*", text, re.M)
    print(f"{test['name']} ({test['result']}):")
    for reason in reasons or [text + test.get("stderr", "")]:
        lines = reason.splitlines()
        print("\n".join(lines[:1] * (len(lines) > REASON_LINES) + lines[-REASON_LINES:]))


passed = failed = skipped = 0
path, status = sys.argv[1], int(sys.argv[2])
for line in open(path, encoding="utf-8") if os.path.exists(path) else []:
    test = json.loads(line)
    lines = re.findall(r"^(not )?ok\b(.*)$", test.get("stdout", ""), re.M)
    bad = sum(1 for no, rest in lines if no and not re.search(r"# *(skip|todo)", rest, re.I))
    skip = sum(1 for no, rest in lines if re.search(r"# *skip", rest, re.I))
    passed += len(lines) - bad - skip
    skipped += skip
    failed += bad
    if test["result"] not in ("OK", "SKIP"):
        failed += bad == 0
        print_reason(test)
    if test["result"] in ("OK", "SKIP") and not lines:
        passed += test["result"] == "OK"
        skipped += test["result"] == "SKIP"

for report in sorted(pathlib.Path(sys.argv[3]).glob("*")):
    text = report.read_text(encoding="utf-8", errors="replace")
    # Lines of valgrind's that begin with “--” are of system calls that it does not know, and a process that is
    # killed while it looks for leaks leaves lines that are no errors.
    if re.search("^==[0-9]+==|==ERROR: |runtime error|encountered a fatal error", text, re.M):
        print(f"{report.name}:\n{text}")
        failed += 1

if failed == 0 and status != 0:
    failed = 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not passed else 0)
EOF
