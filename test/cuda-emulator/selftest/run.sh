#!/bin/sh
# run.sh [BUILD_FOLDER]: prints `ok NAME` or `FAIL NAME` per kernel and mutant; VERBOSE=1 shows the
# reports, KEEP=1 keeps the programs, ONLY=NAME runs the
# kernels whose names start so, CUEMU_FLAGS adds compiler flags.
exec node "$(dirname "$0")/run.mjs" "$@"
