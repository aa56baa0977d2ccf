# The same drain alone, and beside a carrier where nobody listens and a sender with a
# pace of one message a second, who both have very many messages.
package Bench::Row::Busy;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Drain qw(drain warm_up);
use Bench::Size qw(size);
use PostgreSQL::Test::Cluster ();
use Time::HiRes qw(time sleep);

sub measure
{
	my ($stage, $table) = @_;
	my %database = (alone => $stage->database, beside => $stage->database);
	my (%rate, %us);

	for (values %database)
	{
		$_->dispatcher;
		$_->stop_workers;
	}
	burden($database{beside});
	my %cold = map { $_ => run($stage, $database{$_}, cold => 1) } qw(alone beside);

	wait_parked($database{beside});
	for (1 .. size('ROUNDS'))
	{
		for my $which (qw(alone beside))
		{
			my $drain = run($stage, $database{$which});

			push @{ $rate{$which} }, $drain->{rate};
			push @{ $us{$which} }, $drain->{dispatcher_us};
		}
	}
	$table->pair('hand-over beside a dead carrier and a slow sender', median(@{ $rate{beside} }), '/s',
		'the same, alone', median(@{ $rate{alone} }), '>= 0.95');
	$table->pair('  its processor time, dispatcher, a message', median(@{ $us{beside} }), 'us', 'the same', median(@{ $us{alone} }));
	$table->pair('the same, queued just behind their ' . size('BESIDE') . ' rows', $cold{beside}{rate}, '/s',
		'the same, alone; both from the start', $cold{alone}{rate});
	return;
}

# One drain of so many messages (see Bench::Drain).
sub run
{
	my ($stage, $database, %how) = @_;
	my $n = size('N');

	$database->queue($n + warm_up($n));
	$database->sql('CHECKPOINT');
	return drain($stage, $database, $n, %how);
}

# Two more accounts: one whose carrier is dead, and one whose sender may send one
# message a second through the carrier of the measured messages.
sub burden
{
	my ($database) = @_;
	my $nobody = PostgreSQL::Test::Cluster::get_free_port();
	my $rows = size('BESIDE');

	$database->sql(qq{
		SELECT portatext.create_carrier('dead', 'kannel',
			'{"url": "http://127.0.0.1:$nobody/x", "dlr_url": "http://127.0.0.1:$nobody"}', 'x', 'x',
			receipt_secret => 'x', sender_segments_per_second => NULL);
		SELECT portatext.assign_did('+12015550101', portatext.create_account('dead', carrier => 'dead'));
		SELECT portatext.assign_did('+12015550102', portatext.create_account('slow', carrier => 'bench'), segments_per_second => 1);
		SELECT portatext.recharge(1e9, account_id => a.account_id) FROM portatext.account a WHERE a.name IN ('dead', 'slow')});
	for my $name (qw(dead slow))
	{
		my $account = $database->sql("SELECT account_id FROM portatext.account WHERE name = '$name'");

		$database->sql("SET portatext.account_id = $account; SELECT count(message_id) FROM send_many($rows); RESET portatext.account_id");
	}
	return;
}

# Until the slow sender's messages are set aside; then the workers stop.
sub wait_parked
{
	my ($database) = @_;
	my ($parked, $moved) = (-1, time);

	$database->start_workers;
	# What goes out at one a second is not worth waiting for.
	while ($database->sql(q{SELECT EXISTS (SELECT FROM portatext.outbox o JOIN portatext.carrier c ON o.lane / 2 = c.carrier_id
		WHERE c.name = 'bench' AND o.due < now() - interval '2 s')}) eq 't')
	{
		my $now = $database->sql('SELECT count(*) FROM portatext.parked');

		($parked, $moved) = ($now, time) if $now > $parked;
		die "only $now messages of the slow sender are parked\n" if time - $moved > 30;
		sleep 0.2;
	}
	$database->stop_workers;
	$database->settle;
	return;
}

1;
