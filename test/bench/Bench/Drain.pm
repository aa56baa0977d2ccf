# One drain, timed: messages wait, the workers are started, and when the first tenth
# has gone out (connections stand, caches are warm) the measured number begins.
package Bench::Drain;

use strict;
use warnings;

use Bench::Proc qw(server_cpu_us);
use Exporter qw(import);
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(drain warm_up reading wait_for);

# How many messages go first when n are measured.
sub warm_up
{
	my ($n) = @_;
	return int($n / 10);
}

# The workers are stopped and at least n + warm_up(n) messages wait.  With whole => 1
# exactly so many, and the last outcome ends the measurement; else the n-th message.
# With cold => 1 the start of the workers begins the measurement.
# With counted => code that says how many have gone out; default: the sink's count.
# Gives messages a second, and processor time a message in microseconds.
sub drain
{
	my ($stage, $database, $n, %opt) = @_;
	my $counted = $opt{counted} || sub { $stage->sink->count };
	my $base = $counted->();
	my $started = time;
	my $dispatcher = $database->start_workers;
	my %begin = reading($stage, $dispatcher, wait_for($counted, $base + warm_up($n)));

	%begin = (%begin, time => $started, count => $base) if $opt{cold};
	my $last = wait_for($counted, $base + warm_up($n) + $n);
	my %end = reading($stage, $dispatcher, $last);
	my $sent = $end{count} - $begin{count};

	if ($opt{whole})
	{
		$end{time} = $database->wait_empty;
		%end = (%end, reading($stage, $dispatcher, $last), time => $end{time});
		$sent = $base + warm_up($n) + $n - $begin{count};
	}
	$database->stop_workers;
	return {
		rate => $sent / ($end{time} - $begin{time}),
		dispatcher_us => ($end{dispatcher} - $begin{dispatcher}) / $sent,
		server_us => ($end{server} - $begin{server}) / $sent };
}

# Time and processor time, now that so many have gone out.
sub reading
{
	my ($stage, $dispatcher, $count) = @_;
	my $now = time;
	my ($server, $one) = server_cpu_us($stage->postmaster, $dispatcher);

	return (time => $now, count => $count, dispatcher => $one, server => $server);
}

# Waits until so many have gone out and says how many it were; gives up when none
# goes for half a minute.
sub wait_for
{
	my ($counted, $wanted) = @_;
	my ($last, $moved) = (-1, time);

	while ((my $now = $counted->()) < $wanted)
	{
		($last, $moved) = ($now, time) if $now > $last;
		die "nothing has gone out for 30 s; $now of $wanted have\n" if time - $moved > 30;
		sleep 0.002;
	}
	return $counted->();
}

1;
