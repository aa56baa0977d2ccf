# Sourced by test/run, test/demo/run and test/bench/run: a private copy of this
# tree under /tmp, and a way to run commands in it as a user who may start
# PostgreSQL.  Nothing is built or run in the user's own tree.
#
#   make_copy NAME     sets work=/tmp/portatext-NAME.XXXXXX with the tree in src
#   in_copy COMMAND... runs it there with a clean environment
#   drop_copy          removes the copy

make_copy()
{
	# The path must be short: the sockets of the servers lie below it.
	work=$(mktemp -d "/tmp/portatext-$1.XXXXXX")
	mkdir "$work/src" "$work/tmp" "$work/log"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.so' \
		--exclude='*.bc' --exclude=./portatext--0*.sql -cf - . | tar -C "$work/src" -xf -
	# What tools/install-deps has fetched for the tests; it may be absent.
	[ ! -x "$top/build/tools/postgrest" ] || cp "$top/build/tools/postgrest" "$work/tmp/postgrest"
	if [ "$(id -u)" = 0 ]; then
		chown -R postgres: "$work"
	fi
}

in_copy()
{
	pg_config=$(command -v "${PG_CONFIG:-pg_config}") ||
		{ echo "portatext: ${PG_CONFIG:-pg_config} not found" >&2; return 1; }
	set -- env -i HOME="$work" TMPDIR="$work/tmp" LANG=C.UTF-8 PT_WORK="$work" \
		PT_RUN_ID="$work" PT_POSTGREST="$work/tmp/postgrest" PG_CONFIG="$pg_config" CI="${CI:-}" \
		CHECK_LONG="${CHECK_LONG:-}" JOBS="${JOBS:-}" SUITES="${SUITES:-}" V="${V:-}" \
		PATH="$("$pg_config" --bindir):/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" \
		sh -c 'ulimit -c 0; cd "$0/src" && exec "$@"' "$work" "$@"
	if [ "$(id -u)" = 0 ]; then
		set -- runuser -u postgres -- "$@"
	fi
	"$@"
}

drop_copy()
{
	if [ -n "${work:-}" ]; then
		rm -rf "$work"
	fi
}
