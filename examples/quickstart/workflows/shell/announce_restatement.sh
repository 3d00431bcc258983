#!/bin/bash
# Leaves a note next to the report, so that readers of the old figures learn that they changed.
set -euo pipefail

bizdate=$1
note=$(mktemp)

printf 'Sales of %s were rebuilt at %s\n' "${bizdate}" "$(date -u +%FT%TZ)" > "${note}"
ossutil cp --force "${note}" "oss://${script.reportBucket}/daily_sales/${bizdate}.restated"
