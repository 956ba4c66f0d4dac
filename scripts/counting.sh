# Counts tests and checks, for ./test and scripts/build-and-test. Sourced by bash. `logs` must be a folder for outputs.

passed=0
failed=0
failures=
repeated=
# The end-to-end tests make network namespaces and log in as root.
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo

check() {  # WHAT COMMAND…: passes or fails as a whole
  what=$1
  shift
  echo "== $what"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures="$failures
  $what"
  fi
}

# Adds up ctest's tests. One that fails is run once more, because a machine may be too busy for any wait, and is named.
run_tests() {  # PRESET ARGUMENT…
  echo "== tests: $*"
  $as_root ctest --preset "$@" --repeat until-pass:2 >"$logs/tests" 2>&1
  grep -v -e ' Passed  *[0-9.]* sec$' -e '^ *Start ' "$logs/tests"
  counts=$(sed -n 's/^.*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$logs/tests")
  if [ -z "$counts" ]; then
    check "tests of $1: ctest found none" false
    return
  fi
  again=$(sed -nE 's|^.*Test +#[0-9]+: ([^ ]+) \.+\*\*\*.*|  '"$1"': \1|p' "$logs/tests" | sort -u)
  [ -z "$again" ] || repeated="$repeated
$again"
  passed=$((passed + ${counts#* } - ${counts% *}))
  # A program that runs all of its tests is one test for ctest; of a single test, gtest says the same.
  for count in $(sed -n 's/^\[  PASSED  \] \([1-9][0-9]*\) tests*\.$/\1/p' "build/$1/Testing/Temporary/LastTest.log"); do
    passed=$((passed + count - 1))
  done
  failed=$((failed + ${counts% *}))
  [ "${counts% *}" -eq 0 ] || failures="$failures
$(sed -n '/^The following tests FAILED:/,$s/^[[:space:]]*[0-9]* - /  '"$1"': /p' "$logs/tests")
$(sed -n 's/^\[  FAILED  \] \([^ ,]*\.[^ ,]*\).*/    \1/p' "$logs/tests" | sort -u)"
}

print_sum() {  # and fails if a test or check has failed
  [ -z "$repeated" ] || echo "Run twice, because they failed at first:$repeated"
  [ "$failed" -eq 0 ] || echo "What failed:$failures"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
