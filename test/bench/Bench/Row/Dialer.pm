# The pacing core in a simulated call centre: no server, one processor.
package Bench::Row::Dialer;

use strict;
use warnings;

use Bench::Size qw(size);
use Bench::Table;

sub measure
{
	my ($stage, $table) = @_;
	my $program = $stage->work . '/dialer_bench';
	my $days = size('DAYS');

	build($program);
	open my $lines, '-|', $program, $days or die "$program: $!\n";
	$table->note("dialer: $days days of 8 hours for each team, half of them with withdrawing, a quarter for other scenarios");
	while (my $line = <$lines>)
	{
		chomp $line;
		show($table, split /\t/, $line, -1);
	}
	close $lines or die "$program failed\n";
	return;
}

sub build
{
	my ($program) = @_;
	my @files = (glob('test/bench/dialer_*.c'), glob('src/telephony/pacing*.c'), 'src/telephony/erlang.c');

	system('gcc', '-O2', '-std=gnu11', '-Isrc', '-o', $program, (grep { !/_sql\.c$/ } @files), '-lm') == 0
	  or die "the simulator does not build\n";
	return;
}

sub show
{
	my ($table, $kind, $what, @value) = @_;

	if ($kind eq 'fact')
	{
		$table->fact($what, $value[0], $value[1], $value[2]);
		return;
	}
	$table->line($what, Bench::Table::figure($value[0]), '%', 'of live answers abandoned',
		Bench::Table::figure($value[1]) . ' %', '', '', '');
	return;
}

1;
