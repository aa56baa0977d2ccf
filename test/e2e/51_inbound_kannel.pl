# Inbound messages through a real Kannel, set up as docs/receiving.md says.
use strict;
use warnings;
use utf8;

use Carrier;
use Encode qw(encode_utf8);
use PortatextNode;
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('inbound', conf => "portatext.receiver_port = $port\n");
my $carrier = Carrier->start(mo_url => "http://%I:mo-secret\@127.0.0.1:$port/inbound/kannel");

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "http://127.0.0.1:9/", "dlr_url": "http://127.0.0.1:9"}',
		username => 'tester', password => 'x', receipt_secret => 'mo-secret');
	INSERT INTO portatext.did (account_id, number)
		SELECT portatext.create_account('one'), n FROM unnest(ARRAY['+15557770001']) n;
});
ok($carrier->wait_link(1), 'Kannel is connected');

my %texts = (
	'15551230001' => 'Hello from a telephone, with ' . "{braces} and a \x{20ac}",
	'15551230002' => "Grüße \x{1f600} Привет",
	'15551230003' => join(' ', map { "word$_" } 1 .. 60),
	'15551230004' => "\x{43f}\x{440}\x{438}\x{432}\x{435}\x{442} " x 30,
	'15551230007' => "na\x{ef}ve, \x{fd} and \x{201c}quoted\x{201d} \x{2013} no \x{20ac}");

$carrier->mo($_, '15557770001', $texts{$_}) for sort keys %texts;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE inbound}, 5), 'all have come in');
for my $from (sort keys %texts)
{
	is(sql("SELECT count(*), min(body) FROM portatext.message WHERE inbound AND from_number = '+$from'"),
		encode_utf8("1|$texts{$from}"), 'GEN-09, SMS-16 one message, as it was written: ' . length($texts{$from}) . ' characters');
}
is(sql(q{SELECT -sum(amount) FROM portatext.ledger_entry WHERE kind = 'inbound'}), 5,
	'BILL-09 charged by the message, not by its parts');
is(sql(q{SELECT count(DISTINCT r.ref) FROM portatext.inbound_ref r JOIN portatext.message USING (message_id)}), 5,
	'each has Kannel\'s id as its reference');
is(sql(q{SELECT count(*) FROM portatext.event WHERE type = 'message.received'}), 5, 'SMS-16 announced');

# An empty text: dropped, and Kannel does not try again.
$carrier->mo('15551230005', '15557770001', '');
$carrier->mo('15551230006', '15557770009', 'To a number that nobody owns');
ok($node->wait_sql('SELECT from_number || \' \' || body FROM portatext.unrouted', '+15551230006 To a number that nobody owns'),
	'what belongs to nobody is kept');
is(sql(q{SELECT count(*) FROM portatext.message WHERE inbound}), 5, 'BILL-12 the empty one left nothing');
is(scalar($carrier->submits), 0, 'no telephone was sent an answer');

$node->stop;
$carrier->stop;
done_testing();
