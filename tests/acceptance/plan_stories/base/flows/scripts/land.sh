set -e
fetch orders
