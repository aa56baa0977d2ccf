# A streaming standby is promoted in mid-traffic.  Synchronous: nothing is lost and
# nothing goes out twice.  Asynchronous: what goes out twice was handed over after
# the standby's last word from the primary, and nothing before.  A base backup that
# is started elsewhere under another portatext.installation_id stays silent.
use strict;
use warnings;

use FaultPeer;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(time sleep);

my $next = 0;

# A primary whose only carrier is the peer, with a standby of that name.
sub pair
{
	my ($name, $peer, $synchronous) = @_;
	my $primary = PortatextNode->new_node($name, init => { allows_streaming => 1 }, conf => "autovacuum = off\n");

	$primary->safe_psql('postgres', sprintf q{
		CREATE EXTENSION portatext;
		SELECT portatext.set_tariff('', 1);
		SELECT portatext.create_carrier('peer', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
			'user', 'pass', sender_segments_per_second => NULL, max_in_flight => 16);
		SELECT portatext.assign_did('+12025550101', portatext.create_account('shop', carrier => 'peer'));
		SELECT portatext.recharge(100000, 'first', account_id) FROM portatext.account WHERE name = 'shop'}, $peer->url);
	$primary->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new("${name}_standby");
	bless $standby, 'PortatextNode';
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->start;
	$primary->safe_psql('postgres', q{ALTER SYSTEM SET synchronous_standby_names = '*'}) if $synchronous;
	$primary->reload;
	if ($synchronous)
	{
		ok($primary->wait_sql('SELECT count(*) FROM pg_stat_replication WHERE sync_state = $$sync$$', 1),
			'the standby is synchronous');
	}
	return ($primary, $standby);
}

# Sends so many messages, each in its own transaction; the recipients.
sub send_all
{
	my ($node, $count) = @_;
	my @to = map { sprintf '+1202%07d', 7770100 + ++$next } 1 .. $count;

	$node->safe_psql('postgres', q{SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = 'shop';}
		  . join('', map { "SELECT portatext.send_sms('$_', 'Your table is ready');\n" } @to));
	return @to;
}

# The primary dies for good (which fences it), the standby takes over.
sub fail_over
{
	my ($primary, $standby) = @_;
	my @children = split /\n/, $primary->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');

	$primary->kill9;
	wait_for { !grep { kill 0, $_ } @children };
	my $cut = time;
	$standby->promote;
	return $cut;
}

# Everything has an end on the new primary; recipients of which more than one request came.
sub outcome
{
	my ($what, $standby, $peer, @to) = @_;
	my %came;

	ok($standby->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step NOT IN ('sent', 'unclear', 'final')}, 0),
		"$what: every message is sent or unclear");
	is($standby->safe_psql('postgres', q{SELECT count(*) FROM portatext.message m WHERE step = 'unclear' AND NOT EXISTS
		(SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)}), 0, "$what: what is unclear is listed");
	is($standby->safe_psql('postgres', 'SELECT count(*) FROM portatext.check_balances()'), 0, "$what: BILL-20: balance = ledger");
	push @{ $came{ $_->[0] } }, $_->[1]
	  for map { $_->{path} =~ /[?&]to=(?:%2B|\+)?(\d+)/ ? [ "+$1", $_->{t} ] : () } $peer->requests;
	my @sent = split /\n/, $standby->safe_psql('postgres', q{SELECT to_number FROM portatext.message WHERE step = 'sent'});
	is(join(' ', grep { !$came{$_} } @sent), '', "$what: what is sent has arrived");
	return map { [ $_, sort { $a <=> $b } @{ $came{$_} } ] } grep { @{ $came{$_} } > 1 } sort keys %came;
}

# ---- synchronous ----

my $peer = FaultPeer->start(delay => 0.2);
my ($primary, $standby) = pair('sync', $peer, 1);
my @to = send_all($primary, 300);

$peer->wait_requests(100);
fail_over($primary, $standby);
my @twice = outcome('synchronous', $standby, $peer, @to);
is(join(' ', map { $_->[0] } @twice), '', 'synchronous: nothing goes out twice');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM portatext.message'), 300, 'synchronous: nothing is lost');
cmp_ok($standby->safe_psql('postgres', q{SELECT count(*) FROM portatext.message WHERE step = 'unclear'}), '>', 0,
	'synchronous: what the old primary had in hand is unclear');
$standby->stop;

# ---- asynchronous: the standby hears nothing for a while ----

$peer = FaultPeer->start(delay => 0.2);
($primary, $standby) = pair('async', $peer, 0);
@to = send_all($primary, 300);
$primary->wait_for_catchup($standby);
$peer->wait_requests(50);

my ($receiver) = split /\n/, $standby->safe_psql('postgres', q{SELECT pid FROM pg_stat_wal_receiver});
kill 'STOP', $receiver;
my $deaf = time;
my $before = $peer->requests;
$peer->wait_requests($before + 60);
my @children = split /\n/, $primary->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');
$primary->kill9;
wait_for { !grep { kill 0, $_ } @children };
# What the network still holds is lost with the primary's machine.
kill 'KILL', $receiver;
ok($standby->wait_sql(q{SELECT count(*) FROM pg_stat_wal_receiver}, 0), 'the standby hears nothing any more');
$standby->promote;
@twice = outcome('asynchronous', $standby, $peer, @to);
is(join(' ', grep { $_ } map { $_->[1] < $deaf - 1 ? $_->[0] : () } @twice), '',
	'asynchronous: only what was handed over in the window goes out twice');
cmp_ok(scalar(@twice), '<=', $peer->requests - $before, 'asynchronous: and no more than went out in it');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM portatext.message'), 300,
	'asynchronous: what had reached the standby is there');
note(sprintf 'summary: failover to an asynchronous standby that was cut off: %d of 300 messages went out twice, %d unclear',
	scalar @twice, $standby->safe_psql('postgres', q{SELECT count(*) FROM portatext.message WHERE step = 'unclear'}));

# ---- a base backup is started elsewhere ----

$standby->safe_psql('postgres', q{SELECT portatext.stop_carrier('peer', 'test')});
my @waiting = send_all($standby, 5);
$standby->backup('copy');
my $copy = PostgreSQL::Test::Cluster->new('copy');
bless $copy, 'PortatextNode';
$copy->init_from_backup($standby, 'copy');
$copy->append_conf('postgresql.conf', "portatext.installation_id = 'staging'\n");
$copy->start;
$before = $peer->requests;
$copy->safe_psql('postgres', q{SELECT portatext.resume_carrier('peer')});
ok($copy->wait_sql(q{SELECT count(*) FROM portatext.pg_stat_portatext_worker WHERE kind = 'dispatcher' AND state = 'not adopted'}, 1),
	'a copy under another portatext.installation_id is not adopted');
ok(wait_for { $copy->log_since(0) =~ /nothing is sent: the data of database \d+ belongs to another place/ }, 'its log says so');
$standby->safe_psql('postgres', q{SELECT portatext.resume_carrier('peer')});
ok($standby->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}, 0), 'the original sends');
is($copy->safe_psql('postgres', q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}), 5, 'the copy has not');
is(scalar($peer->requests) - $before, 5, 'each went out once');

$copy->stop;
$standby->stop;
done_testing();
