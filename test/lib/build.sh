# Builds the extension in TREE and installs it below DESTDIR; prints TAP.
#   build.sh TREE DESTDIR MAKE-ARGUMENTS...
tree=$1 dest=$2
shift 2
cd "$tree"
status=0
make -s "$@" PG_CONFIG="$PG_CONFIG" all >&2 &&
	make -s "$@" PG_CONFIG="$PG_CONFIG" install DESTDIR="$dest" >&2 || status=1
[ $status = 0 ] && echo "ok 1 - make $*" || echo "not ok 1 - make $*"
echo 1..1
exit $status
