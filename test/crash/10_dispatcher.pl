# kill -9 at each named point of the dispatcher: of the dispatcher alone (the
# server then restarts all its processes), and of postmaster and dispatcher at the
# same moment.  After the restart nothing is lost, nothing was sent twice, what is
# not known is listed, and the balance is the ledger's.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my @points = qw(claim_before_commit claim_committed request_started answer_received
  outcome_before_commit outcome_committed);
my $node = PortatextNode->new_node('crash');
my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');

sub sql { return $node->safe_psql('postgres', @_) }

sql('CREATE EXTENSION portatext');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f',
		'test/lib/queue_messages.sql', $node->connstr('postgres') ], 'helpers');

my $account = sql(q{SELECT test.account('crash')});
my $stub = sql(sprintf q{SELECT portatext.create_carrier('stub', 'kannel',
	jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
	'user', 'pass', sender_segments_per_second => 0, max_in_flight => 4)}, $hook->url);
my $round = 0;

# Queues messages; the session may be cut off after its commit.
sub queue
{
	my ($carrier, $first, $last) = @_;
	$node->psql('postgres',
		"SELECT count(*) FROM test.queue($account, $carrier, test.numbers($first, $last))");
	return;
}

# Kills the dispatcher where it is about to pass the point: by itself, or together
# with the postmaster while it pauses there.
sub crash_at
{
	my ($point, $who, $queue) = @_;
	my $pid = $node->wait_worker('portatext dispatcher');

	$node->arm_point($point, $who eq 'dispatcher' ? 'kill' : 'pause');
	$queue->();
	ok($node->wait_point_hit($point), "$point is reached");
	if ($who eq 'postmaster')
	{
		my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file(
				$node->data_dir . '/postmaster.pid'))[0];
		my @children = grep { $_ != $pid } split /\n/,
		  $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');

		kill 'KILL', $postmaster, $pid;
		wait_for { !grep { kill 0, $_ } $postmaster, $pid, @children };
		$node->{_pid} = undef;
		unlink $node->data_dir . '/postmaster.pid';
		$node->disarm_points;
		$node->start;
	}
	else
	{
		wait_for { !kill 0, $pid };
	}
	$node->disarm_points;
	return $node->wait_up;
}

# What must hold after every crash.
sub check_all
{
	my ($what, $range) = @_;

	is(sql('SELECT count(*) FROM test.misplaced'), 0, "$what: every message is in one place");
	is(sql('SELECT count(*) FROM test.wrong_balances'), 0, "$what: BILL-20: balance = ledger");
	is(sql(qq{SELECT count(*) FROM portatext.message m WHERE step = 'unclear' AND NOT EXISTS
		(SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)}),
		0, "$what: BILL-22: what is unclear is listed");
}

# One crash with messages for the HTTP carrier: recipients 2rr00 to 2rr19.
sub crash_http
{
	my ($point, $who) = @_;
	my ($first, $last) = (2000 + 20 * $round, 2019 + 20 * $round);
	my $range = "to_number BETWEEN '+1555010$first' AND '+1555010$last'";
	my $what = "$point, $who";
	my %came;

	$round++;
	ok(crash_at($point, $who, sub { queue($stub, $first, $last) }), "$what: the server is up again");
	ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE $range AND step IN ('sent', 'unclear')", 20),
		"$what: nothing is lost");
	$came{$_}++ for map { $_->{path} =~ /[?&]to=(?:%2B|\+)?(\d+)/ ? "+$1" : () } $hook->requests;
	is(scalar(grep { $_ > 1 } values %came), 0, "$what: nothing is sent twice");
	my @sent = split /\n/, sql("SELECT to_number FROM portatext.message WHERE $range AND step = 'sent'");
	is(scalar(grep { !$came{$_} } @sent), 0, "$what: what is sent has arrived");
	check_all($what);
	my $unclear = sql("SELECT count(*) FROM portatext.message WHERE $range AND step = 'unclear'");
	if ($point eq 'claim_before_commit')
	{
		is($unclear, 0, "$what: a claim that was not committed leaves no doubt");
	}
	elsif ($point ne 'outcome_committed')
	{
		cmp_ok($unclear, '>', 0, "$what: what was claimed is in doubt");
	}
	settle($what, $range);
	return;
}

# A late receipt settles a doubt; the operator settles the others.
sub settle
{
	my ($what, $range) = @_;
	my $id = sql("SELECT message_id FROM portatext.message WHERE $range AND step = 'unclear' LIMIT 1");

	return if $id eq '';
	sql("SELECT portatext.receive_receipt('stub', '$id', status => 'delivered')");
	is(sql("SELECT state FROM portatext.message WHERE message_id = '$id'"),
		'delivered', "$what: a late receipt settles a doubt");
	sql("SELECT portatext.settle_message(message_id, 'sent') FROM portatext.message WHERE $range AND step = 'unclear'");
	return;
}

# One crash with messages that never leave the process.
sub crash_loopback
{
	my ($point) = @_;
	my ($first, $last) = (5000 + 20 * $round, 5019 + 20 * $round);
	my $range = "to_number BETWEEN '+1555010$first' AND '+1555010$last'";
	my $what = "$point, loopback";

	$round++;
	ok(crash_at($point, 'dispatcher', sub { queue(0, $first, $last) }), "$what: the server is up again");
	ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE $range AND state = 'delivered'", 20),
		"$what: all are delivered");
	is(sql("SELECT count(*) FROM portatext.event e WHERE type = 'message.sending' AND EXISTS
		(SELECT FROM portatext.message m WHERE $range AND m.message_id::text = e.subject)"),
		20, "$what: and sent once");
	check_all($what);
	return;
}

# The lease of a dead dispatcher may name messages that have left it: one that was
# sent, and after that one that waits again.  Only what is nowhere else is in doubt.
sub stale_lease
{
	my $range = "to_number BETWEEN '+15550108000' AND '+15550108003'";

	queue($stub, 8000, 8003);
	ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE $range AND step = 'sent'", 4), 'stale lease: sent');
	sql('SELECT portatext.stop_workers()');
	sql(qq{UPDATE portatext.message SET step = 'queued', state = 'queued' WHERE $range AND to_number > '+15550108000';
		INSERT INTO portatext.outbox (lane, due, message_id, to_number)
			SELECT carrier_id * 2, now() + interval '1 day', message_id, to_number FROM portatext.message
			WHERE to_number = '+15550108001';
		INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
			SELECT 's:nobody', now() + interval '1 day', message_id, carrier_id * 2, 1, to_number
			FROM portatext.message WHERE to_number = '+15550108002';
		INSERT INTO portatext.lease (worker, ids)
			SELECT 1000000, array_agg(message_id) FROM portatext.message WHERE $range});
	sql('SELECT portatext.start_workers()');
	ok($node->wait_sql('SELECT count(*) FROM portatext.lease', 0), 'stale lease: settled');
	is(sql("SELECT string_agg(step::text, ' ' ORDER BY to_number) FROM portatext.message WHERE $range"),
		'sent queued queued unclear', 'stale lease: what is elsewhere stays, the rest is in doubt');
	check_all('stale lease');
	return;
}

for my $point (@points)
{
	crash_http($point, 'dispatcher');
	crash_http($point, 'postmaster');
}
crash_loopback($_) for qw(claim_committed outcome_before_commit outcome_committed);
stale_lease();

$node->stop;
done_testing();
