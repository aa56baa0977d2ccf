# The real Kannel goes away: stopped and started, its bearerbox killed, its link to
# the message centre lost.  What Kannel had not accepted waits and is sent once;
# another carrier's messages go on.
use strict;
use warnings;

use Carrier;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $carrier = Carrier->start;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('kannel_faults', conf => "portatext.receiver_port = $port\n");
my ($url, $user, $password, $next) = ($carrier->sendsms_url, $carrier->user, $carrier->password, 0);

sub sql { return $node->safe_psql('postgres', @_) }

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "$url", "dlr_url": "http://127.0.0.1:$port"}',
		username => '$user', password => '$password', sender_segments_per_second => NULL, max_attempts => 100);
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.assign_did('+12025550101', portatext.create_account('shop', carrier => 'kannel'));
	SELECT portatext.assign_did('+12025550102', portatext.create_account('other', carrier => 'loopback'));
	SELECT portatext.recharge(1000, 'first', account_id) FROM portatext.account WHERE name IN ('shop', 'other');
});

# Sends a message; the recipient.
sub send_by
{
	my ($name) = @_;
	my $to = sprintf '+1202777%04d', 1000 + ++$next;

	sql("SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = '$name';
		SELECT portatext.send_sms('$to', 'Your table is ready')");
	return $to;
}

sub state_is
{
	my ($to, $state, $what) = @_;
	return ok($node->wait_sql("SELECT state FROM portatext.message WHERE to_number = '$to'", $state), $what);
}

sub others_go_on
{
	my ($what) = @_;
	return state_is(send_by('other'), 'delivered', "$what: another carrier's message goes out meanwhile");
}

# Recipients that the message centre has accepted more than once.
sub twice
{
	my %seen;

	$seen{ $_->{to} }++ for grep { !$_->{status} } $carrier->submits;
	return join ' ', grep { $seen{$_} > 1 } sort keys %seen;
}

sub breaker { return q{SELECT breaker FROM portatext.pg_stat_portatext_carrier WHERE name = 'kannel'} }

# Processes of this test's Kannel with that name.
sub pids
{
	my ($name) = @_;
	my @found;

	for my $pid (map { m{(\d+)} } glob '/proc/[0-9]*')
	{
		open my $comm, '<', "/proc/$pid/comm" or next;
		open my $command, '<', "/proc/$pid/cmdline" or next;
		push @found, $pid
		  if readline($comm) eq "$name\n" && (readline($command) // '') =~ /\Q$carrier->{dir}\E/;
	}
	return @found;
}

state_is(send_by('shop'), 'delivered', 'all is well');

# ---- stopped and started ----

$carrier->stop;
my @waiting = map { send_by('shop') } 1 .. 12;
ok($node->wait_sql(breaker(), 'open'), 'Kannel stopped: the breaker opens');
others_go_on('Kannel stopped');
is(sql(q{SELECT string_agg(DISTINCT concat_ws(' ', state, step, attempts), ',') FROM portatext.message
	WHERE state <> 'delivered'}), 'queued queued 0', 'Kannel stopped: messages wait, no attempt counts');
$carrier->launch;
state_is($_, 'delivered', "Kannel started: $_ is delivered") for @waiting;
is(twice(), '', 'Kannel started: each once');
is(sql(breaker()), 'closed', 'Kannel started: the breaker is closed');

# ---- the message centre's link is lost: Kannel takes messages and keeps them ----

$carrier->link_state('down');
ok($carrier->wait_link(0), 'Kannel has lost the centre');
my $kept = send_by('shop');
ok($node->wait_sql("SELECT step FROM portatext.message WHERE to_number = '$kept'", 'sent'),
	'link lost: Kannel has the message');
others_go_on('link lost');
is(sql("SELECT state FROM portatext.message WHERE to_number = '$kept'"), 'sending', 'SMS-08: it stays in sending');
$carrier->link_state('up');
state_is($kept, 'delivered', 'link back: it is delivered');

# ---- bearerbox killed: smsbox has lost its gateway ----

my ($bearerbox) = pids('bearerbox');
ok($bearerbox, 'bearerbox runs');
kill 'KILL', $bearerbox;
my @cut = map { send_by('shop') } 1 .. 6;
others_go_on('bearerbox killed');
is(sql(q{SELECT count(*) FROM portatext.message WHERE state IN ('rejected', 'undelivered')}), 0,
	'bearerbox killed: no message is failed');
$carrier->stop;
$carrier->launch;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}, 0),
	'started again: nothing is left in the queue');
my $after = send_by('shop');
state_is($after, 'delivered', 'started again: the next message is delivered');
for my $to (@cut)
{
	my ($state, $listed) = split /\|/, sql(qq{SELECT state, EXISTS (SELECT FROM portatext.needs_attention n
		WHERE n.message_id = m.message_id) FROM portatext.message m WHERE to_number = '$to'});

	# What smsbox accepted and lost with its gateway is Kannel's loss: it stays in
	# sending until receipt_timeout lists it, or is unclear and listed now.
	ok($state eq 'delivered' || $state eq 'sending', "bearerbox killed: $to is $state" . ($listed eq 't' ? ', listed' : ''));
}
is(twice(), '', 'bearerbox killed: none twice');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');
is(sql(q{SELECT count(*) FROM portatext.ledger_entry WHERE kind = 'refund'}), 0, 'no message was refunded');

$node->stop;
done_testing();
