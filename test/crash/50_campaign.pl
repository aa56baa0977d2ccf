# kill -9 at random under load, with the real Kannel behind: of the dispatcher, of
# the receiver, of the postmaster, and at the named points.  The message centre's
# record decides: after recovery every committed message is sent, refused, or
# unclear and listed; none is lost, none is sent twice, no refund is doubled, and
# the balance is the ledger's.
#
# 42 kills; with CHECK_LONG=1 2,000, or as many as fit into 100 minutes.
use strict;
use warnings;

use Carrier;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $kills = $ENV{CHECK_LONG} ? 2000 : 42;
my $end = time + ($ENV{CHECK_LONG} ? 6000 : 150);
my $stride = $ENV{CHECK_LONG} ? 50 : 21;    # kills between two looks at everything
my @kinds = qw(dispatcher receiver postmaster point);
my @points = qw(claim_before_commit claim_committed request_started answer_received
  outcome_before_commit outcome_committed receiver_before_commit receiver_after_commit);
# What the message centre does: test/carrier/README.md; 9999 is rolled back.
my @fates = (('0100') x 14, qw(0001 0002 0009 0015 9999));
my $clients = 2;

srand($ENV{SEED} // 20260815);

my $carrier = Carrier->start;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('campaign', conf => "portatext.receiver_port = $port\n");
my $folder = $node->basedir;
my ($url, $user, $password) = ($carrier->sendsms_url, $carrier->user, $carrier->password);

sub sql { return $node->safe_psql('postgres', @_) }

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "$url", "dlr_url": "http://127.0.0.1:$port"}',
		username => '$user', password => '$password', sender_segments_per_second => NULL);
	CREATE ROLE shop LOGIN;
	SELECT portatext.grant_account('shop', portatext.create_account('shop'));
	SELECT portatext.assign_did('+12025550101', (SELECT account_id FROM portatext.account WHERE name = 'shop'));
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(10000000, 'first', (SELECT account_id FROM portatext.account WHERE name = 'shop'));
});

# ---- the load ----

# One file of statements for a client; number $n is the first recipient.
sub load_file
{
	my ($path, $n) = @_;

	open my $f, '>', $path or die "$path: $!\n";
	for my $i ($n .. $n + 99)
	{
		# A tenth to the contacts of a list, which are counted as a group.
		if ($i % 50 < 5)
		{
			printf $f "SELECT portatext.create_contact_list('list %d') \\g /dev/null\n", $i if $i % 50 == 0;
			printf $f "SELECT portatext.set_contact('+1%06d%s', NULL, 'list %d') \\g /dev/null\n", $i,
			  $fates[ rand @fates - 1 ], $i - $i % 50;
			printf $f "SELECT 'sent', to_number, message_id FROM portatext.send_sms_to_lists('{list %d}', 'To a list');\n",
			  $i - 4 if $i % 50 == 4;
			next;
		}
		my $fate = $fates[ rand @fates ];
		my $to = sprintf '+1%06d%s', $i, $fate;
		my $body = rand() < 0.15 ? "repeat('part ', 70)" : "'Hello number $i'";
		my $send = "SELECT 'sent', '$to', portatext.send_sms('$to', $body);\n";

		print $f $fate eq '9999' ? "BEGIN; $send ROLLBACK;\n" : $send;
		printf $f "SELECT pg_sleep(%.3f) \\g /dev/null\n", rand 0.02;
	}
	close $f;
	return;
}

# A client that sends until the file "stop" is there, through every crash.
sub client
{
	my ($me) = @_;
	my $n = ($me - 1) * 450000 + 1;
	my $parent = getppid;

	while (!-e "$folder/stop" && getppid == $parent)
	{
		if (-e "$folder/hold")
		{
			PostgreSQL::Test::Utils::append_to_file("$folder/held$me", "\n") unless -e "$folder/held$me";
			sleep 0.05;
			next;
		}
		unlink "$folder/held$me";
		# Numbers are not spent on a server that is away.
		if (system sprintf q{psql -X -q -U shop -d '%s' -c 'SELECT' >/dev/null 2>&1}, $node->connstr('postgres'))
		{
			sleep 0.1;
			next;
		}
		load_file("$folder/load$me.sql", $n);
		$n += 100;
		system sprintf q{psql -X -q -At -U shop -d '%s' -f %s >>%s 2>>%s}, $node->connstr('postgres'),
		  "$folder/load$me.sql", "$folder/acknowledged$me", "$folder/load$me.log";
		sleep 0.05;
	}
	POSIX::_exit(0);
}

my @children = map { my $me = $_; my $pid = fork // die; client($me) unless $pid; $pid } 1 .. $clients;

# Clients end their files and wait, so that everything can be looked at.
sub hold
{
	PostgreSQL::Test::Utils::append_to_file("$folder/hold", "\n");
	return wait_for { $clients == grep { -e "$folder/held$_" } 1 .. $clients } 90;
}

sub go_on { return unlink "$folder/hold" }

# Recipients whose send_sms was answered, outside of rolled back transactions.
sub acknowledged
{
	my @all;

	for my $file (map { "$folder/acknowledged$_" } 1 .. $clients)
	{
		next unless -e $file;
		push @all, PostgreSQL::Test::Utils::slurp_file($file) =~ /^sent\|(\+\d+)\|[0-9a-f-]{36}$/mg;
	}
	return grep { !/9999$/ } @all;
}

# ---- the kills ----

my %done = map { $_ => 0 } @kinds;

sub kill_one
{
	my $kind = $kinds[ rand @kinds ];

	$done{$kind}++;
	$node->wait_worker('portatext ' . ($kind eq 'receiver' ? 'receiver' : 'dispatcher'));
	sleep rand 0.5;
	return $node->kill9_postmaster if $kind eq 'postmaster';
	return $node->kill9_at_point($points[ rand @points ], 'portatext dispatcher') if $kind eq 'point';
	return $node->kill9_worker("portatext $kind");
}

# ---- what must hold ----

my $last = 0;
my (%taken, %refused);

# Reads what the message centre has noted since the last time.
sub read_record
{
	for my $submit ($carrier->submits(since => $last))
	{
		my $key = "+$submit->{to}/" . ($submit->{part} || 1);

		$submit->{status} ? $refused{$key}++ : $taken{$key}++;
		$last = $submit->{n};
	}
	return;
}

# Parts that SQL calls sent and the message centre has not seen (yet).
sub missing
{
	my ($parts) = @_;

	read_record();
	return grep { !$taken{$_} && !$refused{$_} } @$parts;
}

sub check_all
{
	my ($what) = @_;

	ok(hold(), "$what: the clients pause");
	ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}, 0),
		"$what: nothing is left in the queue");
	ok($node->wait_sql(q{SELECT (SELECT count(*) FROM portatext.lease) + (SELECT count(*) FROM portatext.outbox)
		+ (SELECT count(*) FROM portatext.parked)}, 0), "$what: nor in any hand");

	# One undelivered part ends its message, also while a kill keeps the others from
	# going out: of such a message only the parts count of which something is known.
	my @handed = split /\n/, sql(q{SELECT m.to_number || '/' || part FROM portatext.message m, generate_series(1, m.segments) part
		WHERE (m.step = 'sent' OR m.step = 'final')
		  AND (m.state <> 'undelivered' OR m.segments = 1 OR EXISTS (SELECT FROM portatext.message_part p
			WHERE p.message_id = m.message_id AND p.part = part.part AND p.state <> 'unclear'))});
	wait_for { !missing(\@handed) } 30;
	is(join(' ', missing(\@handed)), '', "$what: what is sent has arrived, part by part");
	my %seen = (%taken, %refused);
	is(join(' ', grep { ($taken{$_} // 0) + ($refused{$_} // 0) > 1 } sort keys %seen), '',
		"$what: BILL-22 nothing was sent twice");
	my %there = map { $_ => 1 } split /\n/, sql('SELECT to_number FROM portatext.message');
	is(join(' ', grep { !$there{$_} } acknowledged()), '', "$what: no message is lost whose commit was answered");
	is(join(' ', grep { !$there{ s{/.*}{}r } } sort keys %seen), '',
		"$what: what was not committed never went out");
	is(join(' ', grep { m{9999/} } keys %seen), '', "$what: nor what was rolled back");
	is(sql(q{SELECT count(*) FROM portatext.message WHERE step NOT IN ('sent', 'unclear', 'final')}), 0,
		"$what: each is sent, ended or unclear");
	is(sql(q{SELECT count(*) FROM portatext.message m WHERE step = 'unclear' AND NOT EXISTS
		(SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)}), 0,
		"$what: BILL-22 what is unclear is listed");
	check_money($what);
	is($node->wrong_tallies, '', "$what: the tallies of groups are the counts of their messages");
	return;
}

sub check_money
{
	my ($what) = @_;

	is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, "$what: BILL-20: balance = ledger");
	is(sql(q{SELECT count(*) FROM portatext.message m LEFT JOIN (SELECT reference, -sum(amount) AS charged
		FROM portatext.ledger_entry WHERE kind = 'charge' GROUP BY 1) l ON l.reference = m.message_id
		WHERE charged IS DISTINCT FROM cost}), 0, "$what: each is charged once");
	is(sql(q{SELECT count(*) FROM (SELECT FROM portatext.ledger_entry WHERE kind = 'refund'
		GROUP BY reference HAVING count(*) > 1) twice}), 0, "$what: BILL-21: no refund is doubled");
	is(sql(q{SELECT count(*) FROM portatext.message WHERE (state IN ('rejected', 'skipped', 'expired', 'cancelled'))
		<> EXISTS (SELECT FROM portatext.ledger_entry WHERE reference = message_id AND kind = 'refund')}), 0,
		"$what: BILL-04: what is refused is refunded, and nothing else");
	return;
}

my $count = 0;
my $down = 0;

while ($count < $kills && time < $end)
{
	$down++ unless kill_one();
	next if ++$count % $stride;
	check_all("after $count kills");
	go_on();
}
is($down, 0, 'the server came back each time');
check_all('at the end') if $count % $stride;
PostgreSQL::Test::Utils::append_to_file("$folder/stop", "\n");
waitpid $_, 0 for @children;

cmp_ok(sql('SELECT count(DISTINCT group_id) FROM portatext.message'), '>', 1, 'several groups were sent');
ok($node->wait_sql('SELECT count(*) FROM portatext.message_tally_change', 0), 'the runner has summed up the tallies');
is($node->wrong_tallies, '', 'and they are the same');
cmp_ok(sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'}), '>', 100,
	'receipts came in through the receiver');
cmp_ok(sql(q{SELECT count(*) FROM portatext.message WHERE state = 'rejected'}), '>', 0, 'and refusals');
note(sprintf 'summary: %d kills at random (%s); %d messages, %d unclear; nothing lost, nothing sent twice',
	$count, join(', ', map { "$done{$_} $_" } @kinds), sql('SELECT count(*) FROM portatext.message'),
	sql(q{SELECT count(*) FROM portatext.message WHERE step = 'unclear'}))
  if Test::More->builder->is_passing;

$node->stop;
done_testing();
