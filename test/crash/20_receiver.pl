# The receiver is killed around its commit: a callback without an answer is
# repeated by the carrier, and counts once.
use strict;
use warnings;

use IO::Socket::INET;
use MIME::Base64;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('receiver', conf => "portatext.receiver_port = $port\n");
my $authorization = 'Authorization: Basic ' . encode_base64('kannel:secret', '');

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	INSERT INTO portatext.account (name) VALUES ('one');
	SELECT portatext.open_balance(account_id) FROM portatext.account;
	INSERT INTO portatext.carrier (name, adapter, enabled) VALUES ('kannel', 'kannel', false);
	INSERT INTO portatext.carrier_secret (carrier_id, receipt_secret) SELECT carrier_id, 'secret' FROM portatext.carrier;
	INSERT INTO portatext.did (account_id, number) SELECT account_id, '+15557770001' FROM portatext.account;
});

# A message of one credit that the carrier has, charged; its id.
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

sub request
{
	my ($path) = @_;
	my $socket = wait_for { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5) } or die 'no receiver';

	print $socket "GET $path HTTP/1.1\r\nHost: x\r\n$authorization\r\n\r\n";
	return $socket;
}

# The status line of the answer; empty when the connection ends without one.
sub answer { return scalar(readline $_[0]) // '' }

sub refunds { return sql("SELECT count(*) FROM portatext.ledger_entry WHERE reference = '$_[0]' AND kind = 'refund'") }

# ---- killed before the commit: nothing is stored, nothing is answered ----
for my $kind ([ 'receiver', sub { $node->wait_up } ], [ 'postmaster', sub { $node->kill9_restart } ])
{
	my ($who, $recover) = @$kind;
	my $id = message();
	my $path = "/receipt/kannel?id=$id&part=1&type=16&answer=NACK/1/";
	my $mo = "/inbound/kannel?from=%2B15551230001&to=%2B15557770001&text=Hello&ref=$who";

	$node->arm_point('receiver_before_commit', $who eq 'receiver' ? 'kill' : 'pause');
	my $socket = request($path);
	ok($node->wait_point_hit('receiver_before_commit'), "$who: the transaction is about to commit");
	my $second = request($mo) if $who eq 'postmaster';
	$recover->();
	is(answer($socket), '', "$who killed before the commit: no answer");
	is(state_of($id), 'sending sent', "$who: and nothing stored");
	is(refunds($id), 0, "$who: nor refunded");
	$node->disarm_points;

	for (1, 2)
	{
		like(answer(request($path)), qr/ 200 /, "$who: the carrier's repeat $_ is answered");
		like(answer(request($mo)), qr/ 200 /, "$who: so is an inbound message, time $_");
	}
	is(state_of($id), 'rejected final', "$who: the receipt is applied");
	is(refunds($id), 1, "$who: BILL-21 refunded once");
	is(sql("SELECT count(*) FROM portatext.inbound_ref WHERE ref = '$who'"), 1, "$who: one inbound message");
}
is(sql(q{SELECT count(*) || ' ' || sum(l.amount) FROM portatext.message m JOIN portatext.ledger_entry l
	ON l.reference = m.message_id WHERE m.inbound}), '2 -2', 'BILL-08 each charged once');

# ---- killed between commit and answer: stored; the repeat changes nothing ----
my $id = message();
my $path = "/receipt/kannel?id=$id&part=1&type=16&answer=NACK/1/";

$node->arm_point('receiver_after_commit', 'kill');
my $socket = request($path);
ok($node->wait_point_hit('receiver_after_commit'), 'the transaction has committed');
$node->wait_up;
is(answer($socket), '', 'killed after the commit: no answer');
is(state_of($id), 'rejected final', 'but the receipt is stored');
like(answer(request($path)), qr/ 200 /, 'the repeat is answered');
is(refunds($id), 1, 'SMS-09, BILL-21 and counts for nothing');

# ---- killed while the last part of a message is added, and after it has been joined ----
my %part = map { $_ => "/inbound/kannel?from=%2B15551230002&to=%2B15557770001&text=part$_&reference=7&part=$_&parts=2&ref=P$_" } 1, 2;

like(answer(request($part{1})), qr/ 200 /, 'the first part');
for my $point (qw(inbound_part_added receiver_after_commit))
{
	$node->arm_point($point, 'kill');
	$socket = request($part{2});
	ok($node->wait_point_hit($point), "the last part: $point");
	$node->wait_up;
	is(answer($socket), '', "killed at $point: no answer");
	$node->disarm_points;
	is(sql(q{SELECT count(*) FROM portatext.message WHERE from_number = '+15551230002'}), $point eq 'inbound_part_added' ? 0 : 1,
		"killed at $point: all or nothing");
}
like(answer(request($part{$_})), qr/ 200 /, "the repeat of part $_ is answered") for 2, 1;
is(sql(q{SELECT string_agg(body, '|') FROM portatext.message WHERE from_number = '+15551230002'}), 'part1part2', 'GEN-09 one message');
is(sql(q{SELECT count(*) FROM portatext.inbound_part}), 0, 'nothing is left behind');
is(sql(q{SELECT -sum(amount) FROM portatext.ledger_entry WHERE kind = 'inbound'}), 3, 'BILL-09 charged once');

$node->stop;
done_testing();
