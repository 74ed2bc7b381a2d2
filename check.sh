#!/usr/bin/env bash
# Checks everything: format, vet, lint, build, tests with the race detector, fuzzing, generated
# files. A skipped test is a failure. Needs Go, git, a C compiler (for the race detector) and
# PostgreSQL 15 or newer: its programs, from which each test binary starts a server of its own on
# a private socket, or a server named in ROLLBOOK_TEST_POSTGRES; Chromium, or what
# ROLLBOOK_TEST_CHROMIUM names; strace, promtool, systemd-analyze, curl and jq. As root, what is missing is
# installed by apt-get.
#
#   ./check.sh                  everything, some minutes
#   ROLLBOOK_LONG=1 ./check.sh  more of what is random: 200 kills where there are 20, a thousand
#                               flipped bits where there are 40, long histories; some hours
#   FUZZTIME=5m ./check.sh      longer fuzzing; `make fuzz` does only that
#
# The last line is the count of tests, subtests and fuzzing runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fuzztime=${FUZZTIME:-3s}
export CGO_ENABLED=1                         # the race detector needs it
export GOFLAGS="${GOFLAGS:-} -buildvcs=false" # a checkout owned by somebody else builds too

logs=$(mktemp -d)
current= # the step that is running
passed=0 failed=0 skipped=0 counted=

finish() {
  local status=$?
  if ((status == 0)); then
    rm -rf "$logs"
  elif [[ $current ]]; then
    printf '\nFAILED: %s (logs in %s)\n' "$current" "$logs"
  fi
  if [[ $counted ]]; then
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  fi
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { # title, command...
  current=$1
  shift
  local begin=$SECONDS
  printf '\n== %s\n' "$current"
  "$@"
  printf '   %d s\n' $((SECONDS - begin))
  current=
}

tool() { go tool -modfile=tools.mod "$@"; }

compiler() {
  local cc
  cc=$(go env CC)
  if ! command -v "${cc%% *}" >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo "The race detector needs a C compiler and there is no ${cc%% *}: install gcc, or set CC."
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends gcc libc6-dev
  fi
  go version
  "${cc%% *}" --version | head -n 1
}

# postgres prints the newest major version of the programs that the tests will find.
postgres() {
  local program version newest=0
  for program in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres /opt/homebrew/opt/postgresql@*/bin/postgres \
    /usr/local/opt/postgresql@*/bin/postgres "$(command -v postgres || true)"; do
    [[ -x $program ]] || continue
    version=$("$program" --version | sed -nE 's/.*\) ([0-9]+).*/\1/p')
    newest=$((${version:-0} > newest ? version : newest))
  done
  echo "$newest"
}

database() {
  if [[ ${ROLLBOOK_TEST_POSTGRES:-} ]]; then
    echo 'the server that ROLLBOOK_TEST_POSTGRES names' # not the URL, which may hold a password
  fi
  # Tests that kill the server start one of their own in any case.
  if (($(postgres) < 15)); then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo 'The tests need PostgreSQL 15 or newer: install it (it need not run).'
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql-common
    # Only the programs: no cluster, nothing that runs.
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/rollbook.conf
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql
    if (($(postgres) < 15)); then
      echo 'apt-get has no PostgreSQL 15 or newer: install one, see https://wiki.postgresql.org/wiki/Apt'
      return 1
    fi
  fi
  echo "PostgreSQL $(postgres)"
}

# faults brings what a test injects faults with.
faults() {
  if ! command -v strace >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo 'A test makes fsync fail with strace: install it.'
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends strace
  fi
  strace --version | head -n 1
}

# deployment brings what the files in deploy/ are checked with. Of Prometheus only promtool is taken out of
# its package, so that no server is started.
deployment() {
  if ! command -v "${ROLLBOOK_TEST_PROMTOOL:-promtool}" >/dev/null || ! command -v systemd-analyze >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo 'Alerts and the unit are tested with promtool and systemd-analyze: install them, or name the first in ROLLBOOK_TEST_PROMTOOL.'
      return 1
    fi
    apt-get update -q
    if ! command -v systemd-analyze >/dev/null; then
      DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends systemd
    fi
    if ! command -v "${ROLLBOOK_TEST_PROMTOOL:-promtool}" >/dev/null; then
      mkdir "$logs/prometheus"
      (cd "$logs/prometheus" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb .)
      install -m 0755 "$logs/prometheus/usr/bin/promtool" /usr/local/bin/promtool
    fi
  fi
  "${ROLLBOOK_TEST_PROMTOOL:-promtool}" --version 2>&1 | head -n 1
  systemd-analyze --version | head -n 1
}

# subscriber brings what the handbook for subscribers is done with: curl, jq, and the nats command line,
# which shares most of what it is made of with ours and is compiled once.
subscriber() {
  local program missing=()
  for program in curl jq; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if ((${#missing[@]} > 0)); then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo "What the handbooks say is done with ${missing[*]}: install it."
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
  curl --version | head -n 1
  jq --version
  printf 'nats %s\n' "$(go tool -modfile=natscli.mod nats --version)"
}

# browser brings what the pages are tested in.
browser() {
  local program
  program=$(command -v "${ROLLBOOK_TEST_CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome || true)
  if [[ ! $program ]]; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
      echo 'The pages are tested in Chromium: install it, or name one in ROLLBOOK_TEST_CHROMIUM.'
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium
    program=$(command -v chromium)
  fi
  "$program" --version 2>/dev/null
}

# tidy sees to it that all modules name what they need, before a long run finds out.
tidy() {
  local module
  for module in . audit/interop deploy/helm; do
    (cd "$module" && go mod tidy -diff)
  done
}

format() {
  local files
  files=$(tool gofumpt -l -extra=group_params .)
  if [[ $files ]]; then
    printf '%s\n' "$files"
    echo 'These files are not formatted: run `make format`.'
    return 1
  fi
}

# results reads what `go test -json` writes, shows a line for each package and
# the output of what failed, and leaves the counts in the file it is given.
results() {
  awk -v counts="$1" '
    function value(key,  i, rest) {
      i = index($0, "\"" key "\":\"")
      if (!i) return ""
      rest = substr($0, i + length(key) + 4)
      match(rest, /^([^"\\]|\\.)*/)
      return substr(rest, 1, RLENGTH)
    }
    function plain(s) {
      gsub(/\\\\/, "\001", s)
      gsub(/\\n/, "\n", s); gsub(/\\t/, "\t", s); gsub(/\\r/, "", s); gsub(/\\"/, "\"", s)
      gsub(/\\u003c/, "<", s); gsub(/\\u003e/, ">", s); gsub(/\\u0026/, "\\&", s)
      gsub(/\001/, "\\", s)
      return s
    }
    !/^\{/ { print; next }
    { action = value("Action"); package = value("Package"); test = value("Test"); id = package " " test }
    action == "build-output" { printf "%s", plain(value("Output")) }
    action == "output" { line = value("Output"); if (line !~ /^=== /) output[id] = output[id] line }
    test && action == "pass" { passed++ }
    test && action == "skip" { skipped++; print "SKIP  " id; printf "%s", plain(output[id]) }
    test && action == "fail" { failed++; broken[package] = 1; print "FAIL  " id; printf "%s", plain(output[id]) }
    !test && action == "pass" { print "ok    " package }
    !test && action == "fail" {
      if (!(package in broken)) failed++ # it did not build, or died outside its tests
      print "FAIL  " package; printf "%s", plain(output[id])
    }
    action == "pass" || action == "fail" || action == "skip" { delete output[id] }
    END { print passed + 0, failed + 0, skipped + 0 > counts }
  '
}

# Packages in which nothing happens at the same time: there is no race to detect.
sequential='^rollbook/(domain|internal/naive|cmd/rollbook/demo|docs/catalogue|docs/catalogue/gen)$'

# Packages that compute more than they do at the same time. With the race detector they do less of the same, see
# their race_test.go, and so they run a second time without it, as the ledger's properties do.
twice='^rollbook/office/sheets$'

# Packages whose tests take longest, in this order, begin first: at the end both cores have work. Go takes a package
# that is named twice once.
longest='./ledger ./cmd/rollbook ./eventstore/jetstream ./audit ./web/pages ./projections/postgres ./projections/sqlite'

# full_disk tries a disk that is really full: a small one of its own, for which it takes root.
full_disk() {
  local disk="$logs/disk" status=0
  mkdir "$disk"
  if ! mount -t tmpfs -o size=64m tmpfs "$disk" 2>/dev/null; then
    if [[ ${CI:-} ]]; then
      echo 'No small disk can be mounted, so what a full disk does was not tested.' >&2
      return 1
    fi
    echo 'NOT TESTED: a full disk. It takes root, to mount a small one.' >&2
    return 0
  fi
  ROLLBOOK_TEST_SMALL_DISK="$disk" go test -tags smalldisk -vet=off -json -count=1 -run '^TestFullDisk$' ./eventstore/jetstream || status=$?
  umount "$disk"
  return "$status"
}

# With the race detector, Go checks each conversion of unsafe pointers. SQLite, translated from C, is nothing but
# such conversions, which are not ours: there they are not checked, which spares the tests of read models two fifths.
unchecked='modernc.org/...=-d=checkptr=0'

# Tests against large programs of others are in modules of their own. The ledger's properties
# run a second time without the race detector, which lets them look at more histories. Then runs what
# files keep from it, with the tag !race, because nothing happens there at the same time. What vet
# says of the tests has been said before.
all_modules() {
  local status=0 properties files kept timeout=15m
  [[ ${ROLLBOOK_LONG:-} ]] && timeout=6h
  properties=$(awk '/^func Test/ { name = $2; sub(/\(.*/, "", name) } /rapid\.Check\(/ { print name }' ledger/*_test.go | paste -sd '|')
  files=$(grep -rlE --include='*_test.go' '^//go:build .*!race\b' .)
  # shellcheck disable=SC2086 # one word each
  kept=$(sed -nE 's/^func (Test[A-Za-z0-9_]*)\(.*/\1/p' $files | paste -sd '|')
  # shellcheck disable=SC2046,SC2086 # one word each
  go test -race -gcflags="$unchecked" -vet=off -timeout "$timeout" -json -count=1 $longest $(go list ./... | grep -vE "$sequential") || status=$?
  # shellcheck disable=SC2046
  go test -vet=off -timeout "$timeout" -json -count=1 $(go list ./... | grep -E "$sequential|$twice") || status=$?
  # shellcheck disable=SC2046,SC2086
  go test -vet=off -timeout "$timeout" -json -count=1 -run "^($properties|$kept)\$" ./ledger $(dirname $files | sort -u) || status=$?
  full_disk || status=$?
  (cd audit/interop && go test -json -count=1 ./...) || status=$?
  (cd deploy/helm && go test -json -count=1 ./...) || status=$?
  return "$status"
}

tests() {
  local status=0
  all_modules </dev/null | tee "$logs/test.json" | results "$logs/counts" || status=$?
  read -r passed failed skipped <"$logs/counts"
  counted=yes
  if ((skipped > 0)); then
    echo 'A skipped test proves nothing: make it run, or delete it.'
    return 1
  fi
  if ((passed == 0)); then
    echo 'No test ran.'
    return 1
  fi
  return "$status"
}

# fuzzer names the test binary of a folder, built for fuzzing.
fuzzer() { echo "$logs/fuzz${1//[!A-Za-z0-9]/_}.test"; }

# fuzz runs one target and appends its result to a file.
fuzz() { # folder, name
  local binary log="$logs/fuzz${1//[!A-Za-z0-9]/_}_$2.log"
  binary=$(fuzzer "$1")
  for _ in 1 2; do
    if (cd "$1" && "$binary" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$fuzztime" -test.parallel "$workers" \
      -test.fuzzcachedir "$inputs/${1#./}") >"$log" 2>&1 </dev/null; then
      if ! grep -q '^fuzz: elapsed' "$log"; then
        break # a target that was not compiled, behind a build tag perhaps
      fi
      printf 'ok    %s %s, %s\n' "$1" "$2" "$(grep '^fuzz: elapsed' "$log" | tail -n 1)"
      echo ok >>"$logs/fuzzed"
      return
    fi
    # Go 1.26 now and then reports the end of fuzztime as a failure (golang/go#75804).
    # Only that, and no input that fails, is worth a second try.
    if grep -q 'Failing input written' "$log" || ! grep -q '^    context deadline exceeded$' "$log"; then
      break
    fi
  done
  printf 'FAIL  %s %s\n' "$1" "$2"
  tail -n 60 "$log"
  echo failed >>"$logs/fuzzed"
}

# fuzz_all fuzzes every target. Only our own code leads to new inputs: other than with `go test -fuzz`, code of
# others is compiled as it is everywhere, which is there already, and not slowed down by counting each branch
# of XML and ZIP. Each package is linked once, not once for each target.
fuzz_all() {
  local targets folder name cores inputs at_once=2
  targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . |
    sed -E 's|^(.*)/[^/]*:func (Fuzz.*)$|\1 \2|' | sort)
  if [[ ! $targets ]]; then
    echo 'no targets'
    return
  fi
  cores=$(getconf _NPROCESSORS_ONLN)
  workers=$((cores > at_once ? cores / at_once : 1))
  : >"$logs/fuzzed"

  inputs="$(go env GOCACHE)/fuzz/$(go list -m)" # where go test keeps what it found before
  for folder in $(cut -d ' ' -f 1 <<<"$targets" | uniq); do
    go test -c -ldflags=-w -gcflags="$(go list -m)/...=-d=libfuzzer" -o "$(fuzzer "$folder")" "$folder"
  done
  while read -r folder name; do
    while (($(jobs -rp | wc -l) >= at_once)); do
      wait -n
    done
    fuzz "$folder" "$name" &
  done <<<"$targets"
  wait

  local ok broken
  ok=$(grep -c '^ok$' "$logs/fuzzed" || true)
  broken=$(($(wc -l <<<"$targets") - ok)) # whatever left no result has failed too
  passed=$((passed + ok))
  failed=$((failed + broken))
  ((broken == 0))
}

state() { git ls-files -z --cached --others --exclude-standard | sort -z | xargs -0 sha256sum 2>&1 || true; }

generated() {
  if ! grep -rq --include='*.go' '^//go:generate ' .; then
    echo 'nothing is generated'
    return
  fi
  state >"$logs/before"
  go generate ./...
  state >"$logs/after"
  if ! diff "$logs/before" "$logs/after"; then
    echo 'Generated files are not current: run `go generate ./...` and commit.'
    return 1
  fi
}

step 'compiler' compiler
step 'database' database
step 'strace' faults
step 'promtool, systemd-analyze' deployment
step 'browser' browser
step 'modules (go mod tidy)' tidy
step 'format (gofumpt)' format
step 'lint (golangci-lint, with vet)' tool golangci-lint run
step 'build' go build ./...
step 'curl, jq, nats' subscriber
step 'tests (race detector)' tests
step "fuzzing, $fuzztime each" fuzz_all
step 'generated files' generated
printf '\nall done in %d s\n' "$SECONDS"
