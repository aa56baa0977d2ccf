# Sourced by run and profile, after test/private_copy.sh.
#
#   measure      runs measure.pl in the private copy with the sizes of the
#                environment; the table goes to standard output

measure()
{
	set -- env
	for name in ROWS SMALL LIMIT $(sed -n 's/^	\([A-Z_]*\) *=> \[.*/\1/p' "$top/test/bench/Bench/Size.pm"); do
		eval "value=\${$name:-}"
		[ -z "$value" ] || set -- "$@" "$name=$value"
	done
	in_copy "$@" sh -c 'exec perl test/bench/measure.pl 3>&1 >"$PT_WORK/log/bench.log" 2>&1' </dev/null && return
	status=$?
	# The modules of PostgreSQL redirect what is printed; the last two are the server's.
	for log in "$work/log/bench.log" "$work"/tap/tmp_check/log/*; do
		[ -s "$log" ] || continue
		echo "--- $(basename "$log")"
		tail -n 25 "$log"
	done >&2
	return $status
}
