#!/bin/bash
# 只在每月一日真正报送，其余日子直接成功。
set -euo pipefail

bizdate=$1
if [ "$(date -d "${bizdate} +1 day" +%d)" != "01" ]; then
    echo "${bizdate} 不是月末，不报送"
    exit 0
fi
echo "报送 ${bizdate:0:6}"
