# One dialer with 200 running campaigns of calls through the adapter gateway: how fast
# it places calls, beside libcurl alone; that with five million waiting contacts; and
# what it costs while nothing is to be placed.
#
# The sink takes each call and tells nothing of it: calls stay in progress, so that
# every tick looks at all that were placed before.  Lines are as many as are wanted.
package Bench::Row::Dial;

use strict;
use warnings;

use Bench::Client qw(in_flight median requests);
use Bench::Drain qw(reading wait_for);
use Bench::Proc qw(server_cpu_us);
use Bench::Size qw(size);
use Time::HiRes qw(time sleep);

my $campaigns = 200;
my $watched_s = 10;
my $forward = '[{"forward": {"to": "+12015550199"}}]';

# What the adapter sends for a call, with a number at its place.
my $order = '{"call_id":"01234567-89ab-7cde-8f01-2345{}7","campaign_id":100,"iteration":1,"from":"+12015550100",'
  . '"to":"+1201{}","trunk":{"name":"trunk 100","address":"192.0.2.1"},"dial_timeout":300,"max_duration":3600,'
  . '"flow":[{"wait": {"seconds": 1}}],"callback":{"events":"http://127.0.0.1:9/engine/bench/events",'
  . '"sounds":"http://127.0.0.1:9/engine/bench/sounds/"}}';

sub measure
{
	my ($stage, $table) = @_;
	my $n = size('CALLS');
	my %waiting = (few => 3 * $n, many => size('BACKLOG'));
	my %database = map { $_ => campaigns($stage, $waiting{$_}) } sort keys %waiting;
	my (%run, @alone);

	for (1 .. size('ROUNDS'))
	{
		push @{ $run{$_} }, place($stage, $database{$_}, $n) for sort keys %database;
		push @alone, requests($stage, url => $stage->sink->url . '/v1/calls', body => $order, warm_up => warm_up($n),
			count => $n, header => 'Content-Type: application/json');
	}
	print_placing($table, $n, \%waiting, \%run, \@alone);
	print_ticks($stage, $table, $database{many});
	return;
}

# Until the dialer has found how much the engine takes.
sub warm_up { return int($_[0] / 5) }

sub print_placing
{
	my ($table, $n, $waiting, $run, $alone) = @_;
	my %median;

	for my $which (keys %$run)
	{
		for my $what (qw(rate dispatcher_us))
		{
			$median{$which}{$what} = median(map { $_->{$what} } @{ $run->{$which} });
		}
	}
	$table->fact("calls placed, $campaigns campaigns, one dialer", $median{few}{rate}, '/s', '>= 2000');
	$table->pair('  the same', $median{few}{rate}, '/s', 'libcurl alone, same requests, same sink', median(@$alone));
	$table->fact('  processor time of the dialer a call', $median{few}{dispatcher_us}, 'us');
	$table->pair("calls placed, $waiting->{many} contacts wait", $median{many}{rate}, '/s',
		"the same, $waiting->{few} contacts wait", $median{few}{rate}, '>= 0.95');
	$table->pair('  its processor time, dialer, a call', $median{many}{dispatcher_us}, 'us', 'the same', $median{few}{dispatcher_us});
	return;
}

# ---- campaigns ----

# A database with running campaigns, each through a trunk of its own, among which so
# many contacts are spread.  Its workers are stopped.
sub campaigns
{
	my ($stage, $contacts) = @_;
	my $database = $stage->database;

	$database->sql(sprintf q{SELECT portatext.set_call_tariff('', 1, 1);
		SELECT portatext.create_engine('bench', 'gateway', '{"url": "%s", "callback_url": "http://127.0.0.1:9/"}', max_in_flight => %d)},
		$stage->sink->url, in_flight());
	$database->app(sprintf q{SELECT count(portatext.create_trunk('trunk ' || i, '192.0.2.1', channels => 100000, calls_per_second => 30)) FROM generate_series(1, %d) i}, $campaigns);
	$database->app(sprintf q{SELECT count(portatext.create_telephony_campaign('bench ' || i, '[{"wait": {"seconds": 1}}]', csv => E'number\n' || recipient(i),
		trunk => i, min_ner => 0, dial_timeout => '300 seconds', agents => 20)) FROM generate_series(1, %d) i}, $campaigns);
	wait_built($database);
	$database->stop_workers;
	fill($database, int($contacts / $campaigns));
	$database->app('SELECT count(portatext.start_campaign(campaign_id)) FROM portatext.campaign_run');
	return $database;
}

sub wait_built
{
	my ($database) = @_;
	my $end = time + 120;

	while ((my $left = $database->sql("SELECT count(*) FROM portatext.campaign_run WHERE state <> 'ready'")) > 0)
	{
		die "$left campaigns are not built\n" if time > $end;
		sleep 0.1;
	}
	return;
}

# So many contacts for each run in place of the one that it was built with.
sub fill
{
	my ($database, $each) = @_;

	$database->sql(qq{DELETE FROM portatext.campaign_recipient;
		INSERT INTO portatext.campaign_recipient (run_id, number, account_id, cohort, place)
			SELECT k.run_id, recipient(k.run_id * $each + i), k.account_id, k.cohort, i
			FROM portatext.campaign_cohort k, generate_series(1, $each) i;
		UPDATE portatext.campaign_cohort SET places = $each;
		UPDATE portatext.campaign_run SET recipients = $each});
	$database->sql("VACUUM (ANALYZE) portatext.$_") for qw(campaign_recipient campaign_cohort campaign_run call_campaign);
	$database->sql('CHECKPOINT');
	return;
}

# ---- calls ----

# The dialer's process id, as soon as there is one.
sub start_dialer
{
	my ($database) = @_;
	my $end = time + 30;

	$database->sql('SELECT portatext.start_workers()');
	while (time < $end)
	{
		my $pid = $database->sql(q{SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'portatext dialer'});

		return $pid if $pid;
		sleep 0.02;
	}
	die "there is no dialer\n";
}

# Places warm_up(n) calls, then n, which are timed; forgets them.
sub place
{
	my ($stage, $database, $n) = @_;
	my $counted = sub { $stage->sink->count };
	my $base = $counted->();
	my $dialer = start_dialer($database);
	my %begin = reading($stage, $dialer, wait_for($counted, $base + warm_up($n)));
	my %end = reading($stage, $dialer, wait_for($counted, $base + warm_up($n) + $n));
	my $placed = $end{count} - $begin{count};

	$database->stop_workers;
	my $ended = $database->sql("SELECT string_agg(DISTINCT concat_ws(' ', result, problem), ', ') FROM portatext.call WHERE state = 'ended' AND problem IS DISTINCT FROM 'not_asked'");

	die "calls have ended: $ended\n" if $ended ne '';
	forget($database);
	return {
		rate => $placed / ($end{time} - $begin{time}),
		dispatcher_us => ($end{dispatcher} - $begin{dispatcher}) / $placed };
}

# All calls are forgotten and all contacts wait again; the workers are stopped.
sub forget
{
	my ($database) = @_;

	$database->sql('TRUNCATE portatext.call, portatext.call_event, portatext.call_target, portatext.call_pace;
		UPDATE portatext.campaign_cohort SET released = 0');
	$database->sql('VACUUM (ANALYZE) portatext.campaign_cohort');
	$database->sql('CHECKPOINT');
	return;
}

# ---- ticks ----

sub print_ticks
{
	my ($stage, $table, $database) = @_;
	my $seconds = $ENV{SMALL} ? 3 : $watched_s;

	# The workers' stop has left all campaigns running.  Each places two calls in a second,
	# so that each tick is written.
	$database->sql('UPDATE portatext.trunk SET calls_per_second = 2');
	my ($cpu, $age) = watch($stage, $database, $seconds);

	$table->fact("$campaigns campaigns place 2 calls a second: oldest tick", $age, 's', '<= 1.5');
	$table->fact('  processor time of the dialer a second', $cpu, 'ms');
	forget($database);
	$database->sql("UPDATE portatext.campaign_cohort SET opens_at = now() + interval '1 day'");
	($cpu, $age) = watch($stage, $database, $seconds);
	$table->fact("$campaigns campaigns, nothing to place: dialer, a second", $cpu, 'ms');
	$table->fact('  oldest decision (written every 5 s)', $age, 's');
	$database->sql("UPDATE portatext.call_campaign SET flow = '$forward'");
	($cpu) = watch($stage, $database, $seconds);
	$table->fact('  the same, predictive for 20 agents each', $cpu, 'ms');
	return;
}

# Processor time of the dialer in a second (ms), after five seconds, and how old the
# oldest decision of a campaign ever was meanwhile (s).
sub watch
{
	my ($stage, $database, $seconds) = @_;
	my $dialer = start_dialer($database);
	my $oldest = 0;

	sleep 5;
	my $begin = time;
	my (undef, $before) = server_cpu_us($stage->postmaster, $dialer);

	while (time < $begin + $seconds)
	{
		my $age = $database->sql('SELECT extract(epoch FROM clock_timestamp() - min(ticked_at)) FROM portatext.call_pace');

		$oldest = $age if $age > $oldest;
		sleep 0.02;
	}
	my (undef, $after) = server_cpu_us($stage->postmaster, $dialer);
	my $length = time - $begin;

	$database->stop_workers;
	return (($after - $before) / 1000 / $length, $oldest);
}

1;
