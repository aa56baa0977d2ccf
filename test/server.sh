# Sourced inside a private copy (test/private_copy.sh) by the demo and the bench:
# builds the shipped extension and runs one throw-away server with it.
#
#   build_extension          installs it below $PT_WORK/dest
#   start_server [LINE...]   further lines for postgresql.conf; sets PGHOST, PGPORT, PGUSER
#   stop_server

build_extension()
{
	make -s PG_CONFIG="$PG_CONFIG" all >"$PT_WORK/log/make.log" 2>&1 &&
		make -s PG_CONFIG="$PG_CONFIG" install DESTDIR="$PT_WORK/dest" >>"$PT_WORK/log/make.log" 2>&1 ||
		{ tail -n 40 "$PT_WORK/log/make.log" >&2; return 1; }
}

server_settings()
{
	version=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	cat <<END
listen_addresses = ''
unix_socket_directories = '$PT_WORK'
shared_preload_libraries = 'portatext'
dynamic_library_path = '$PT_WORK/dest$("$PG_CONFIG" --pkglibdir):\$libdir'
END
	if [ "$version" -ge 18 ]; then
		echo "extension_control_path = '$PT_WORK/dest$("$PG_CONFIG" --sharedir):\$system'"
	else
		echo "extension_destdir = '$PT_WORK/dest'"
	fi
	[ $# = 0 ] || printf '%s\n' "$@"
}

# The socket lies in the private folder, so the port is free.
start_server()
{
	export PGHOST=$PT_WORK PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	initdb -D "$PT_WORK/data" -U postgres -A trust -N --locale=C.UTF-8 -E UTF8 >"$PT_WORK/log/initdb.log" 2>&1 ||
		{ cat "$PT_WORK/log/initdb.log" >&2; return 1; }
	server_settings "$@" >>"$PT_WORK/data/postgresql.conf"
	pg_ctl -D "$PT_WORK/data" -l "$PT_WORK/log/server.log" -s -w start ||
		{ tail -n 20 "$PT_WORK/log/server.log" >&2; return 1; }
}

stop_server()
{
	[ ! -f "$PT_WORK/data/postmaster.pid" ] || pg_ctl -D "$PT_WORK/data" -s -w -m fast stop
}
