# The receiver under bad callers: as many idle connections as it allows and more,
# slow ones that send an octet now and then, oversized and pipelined requests, wrong
# secrets; and receipts that are repeated, contradict each other or belong to nobody.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use PortatextNode qw(wait_for);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(time sleep);

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('receiver_faults', conf => "portatext.receiver_port = $port\n");
my $authorization = 'Authorization: Basic ' . encode_base64('kannel:secret', '');
my $http = HTTP::Tiny->new(timeout => 60, keep_alive => 0);
my $strays = $ENV{CHECK_LONG} ? 1_000_000 : 10_000;

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	INSERT INTO portatext.account (name) VALUES ('one');
	SELECT portatext.open_balance(account_id) FROM portatext.account;
	INSERT INTO portatext.carrier (name, adapter, enabled) VALUES ('kannel', 'kannel', false);
	INSERT INTO portatext.carrier_secret (carrier_id, receipt_secret) SELECT carrier_id, 'secret' FROM portatext.carrier;
});

# A charged message of one credit that the carrier has; its id.
sub message
{
	return sql(q{
		WITH made AS (
			INSERT INTO portatext.message (message_id, account_id, state, step, carrier_id, segments, cost,
					from_number, to_number, encoding, body, sent_at)
				SELECT portatext.uuid7(), a.account_id, 'sending', 'sent', portatext.carrier_number('kannel'), 1, 1,
					'+15557770001', '+15550001000', 'gsm', 'Hello', now()
				FROM portatext.account a RETURNING account_id, message_id),
		charged AS (
			INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount)
				SELECT account_id, message_id, 'charge', -1 FROM made)
		SELECT message_id FROM made});
}

sub state_of { return sql("SELECT concat_ws(' ', state, step) FROM portatext.message WHERE message_id = '$_[0]'") }

sub connect_to
{
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 30);
}

# A good caller with some patience: its receipt is taken.
sub served
{
	my ($what) = @_;
	my $id = message();
	my $status = wait_for {
		my $r = $http->get("http://127.0.0.1:$port/receipt/kannel?id=$id&part=1&type=1",
			{ headers => { Authorization => 'Basic ' . encode_base64('kannel:secret', '') } });
		$r->{status} == 200;
	} 90;

	ok($status, "$what: a good caller is served");
	is(state_of($id), 'delivered final', "$what: and its receipt stored");
	return;
}

sub resident
{
	my $pid = $node->wait_worker('portatext receiver');
	my ($kb) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
	return $kb;
}

ok(wait_for { $http->get("http://127.0.0.1:$port/health")->{status} == 200 }, 'the receiver listens');
my $pid = $node->wait_worker('portatext receiver');
my $before = resident();

# ---- idle connections: more than are allowed ----

# A process may have 1024 descriptors: several hold the connections, and say how many stand.
sub hold_idle
{
	my ($count) = @_;
	my $told = $node->basedir . '/idle';
	my $parent = $$;
	my @holders;

	for (my $left = $count; $left > 0; $left -= 500)
	{
		my $pid = fork // die "fork: $!\n";
		if (!$pid)
		{
			my @sockets = grep { $_ } map { connect_to() } 1 .. ($left < 500 ? $left : 500);

			PostgreSQL::Test::Utils::append_to_file($told, @sockets . "\n");
			sleep 0.5 while getppid == $parent;
			POSIX::_exit(0);
		}
		push @holders, $pid;
	}
	wait_for { -e $told && (() = PostgreSQL::Test::Utils::slurp_file($told) =~ /\n/g) == @holders };
	my $stand = 0;
	$stand += $_ for split ' ', PostgreSQL::Test::Utils::slurp_file($told);
	return ($stand, @holders);
}

my ($stand, @holders) = hold_idle($ENV{CHECK_LONG} ? 5000 : 600);
cmp_ok($stand, '>=', 400, "$stand idle connections were made");
served('idle connections');
kill 'KILL', @holders;
waitpid $_, 0 for @holders;

# ---- slow ones: an octet each half second, for ever ----

my $parent = $$;
my $slow = fork // die "fork: $!\n";
if (!$slow)
{
	my @sockets = grep { $_ } map { connect_to() } 1 .. 350;

	$SIG{PIPE} = 'IGNORE';
	syswrite $_, "GET /receipt/kannel?id=1 HTTP/1.1\r\nHost: x\r\nX-Slow: " for @sockets;
	PostgreSQL::Test::Utils::append_to_file($node->basedir . '/slow', "\n");
	while (getppid == $parent)
	{
		# Whoever is thrown out comes again.
		for my $socket (@sockets)
		{
			$socket = connect_to() unless defined $socket && defined syswrite $socket, 'x';
		}
		sleep 0.5;
	}
	POSIX::_exit(0);
}
ok(wait_for { -e $node->basedir . '/slow' }, '350 slow connections stand');
served('slow connections');
kill 'KILL', $slow;
waitpid $slow, 0;

# ---- oversized ----

# The status of what comes back for a raw request; empty: closed without an answer.
sub raw_status
{
	my ($text) = @_;
	my $socket = connect_to() or return 'refused';
	local $SIG{PIPE} = 'IGNORE';

	print $socket $text;
	return (scalar(<$socket>) // '') =~ m{^HTTP/1.1 (\d+)} ? $1 : '';
}

my $start = "GET /receipt/kannel?id=1&type=1 HTTP/1.1\r\nHost: x\r\n$authorization\r\n";
like(raw_status($start . 'X-Big: ' . 'x' x 100000 . "\r\n\r\n"), qr/^(?:|431|413|400)$/, 'a header of 100,000 octets is refused');
like(raw_status($start . join('', map { "X-$_: y\r\n" } 1 .. 20000) . "\r\n"), qr/^(?:|431|413|400)$/, '20,000 headers are refused');
like(raw_status('GET /' . 'x' x 1000000 . " HTTP/1.1\r\n\r\n"), qr/^(?:|414|400)$/, 'a path of 1,000,000 octets is refused');
is(raw_status("POST /receipt/kannel HTTP/1.1\r\nHost: x\r\n$authorization\r\nContent-Type: application/json\r\n"
	  . "Content-Length: 99999999999\r\n\r\n"), 413, 'a body announced as 100 GB is refused at once');
served('oversized requests');

# ---- pipelined: each applied, answered in order ----

my @ids = map { message() } 1 .. 20;
my $socket = connect_to();
print $socket join '', map { "GET /receipt/kannel?id=$_&part=1&type=1 HTTP/1.1\r\nHost: x\r\n$authorization\r\n\r\n" } @ids;
my $answers = 0;
while ($answers < 20 && IO::Select->new($socket)->can_read(30))
{
	sysread $socket, my $data, 65536 or last;
	$answers += () = $data =~ m{^HTTP/1.1 200}mg;
}
is($answers, 20, 'twenty pipelined requests, twenty answers');
is(join(',', map { state_of($_) } @ids), join(',', ('delivered final') x 20), 'all are stored');

# ---- wrong secrets ----

my $safe = message();
my %statuses;
for my $try (1 .. 200)
{
	my $r = $http->get("http://127.0.0.1:$port/receipt/kannel?id=$safe&part=1&type=16&answer=NACK/1/",
		{ headers => { Authorization => 'Basic ' . encode_base64("kannel:guess$try", '') } });
	$statuses{ $r->{status} }++;
}
is(join(' ', %statuses), '403 200', '200 wrong secrets are refused');
is(state_of($safe), 'sending sent', 'and change nothing');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/guess\d/, 'nor are they written to the log');

# ---- repeated and contradictory receipts, from many connections at one time ----

my @disputed = map { message() } 1 .. 10;
my @calls = map {
	my $id = $_;
	map { "GET /receipt/kannel?id=$id&part=1&$_ HTTP/1.1\r\nHost: x\r\n$authorization\r\nConnection: close\r\n\r\n" }
	  'type=16&answer=NACK/1/', 'type=1', 'type=16&answer=NACK/1/', 'type=2', 'type=8', 'type=1'
} @disputed;
my @sockets = map { my $s = connect_to(); print $s $_; $s } sort { crypt($a, 'pt') cmp crypt($b, 'pt') } @calls;
is(scalar(grep { (<$_> // '') =~ m{^HTTP/1.1 200} } @sockets), 60, 'sixty contradictory receipts are answered');
is(sql(q{SELECT count(*) FROM portatext.message WHERE step = 'final' AND message_id IN (} . join(',', map { "'$_'" } @disputed) . ')'),
	10, 'SMS-09: each message has one end');
is(sql(q{SELECT count(*) FROM (SELECT FROM portatext.ledger_entry WHERE kind = 'refund' GROUP BY reference HAVING count(*) > 1) t}),
	0, 'BILL-21: none is refunded twice');
is(sql(q{SELECT count(*) FROM portatext.message WHERE (state = 'rejected') <> EXISTS
	(SELECT FROM portatext.ledger_entry WHERE kind = 'refund' AND reference = message_id)}), 0,
	'BILL-04: refunded are the rejected ones');

# ---- receipts that belong to nobody ----

my $sent = 0;
my $json = HTTP::Tiny->new(timeout => 60, keep_alive => 1);
while ($sent < $strays)
{
	my $body = join ',', map { sprintf '{"ref":"stray-%d","status":"delivered"}', $sent + $_ } 1 .. 500;
	my $r = $json->post("http://127.0.0.1:$port/receipt/kannel", { content => "[$body]", headers => {
				'Content-Type' => 'application/json', Authorization => 'Basic ' . encode_base64('kannel:secret', '') } });
	last if $r->{status} != 200;
	$sent += 500;
}
is($sent, $strays, "$strays stray receipts are taken");
is(sql('SELECT count(*) FROM portatext.stray_receipt'), $strays, 'and kept for a while');
served('stray receipts');

is($node->wait_worker('portatext receiver'), $pid, 'all this by one and the same process');
cmp_ok(resident() - $before, '<', 30000, 'which has not grown by 30 MB');

$node->stop;
done_testing();
