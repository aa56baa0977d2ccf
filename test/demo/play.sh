# The demo itself, inside the private copy (test/demo/run).
set -eu
. test/server.sh
echo "Building portatext for $("$PG_CONFIG" --version) ..."
build_extension
start_server
createdb demo
psql -X -q -v ON_ERROR_STOP=1 -d demo -f test/demo/demo.sql
