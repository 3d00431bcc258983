#!/bin/bash
# 日报好了：给看板放一个标记。
set -euo pipefail

bizdate=$1
marker=$(mktemp)
printf '{"date": "%s", "report": "销售日报"}\n' "${bizdate}" > "${marker}"
ossutil cp --force "${marker}" "oss://${script.reportBucket}/sales_daily/${bizdate}.json"
