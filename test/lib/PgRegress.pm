# Runs pg_regress or pg_isolation_regress against a node and turns each of its
# results into one assertion (PostgreSQL 15 prints its own format, later ones TAP).
package PgRegress;

use strict;
use warnings;

use Exporter qw(import);
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT_OK = qw(run_pg_regress);

# Arguments: node, program, input folder, [tests], and file => sub that gives a
# test's file name for the coverage table.
sub run_pg_regress
{
	my ($node, $program, $input, $tests, %opt) = @_;
	my $out = $PostgreSQL::Test::Utils::tmp_check;
	my $keep = ($ENV{TESTDIR} || '.') . '/keep';
	my $result = '';

	IPC::Run::run(
		[
			$program, "--inputdir=$input", "--outputdir=$out",
			'--bindir=' . PortatextNode::config('--bindir'),
			'--host=' . $node->host, '--port=' . $node->port,
			'--dbname=contrib_regression', '--load-extension=portatext',
			@{ $opt{args} || [] }, @$tests
		],
		'>&', \$result);
	my %seen = results($result);
	for my $test (@$tests)
	{
		my $passed = $seen{$test} // 0;

		# The coverage table counts a test as run only when it gave a result.
		note('ran: ' . $opt{file}->($test)) if exists $seen{$test};
		ok($passed, $opt{file}->($test));
	}
	if (grep { !$seen{$_} } @$tests)
	{
		mkdir $keep;
		system 'sh', '-c', 'cp "$1"/regression.* "$2"', 'sh', $out, $keep;
		rename "$keep/regression.diffs", "$keep/$opt{name}.diffs";
		diag($result) unless %seen;
	}
}

# Test name => 1 (passed) or 0, from either output format.
sub results
{
	my ($text) = @_;
	my %seen;

	for (split /\n/, $text)
	{
		$seen{$1} = $2 eq 'ok' ? 1 : 0 if /^test (\S+)\s+\.\.\. (ok|FAILED)/;
		$seen{$2} = $1 ? 0 : 1 if /^(not )?ok \d+\s+[-+] (\S+)/;
	}
	return %seen;
}

1;
