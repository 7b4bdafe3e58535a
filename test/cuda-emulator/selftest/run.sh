#!/bin/sh
# run.sh [BUILD_FOLDER]: prints `ok NAME` or `FAIL NAME` per kernel and mutant; VERBOSE=1 shows reports.
exec node "$(dirname "$0")/run.mjs" "$@"
