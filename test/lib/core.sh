# Sourced by test/unit/run and test/fuzz/run, in the top folder: compiles the core
# files (CORE in the Makefile, no PostgreSQL header) into a library, once per mode.
#
#   core_library MODE      MODE is plain, sanitize or fuzz
#   extra_libraries FILE [OPTIONS]   compiler arguments (pkg-config's) for the pkg-config names that FILE
#                          lists in a comment line " * Libraries: icu-i18n ...", and, without OPTIONS,
#                          those of a line " * Linked with: -lname ..."
#
# Sets CC, flags (compile and link) and library.

core_library()
{
	# Left out are matters of style, and gcc's guess about what is not initialized,
	# which is often wrong here; clang and the sanitizers look at that too.
	flags="-std=gnu11 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare
		-Wno-missing-field-initializers -Isrc"
	core_flags=
	case $1 in
		plain)
			CC=${CC:-gcc}
			flags="$flags -O1 -Wno-maybe-uninitialized" ;;
		sanitize)
			CC=${CC:-gcc}
			flags="$flags -O1 -Wno-maybe-uninitialized -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" ;;
		fuzz)
			CC=${FUZZ_CC:-clang}
			flags="$flags -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
			core_flags=-fsanitize=fuzzer-no-link ;;
	esac
	build=${PT_BUILD:-build}
	dir=$build/core-$1
	mkdir -p "$dir"
	library=$dir/libcore.a
	(
		flock 9
		[ ! -e "$library" ] || exit 0
		for file in $(make -s PG_CONFIG="${PG_CONFIG:-pg_config}" core-files); do
			compile="$CC $flags"
			case $file in *.cpp) compile=$(in_cxx "$compile") ;; esac
			$(echo "$compile" | sed 's/-fsanitize=fuzzer,/-fsanitize=/') $core_flags \
				$(extra_libraries "$file" --cflags) -c "$file" -o "$dir/$(echo "$file" | tr / -).o" || exit 1
		done
		set -- "$dir"/*.o
		[ -e "$1" ] || set --
		ar rcs "$library.new" "$@" && mv "$library.new" "$library"
	) 9>"$dir/lock" >&2
}

# The same command for the C++ compiler of the same kind; its programs are linked as C.
in_cxx()
{
	echo "$1" | sed 's/^\([^ ]*\)gcc/\1g++/; s/^\([^ ]*\)clang\([^ ]*\)/\1clang++\2/; s/-std=gnu11/-std=c++17/; s/$/ -fno-sanitize=vptr/'
}

extra_libraries()
{
	[ "${2:-}" = --cflags ] || sed -n 's/^ \* Linked with: *//p' "$1"
	names=$(sed -n 's/^ \* Libraries: *//p' "$1")
	[ -z "$names" ] || pkg-config ${2:---cflags --libs} $names
}
