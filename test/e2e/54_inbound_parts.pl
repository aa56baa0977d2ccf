# Inbound messages in parts through a real Kannel that does not join them, set up as
# docs/receiving.md says; and as raw octets over HTTP.
use strict;
use warnings;
use utf8;

use Carrier;
use Encode qw(encode encode_utf8);
use HTTP::Tiny;
use JSON::PP;
use PortatextNode;
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('inbound_parts', conf => "portatext.receiver_port = $port\n");
my $carrier = Carrier->start(mo_url => "http://%I:mo-secret\@127.0.0.1:$port/inbound/kannel", raw => 1);
my $http = HTTP::Tiny->new(timeout => 20);

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "http://127.0.0.1:9/", "dlr_url": "http://127.0.0.1:9"}',
		username => 'tester', password => 'x', receipt_secret => 'mo-secret');
	SELECT portatext.assign_did('+15557770001', portatext.create_account('one'));
});
ok($carrier->wait_link(1), 'Kannel is connected');

sub texts { return sql("SELECT string_agg(body, '|' ORDER BY message_id) FROM portatext.message WHERE inbound AND from_number = '+$_[0]'") }
sub gets { my ($from, $text, $what) = @_; return ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE inbound AND from_number = '+$from'", 1), $what) && is(texts($from), encode_utf8($text), "$what: the text") }

# ---- Kannel does not join ----
my %texts = (
	'15551230001' => 'Hello from a telephone, with ' . "{braces} and a \x{20ac}",
	'15551230002' => "Grüße \x{1f600} Привет",
	'15551230003' => join(' ', map { "word$_" } 1 .. 60),
	'15551230004' => "\x{43f}\x{440}\x{438}\x{432}\x{435}\x{442} " x 30,
	'15551230005' => "\x{201c}Quoted\x{201d} \x{2013} na\x{ef}ve");
$carrier->mo($_, '15557770001', $texts{$_}) for sort keys %texts;
gets($_, $texts{$_}, 'GEN-09 one message of ' . length($texts{$_}) . ' characters') for sort keys %texts;
is(sql(q{SELECT -sum(amount) FROM portatext.ledger_entry WHERE kind = 'inbound'}), 5, 'BILL-09 charged by the message, not by its parts');
cmp_ok(sql(q{SELECT count(*) FROM portatext.inbound_ref}), '>', 5, 'each part has brought Kannel\'s id');
is(sql(q{SELECT count(*) FROM portatext.inbound_join}) + sql(q{SELECT count(*) FROM portatext.inbound_part}), 0, 'nothing is left behind');

# Out of order, with a pair of surrogates cut between parts, each twice.
my $cut = encode('UTF-16BE', "before \x{1f600} after");
my @half = (substr($cut, 0, 16), substr($cut, 16));
$carrier->deliver(from => '15551230006', to => '15557770001', coding => 8, udh => sprintf('0500032a02%02x', $_), data => unpack('H*', $half[ $_ - 1 ]))
  for 2, 2, 1;
gets('15551230006', "before \x{1f600} after", 'GEN-09 out of order, twice, a pair cut in two');

# A part is lost: what is there comes after the time-out, by the scheduler.
$carrier->deliver(from => '15551230007', to => '15557770001', udh => "0500030${_}03" . sprintf('%02x', $_), data => unpack('H*', "part $_"))
  for 1, 2;    # two references
$carrier->deliver(from => '15551230008', to => '15557770001', udh => sprintf('0500030703%02x', $_), data => unpack('H*', "part $_ "))
  for 1, 3;
ok($node->wait_sql('SELECT count(*) FROM portatext.inbound_part', 4), 'parts wait for the others');
is(sql(q{SELECT count(*) FROM portatext.message WHERE inbound}), 6, 'nothing is taken in yet');
sql(q{ALTER SYSTEM SET portatext.inbound_part_timeout = '1s'});
$node->reload;
gets('15551230008', "part 1 \x{2026}part 3 ", 'GEN-09 a part is lost: as far as it came');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE inbound AND from_number = '+15551230007'}, 2), 'others too');
is(texts('15551230007') =~ s/\xe2\x80\xa6/./gr, 'part 1.|.part 2.', 'references that are not the same are not joined');
sql(q{ALTER SYSTEM RESET portatext.inbound_part_timeout});
$node->reload;

# ---- raw octets over HTTP ----
sub post
{
	my ($data) = @_;

	return $http->post("http://127.0.0.1:$port/inbound/kannel", { headers => {
		Authorization => 'Bearer mo-secret', 'Content-Type' => 'application/json' },
		content => encode_json({ to => '+15557770001', %$data }) })->{status};
}
my %who = (from => '+15551230010');
is(post({ %who, udh => '08000321020125' . '0101', data => '0b', ref => 'h1' }), 200, 'a raw part with a national table');
is(post({ %who, udh => '050003210202', data => '0b', coding => 0, ref => 'h2' }), 200, 'and one without');
is(texts('15551230010'), encode_utf8("\x{11e}\x{d8}"), 'GEN-09 each is decoded with its own table');
is(post({ %who, udh => '050003210202', data => '0b', ref => 'h2' }), 200, 'the same again');
is(sql(q{SELECT count(*) FROM portatext.message WHERE inbound AND from_number = '+15551230010'}), 1, 'is no other message');
is(post({ from => '+15551230011', reference => 5, part => 2, parts => 2, text => "\x{e9}nd" }), 200, 'a decoded part');
is(post({ from => '+15551230011', reference => 5, part => 1, parts => 2, text => 'the ' }), 200, 'and the other');
is(texts('15551230011'), encode_utf8("the \x{e9}nd"), 'GEN-09 joined');
is(post({ from => '+15551230012', data => '0041d83d', coding => 2 }), 200, 'a whole raw message');
is(texts('15551230012'), encode_utf8("A\x{fffd}"), 'half a pair at its end');
is(post({ from => '+15551230013', data => '', ref => 'h3' }), 200, 'an empty one');
for my $bad (
	{ data => '0' }, { data => 'xy' }, { data => '61', coding => 3 }, { data => '61', coding => 'x' }, { data => '61', udh => '0500' },
	{ data => '61', udh => '0' x 1200 }, { text => 'x', udh => '050003' }, { text => 'x', part => 3, parts => 2 },
	{ text => 'x', part => 0, parts => 2 }, { text => 'x', parts => 256 }, { text => 'x', reference => -1 })
{
	is(post({ from => '+15551230013', %$bad }), 400, 'malformed: ' . substr(JSON::PP->new->canonical->encode($bad), 0, 40));
}
is(texts('15551230013'), '', 'BILL-12 nothing of that is stored');
is(sql(q{SELECT count(*) FROM portatext.inbound_part}), 0, 'nor waits');
is(sql(q{SELECT -sum(amount) = (SELECT count(*) FROM portatext.message WHERE inbound) FROM portatext.ledger_entry WHERE kind = 'inbound'}),
	't', 'BILL-09 each message is charged once');
is(scalar($carrier->submits), 0, 'no telephone was sent an answer');

$node->stop;
$carrier->stop;
done_testing();
