# The same hand-over to a real Kannel (test/carrier), beside what libcurl alone gets
# from it with the same requests.  Its receipts go to the sink on both sides.
#
# Kannel accepts faster than it carries: what it has accepted waits inside, and its
# receipts come later.  So there are two pairs: until the last message is accepted, and
# until the last receipt has come.
package Bench::Row::Kannel;

use strict;
use warnings;

use Bench::Client qw(median kannel_query);
use Bench::Drain qw(drain warm_up);
use Bench::Size qw(size);
use Carrier;
use Time::HiRes qw(time sleep);

sub measure
{
	my ($stage, $table) = @_;
	# Without Kannel, Carrier.pm would end the program as a test that is skipped.
	die "Kannel is not installed\n" unless grep { -x "$_/bearerbox" } split /:/, $ENV{PATH};
	my $carrier = Carrier->start;

	eval { compare($stage, $table, $carrier); 1 } or my $why = $@;
	$carrier->stop;
	die $why if $why;
	return;
}

sub compare
{
	my ($stage, $table, $carrier) = @_;
	my $n = size('KANNEL');
	my $all = $n + warm_up($n);
	my %kannel = (username => $carrier->user, password => $carrier->password);
	my $database = $stage->database(url => $carrier->sendsms_url, %kannel);
	my $query = kannel_query(user => $carrier->user, password => $carrier->password,
		receipts => $stage->sink->url, to => '%2B12{}99');
	my (@ours, @theirs, @ours_whole, @theirs_whole);

	$database->dispatcher;
	$database->stop_workers;
	for (1 .. size('ROUNDS'))
	{
		my $begin = time;

		push @theirs, Bench::Client::requests($stage, count => $n, warm_up => warm_up($n), url => $carrier->sendsms_url . $query);
		push @theirs_whole, $all / (wait_quiet($stage, $carrier, $all) - $begin);
		die "not queued\n" unless $database->app("SELECT count(message_id) FROM send_to_centre($all)") == $all;
		$begin = time;
		push @ours, drain($stage, $database, $n, whole => 1, counted => sub { accepted($database) });
		push @ours_whole, $all / (wait_quiet($stage, $carrier, $all) - $begin);
		$database->forget;
	}
	$table->pair('hand-over to Kannel', median(map { $_->{rate} } @ours), '/s',
		'libcurl alone, same requests, same Kannel', median(@theirs), '>= 0.9');
	$table->pair('  and carried by it, receipts included', median(@ours_whole), '/s', 'the same', median(@theirs_whole));
	return;
}

# What Kannel has accepted since the database was made.
sub accepted
{
	my ($database) = @_;

	sleep 0.01;    # asking costs processor time too
	return $database->sql('SELECT COALESCE(sum(accepted), 0) FROM portatext.carrier_counters()');
}

# Waits until Kannel has sent everything on and no receipt comes any more; when the last came.
sub wait_quiet
{
	my ($stage, $carrier, $messages) = @_;
	my ($seen, $moved) = (-1, time);
	my $arrived;

	while (time - $moved < 0.5 || ($arrived // 0) < $messages)
	{
		my $now = $stage->sink->count;

		$arrived = $carrier->control('/stats')->{submits} // 0;
		($seen, $moved) = ("$now $arrived", time) if $seen ne "$now $arrived";
		die "Kannel stands still: $arrived of $messages messages have come to the centre\n" if time - $moved > 30;
		sleep 0.1;
	}
	$carrier->reset;
	return $moved;
}

1;
