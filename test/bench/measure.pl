# The measurements of make bench, in a private copy (test/bench/run).  Each part of
# the table is a module in Bench/Row with a database (or several) of its own; a part
# that fails or hangs is reported and costs itself only.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib", $FindBin::Bin;
use TestEnvironment;

use Bench::Size qw(size);
use Bench::Stage;
use Bench::Table;

# In this order; profile only when it is asked for.
my @default = qw(segments batch single latency drain kannel busy backlog receipts inbound memory
  import build window pause rest page dialer dial);
my @known = (@default, 'profile');
my @rows = split ' ', $ENV{ROWS} || "@default";
my $limit = $ENV{LIMIT} || 900;

# The modules of PostgreSQL send standard output to a log; the table goes to 3.
my $table = Bench::Table->new;
my $stage;

$SIG{$_} = sub { die "interrupted\n" } for qw(INT TERM HUP);
$SIG{ALRM} = sub { die "given up after $limit s\n" };
$SIG{PIPE} = 'IGNORE';
my $ok = eval { main(); 1 };
$table->note("bench: $@") unless $ok;
$stage->close if $stage;
exit($ok && !$table->failures ? 0 : 1);

sub main
{
	for my $row (@rows)
	{
		die "there is no part \"$row\"; there are @known\n" unless grep { $_ eq $row } @known;
	}
	$table->note('Building ...');
	$stage = Bench::Stage->new;
	$table->note(sprintf "\n%s, %s; median of %d rounds, 32 requests in flight%s\n",
		$stage->version, $stage->machine, size('ROUNDS'),
		$ENV{SMALL} ? '; SMALL: these figures mean nothing' : '');
	$table->head unless "@rows" eq 'profile';
	run_row($_) for @rows;
	$table->summary unless "@rows" eq 'profile';
	return;
}

# One part; whatever it leaves is dropped.
sub run_row
{
	my ($row) = @_;
	my $module = 'Bench::Row::' . ucfirst $row;

	alarm $limit;
	my $done = eval {
		eval "require $module; 1" or die $@;
		$module->can('measure')->($stage, $table);
		1;
	};
	my $why = $@;
	alarm 0;
	die $why if !$done && $why =~ /^interrupted/;
	$table->failed($row, $why) unless $done;
	$stage->clear;
	return;
}
