#!/bin/bash
# Waits for the tills: succeeds when the three exports of the business date are complete in OSS.
set -euo pipefail

bizdate=$1
landing="oss://${script.landingBucket}/pos/${bizdate}"

for table in orders order_lines products; do
    marker="${landing}/${table}/_SUCCESS"
    if ! ossutil stat "${marker}" > /dev/null; then
        echo "${table} of ${bizdate} is not complete: ${marker} is missing" >&2
        exit 1
    fi
done
echo "all exports of ${bizdate} have arrived"
