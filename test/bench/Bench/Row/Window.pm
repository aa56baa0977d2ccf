# A campaign is drained beside another one, all of whose recipients wait for
# tomorrow's window; and alone.
package Bench::Row::Window;

use strict;
use warnings;

use Bench::Campaign qw(make_list make_campaign wait_run);
use Bench::Client qw(median);
use Bench::Drain qw(drain warm_up);
use Bench::Size qw(size);

sub measure
{
	my ($stage, $table) = @_;
	my ($n, $many) = (size('N'), size('MANY'));
	my %database = map { $_ => $stage->database } qw(alone beside);
	my %rate;

	for (values %database)
	{
		$_->dispatcher;
		make_list($_, 'short', $n + warm_up($n));
	}
	make_list($database{beside}, 'long', $many);
	my $waiting = make_campaign($database{beside}, 'long', schedule => closed($database{beside}));

	wait_run($database{beside}, $waiting, 'ready');
	$database{beside}->app("SELECT portatext.start_campaign($waiting)");
	$_->settle, $_->sql('VACUUM (ANALYZE) portatext.campaign_recipient') for values %database;
	for (1 .. size('ROUNDS'))
	{
		push @{ $rate{$_} }, run($stage, $database{$_}, $n) for sort keys %database;
	}
	die "the other campaign has not waited\n" unless
	  $database{beside}->sql("SELECT sum(released) FROM portatext.campaign_cohort JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $waiting") == 0;
	$table->pair("a campaign, $many of another wait for tomorrow", median(map { $_->{rate} } @{ $rate{beside} }), '/s',
		'the same, no other campaign', median(map { $_->{rate} } @{ $rate{alone} }), '>= 0.95');
	$table->pair('  its processor time, dispatcher, a message', median(map { $_->{dispatcher_us} } @{ $rate{beside} }), 'us',
		'the same', median(map { $_->{dispatcher_us} } @{ $rate{alone} }));
	return;
}

# A window of an hour that no contact's time zone reaches in the next ten hours: the
# contacts are in New York and up to six hours west of it.
sub closed
{
	my ($database) = @_;

	return $database->sql(q{SELECT quote_literal(format('{"any_day": {"from": "%s", "to": "%s"}}',
		to_char(t + interval '10 hours', 'HH24:MI'), to_char(t + interval '11 hours', 'HH24:MI')))
		FROM (VALUES (now() AT TIME ZONE 'America/New_York')) v (t)});
}

# Builds and starts a campaign while nobody hands over; then the drain.
sub run
{
	my ($stage, $database, $n) = @_;

	$database->start_workers;
	my $campaign = make_campaign($database, 'short');

	wait_run($database, $campaign, 'ready');
	$database->stop_workers;
	$database->app("SELECT portatext.start_campaign($campaign)");
	$database->sql('CHECKPOINT');
	return drain($stage, $database, $n);
}

1;
