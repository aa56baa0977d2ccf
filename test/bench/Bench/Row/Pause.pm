# From the request to pause a campaign until its last message arrives at the carrier,
# by the sink's clock; the worst of five.
package Bench::Row::Pause;

use strict;
use warnings;

use Bench::Campaign qw(make_list make_campaign wait_run);
use Bench::Size qw(size);
use Time::HiRes qw(time sleep);

my $pauses = 5;

sub measure
{
	my ($stage, $table) = @_;
	my $arrivals = $stage->work . '/paused';
	my $sink = $stage->logging_sink($arrivals);
	my $database = $stage->database(url => $sink->url . '/cgi-bin/sendsms');
	my $n = size('PAUSED');
	my ($worst, $before) = (0, 0);

	$database->dispatcher;
	make_list($database, 'customers', $n);
	for (1 .. $pauses)
	{
		my $campaign = make_campaign($database, 'customers');
		my $base = $sink->count;

		wait_run($database, $campaign, 'ready');
		$database->app("SELECT portatext.start_campaign($campaign)");
		wait_count($sink, $base + $n / 10);
		my $asked = time;

		$database->app("SELECT portatext.pause_campaign($campaign)");
		sleep 2;
		my $count = $sink->count - $base;
		my $late = last_arrival($arrivals) - $asked;

		die "the campaign was through before it was paused\n" if $count >= $n;
		$worst = $late if $late > $worst;
		$before += $count;
		$database->app("SELECT portatext.cancel_campaign($campaign)");
		$database->wait_empty;
	}
	$table->fact("pause until the last hand-over, worst of $pauses", $worst, 's', '<= 1');
	$table->fact("  messages that had gone out, of $n", $before / $pauses, '');
	return;
}

sub wait_count
{
	my ($sink, $wanted) = @_;
	my $end = time + 60;

	while ($sink->count < $wanted)
	{
		die "the campaign does not go out\n" if time > $end;
		sleep 0.005;
	}
	return;
}

# When the last line of the file was written; it is whole, for nothing goes out any more.
sub last_arrival
{
	my ($path) = @_;

	open my $f, '<', $path or die "$path: $!\n";
	seek $f, -200, 2 or seek $f, 0, 0;
	my ($at) = (readline_last($f)) =~ /^([\d.]+) /;

	return $at;
}

sub readline_last
{
	my ($f) = @_;
	my $last = '';

	while (defined(my $line = readline $f)) { $last = $line }
	return $last;
}

1;
