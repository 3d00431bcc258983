# Runs on the workspace, not here. $1 is the business date.
echo "preparing $1"
