# The dispatcher's own memory after few and after very many messages.
package Bench::Row::Memory;

use strict;
use warnings;

use Bench::Proc qw(private_kb);
use Bench::Size qw(size);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my ($few, $many) = (size('FEW'), size('MANY'));
	my $turn = $many >= 1_000_000 ? 50_000 : int(($many - $few) / 10);
	my $dispatcher = $database->dispatcher;

	$database->queue($few);
	$database->wait_empty;
	my $before = private_kb($dispatcher);

	for (my $done = $few; $done < $many;)
	{
		my $next = $many - $done < $turn ? $many - $done : $turn;

		$database->queue($next);
		$done += $next;
		$database->wait_empty if $done % (4 * $turn) < $turn;
	}
	$database->wait_empty;
	die "the dispatcher was not the same all the time\n" unless $database->dispatcher == $dispatcher;
	$table->fact("memory of the dispatcher after $few messages", $before / 1024, 'MB');
	$table->fact("growth until $many messages", (private_kb($dispatcher) - $before) / 1024, 'MB', '<= 5');
	return;
}

1;
