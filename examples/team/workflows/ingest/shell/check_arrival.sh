#!/bin/bash
# 等上游：三份文件都有 _SUCCESS 标记才成功。
set -euo pipefail

bizdate=$1
landing="oss://${script.landingBucket}/orders/${bizdate}"

for part in orders items coupons; do
    if ! ossutil stat "${landing}/${part}/_SUCCESS" > /dev/null; then
        echo "${bizdate} 的 ${part} 还没有到齐" >&2
        exit 1
    fi
done
echo "${bizdate} 的文件已到齐"
