# What test programs find in their environment, derived from PG_CONFIG and PT_WORK
# (the private copy, see test/private_copy.sh).  Load it before any other module of
# this folder.
package TestEnvironment;

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);

BEGIN
{
	my $work = $ENV{PT_WORK} or die "PT_WORK is not set; use make check or make bench\n";
	my $pgxs = qx("$ENV{PG_CONFIG}" --pgxs);

	chomp $pgxs;
	my $tools = dirname(dirname(dirname($pgxs))) . '/src/test';
	$ENV{PG_REGRESS} = "$tools/regress/pg_regress";
	$ENV{PG_ISOLATION_REGRESS} = "$tools/isolation/pg_isolation_regress";
	$ENV{PERL5LIB} = "$tools/perl";
	unshift @INC, "$tools/perl";
	$ENV{PT_DESTDIR} = "$work/dest";
	$ENV{PT_SHIP_DESTDIR} = "$work/ship-dest";
	$ENV{PT_BUILD} = "$work/build";
	$ENV{PG_TEST_PORT_DIR} = "$work/portlock";
	$ENV{TESTDIR} ||= "$work/tap";
	# PostgreSQL 16 and later ask for these instead.
	$ENV{TESTDATADIR} ||= "$ENV{TESTDIR}/tmp_check";
	$ENV{TESTLOGDIR} ||= "$ENV{TESTDATADIR}/log";
	make_path($ENV{PG_TEST_PORT_DIR}, $ENV{PT_BUILD}, $ENV{TESTDIR});
}

1;
