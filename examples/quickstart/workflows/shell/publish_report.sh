#!/bin/bash
# Tells the dashboards that the figures of the business date are ready.
set -euo pipefail

bizdate=$1
report="oss://${script.reportBucket}/daily_sales"
manifest=$(mktemp)

cat > "${manifest}" <<JSON
{"date": "${bizdate}", "currency": "${script.currency}",
 "tables": ["dws_store_daily_sales", "dws_product_daily_sales", "dws_customer_value"]}
JSON

ossutil cp --force "${manifest}" "${report}/${bizdate}.json"
ossutil cp --force "${manifest}" "${report}/latest.json"
echo "published ${report}/${bizdate}.json"
