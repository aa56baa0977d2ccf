# The receiver: what carriers call back with over HTTP, stored and then answered.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $base = "http://127.0.0.1:$port";
my $node = PortatextNode->new_node('receiver', conf => "portatext.receiver_port = $port\n");

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	INSERT INTO portatext.account (name) VALUES ('one');
	INSERT INTO portatext.carrier (name, adapter, enabled) VALUES ('kannel', 'kannel', false), ('other', 'kannel', false), ('mute', 'kannel', false);
	INSERT INTO portatext.carrier_secret (carrier_id, receipt_secret)
		SELECT carrier_id, 'secret of ' || name FROM portatext.carrier WHERE name <> 'mute';
	INSERT INTO portatext.did (account_id, number) SELECT account_id, '+15557770001' FROM portatext.account;
	SELECT portatext.open_balance(account_id) FROM portatext.account;
});

my $made = 0;

# A message that the carrier has; its id.
sub message
{
	my ($segments) = @_;

	$made++;
	return sql(sprintf q{
		INSERT INTO portatext.message (message_id, account_id, state, step, carrier_id, segments, cost,
				from_number, to_number, encoding, body, sent_at)
			SELECT portatext.uuid7(), a.account_id, 'sending', 'sent', portatext.carrier_number('kannel'), %d, %d,
				'+15557770001', '+1555000%04d', 'gsm', 'Hello', now()
			FROM portatext.account a WHERE a.name = 'one' RETURNING message_id},
		$segments, $segments, $made);
}

sub state_of
{
	return sql("SELECT concat_ws(' ', state, step, error_code) FROM portatext.message WHERE message_id = '$_[0]'");
}

my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 1);
my %kannel = (Authorization => 'Basic ' . encode_base64('kannel:secret of kannel', ''));

# One request; its status.
sub call
{
	my ($method, $path, %opt) = @_;
	my $response = $http->request($method, $base . $path,
		{ headers => { %kannel, %{ $opt{headers} || {} } }, content => $opt{content} // '' });

	return $response->{status};
}

# A receipt as Kannel makes it: a GET.
sub receipt
{
	my ($id, $part, $type, $answer) = @_;

	return call('GET', "/receipt/kannel?id=$id&part=$part&type=$type&answer=" . $http->_uri_escape($answer // 'ACK/') . '&event=1');
}

sub post_json
{
	my ($path, $data, %headers) = @_;

	return call('POST', $path, content => encode_json($data),
		headers => { 'Content-Type' => 'application/json', %headers });
}

ok(wait_for { call('GET', '/health') == 200 }, 'the receiver listens');

# ---- Kannel's receipts ----
my $id = message(1);
is(receipt($id, 1, 8), 200, 'a receipt is taken with 200, as Kannel wants it');
is(state_of($id), 'sending sent', 'type 8: with the centre');
is(receipt($id, 1, 1, 'id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:'), 200, 'type 1');
is(state_of($id), 'delivered final', 'SMS-05 delivered, stored when the answer comes');
is(receipt($id, 1, 2), 200, 'SMS-09 a repeat that says otherwise is taken');
is(state_of($id), 'delivered final', 'SMS-09 and moves nothing');

$id = message(1);
is(receipt($id, 1, 34, 'id:2 stat:EXPIRED err:002'), 200, 'type 34 is a mask: failed and intermediate');
is(state_of($id), 'undelivered final EXPIRED/002', 'expired at the centre is undelivered');

$id = message(1);
receipt($id, 1, 16, 'NACK/0x0000000b/Invalid Destination Address');
is(state_of($id), 'rejected final 0x0000000b', 'BILL-04 refused by the centre');

$id = message(3);
receipt($id, $_, 1) for (3, 1, 1, 3);
is(state_of($id), 'sending sent', 'two of three parts, in any order, twice');
receipt($id, 2, 8);
receipt($id, 2, 1);
is(state_of($id), 'delivered final', 'the last part ends it');

is(receipt('01900000-0000-7000-8000-000000000000', 1, 1), 200, 'an unknown id is taken and dropped');

# ---- JSON and forms ----
my @ids = map { message(1) } 1 .. 3;
is(post_json('/receipt/kannel', [
		{ id => $ids[0], status => 'delivered' },
		{ id => $ids[1], status => 'UNDELIV', code => 7, extra => { a => [1] } },
		{ ref => 'later', status => 'delivered', part => undef } ]),
	200, 'an array of receipts');
is(state_of($ids[0]), 'delivered final', 'its first');
is(state_of($ids[1]), 'undelivered final 7', 'its second, in SMPP\'s word');
is(sql('SELECT ref, status FROM portatext.stray_receipt'), 'later|delivered', 'a reference that is not known yet is kept');
is(call('POST', '/receipt/kannel', content => "id=$ids[2]&status=delivered",
		headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }), 200, 'a form');
is(state_of($ids[2]), 'delivered final', 'the form is applied');
is(post_json('/receipt/kannel', []), 200, 'nothing to report is no mistake');

# ---- who may call ----
$id = message(1);
my $good = "/receipt/kannel?id=$id&type=1";
is(call('GET', $good, headers => { Authorization => 'Basic ' . encode_base64('kannel:wrong', '') }), 403, 'a wrong secret');
is(call('GET', $good, headers => { Authorization => 'Basic ' . encode_base64('kannel:', '') }), 403, 'an empty secret');
is(call('GET', $good, headers => { Authorization => 'Digest x' }), 403, 'another scheme');
is(call('GET', $good, headers => { Authorization => 'Bearer secret of other' }), 403, 'another carrier\'s secret');
is(HTTP::Tiny->new(timeout => 20)->get($base . $good)->{status}, 401, 'no secret');
is(call('GET', "/receipt/mute?id=$id&type=1", headers => { Authorization => 'Bearer ' }), 403, 'a carrier without a secret takes nothing');
is(call('GET', "/receipt/other?id=$id&type=1", headers => { Authorization => 'Bearer secret of other' }), 200,
	'another carrier may call');
is(state_of($id), 'sending sent', 'but not speak of messages it does not carry');
is(call('GET', $good, headers => { Authorization => 'Bearer secret of kannel' }), 200, 'Bearer');
is(state_of($id), 'delivered final', 'and that counts');
sql("UPDATE portatext.carrier_secret SET receipt_secret = 'changed' WHERE carrier_id = portatext.carrier_number('kannel')");
is(call('GET', $good), 403, 'a changed secret counts from the next request on');
$kannel{Authorization} = 'Basic ' . encode_base64('kannel:changed', '');
is(call('GET', $good), 200, 'the new one is good');

# ---- bad input ----
for my $case (
	[ 400, 'GET', '/receipt/kannel' ],
	[ 400, 'GET', "/receipt/kannel?id=x&type=1" ],
	[ 400, 'GET', "/receipt/kannel?id=$id&type=one" ],
	[ 400, 'GET', "/receipt/kannel?id=$id&part=0&type=1" ],
	[ 400, 'GET', "/receipt/kannel?id=$id&status=lost" ],
	[ 400, 'POST', '/receipt/kannel', 'application/json', '{"id":' ],
	[ 400, 'POST', '/receipt/kannel', 'application/json', '[' x 1000 ],
	[ 400, 'POST', '/receipt/kannel', 'application/json', "{\"ref\":\"a\0b\",\"status\":\"delivered\"}" ],
	[ 400, 'POST', '/inbound/kannel', 'application/json', '[{"from":"1","to":"2"},{"from":"1","to":"2"}]' ],
	[ 400, 'POST', '/inbound/kannel', 'application/json', '{"from":"15551230007","to":"15557770001","text":"a\\u0000b"}' ],
	[ 400, 'POST', '/inbound/kannel', 'application/x-www-form-urlencoded', 'from=15551230007&to=15557770001&text=a%00b' ],
	[ 400, 'POST', '/inbound/kannel', 'application/x-www-form-urlencoded', "from=15551230007&to=15557770001&text=a\0b" ],
	[ 400, 'GET', '/inbound/kannel?from=15551230007&to=15557770001&text=%00' ],
	[ 400, 'POST', '/inbound/kannel', 'application/json', "{\"from\":\"1555123000\xff\",\"to\":\"15557770001\",\"text\":\"a\"}" ],
	[ 415, 'POST', '/receipt/kannel', 'text/xml', '<x/>' ],
	[ 404, 'GET', '/receipt/nobody?type=1' ],
	[ 404, 'GET', '/receipt/' ],
	[ 404, 'GET', '/' ],
	[ 405, 'DELETE', "/receipt/kannel?id=$id&type=1" ],
	[ 413, 'POST', '/receipt/kannel', 'application/json', ' ' x 70000 ],
	[ 414, 'GET', '/receipt/kannel?id=' . 'x' x 40000 ])
{
	my ($status, $method, $path, $type, $content) = @$case;
	my %headers = defined $type ? ('Content-Type' => $type) : ();
	my $name = substr("$status $method $path " . ($content // ''), 0, 60) =~ s/[^ -~]/./gr;

	is(call($method, $path, headers => \%headers, content => $content), $status, "bad input: $name");
}

is(call('POST', '/inbound/kannel', content => "a\0b", headers => { 'Content-Type' => 'text/plain; charset="UTF-8"',
		'X-Kannel-From' => '15551230007', 'X-Kannel-To' => '15557770001' }), 400, 'bad input: a NUL in Kannel\'s body');
is(sql('SELECT count(*) FROM portatext.message WHERE inbound'), 0, 'what is refused is stored nowhere');

# What is no HTTP at all, or stops in the middle, hurts nobody.
sub raw
{
	my ($text) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 10) or die;

	print $socket $text;
	return $socket;
}
my @open = map { raw("GET /receipt/kannel HTTP/1.1\r\nHost: x\r\nX-Half: ") } 1 .. 50;
raw("\x16\x03\x01\x00\xff" . "\0" x 300)->close;
raw("POST /receipt/kannel HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")->close;
my $chunked = raw("POST /receipt/kannel HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\n"
	  . "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	  . sprintf("%x\r\n%s\r\n", 50000, ' ' x 50000) x 2 . "0\r\n\r\n");
like(scalar(<$chunked>) // '', qr{^HTTP/1.1 413}, 'a chunked body is limited too');
is(call('GET', '/health'), 200, 'half requests do not keep others out');

# ---- inbound messages ----
is(call('POST', '/inbound/kannel', content => "Gr\xc3\xbc\xc3\x9fe",
		headers => {
			'Content-Type' => 'text/plain; charset="UTF-8"', 'X-Kannel-From' => '15551230001', 'X-Kannel-To' => '15557770001',
			Authorization => 'Basic ' . encode_base64('mo-1:changed', '') }),
	200, 'SMS-16 Kannel\'s post-url');
is(sql(q{SELECT m.from_number, m.to_number, m.body, r.ref FROM portatext.message m
	JOIN portatext.inbound_ref r USING (message_id) WHERE inbound}),
	"+15551230001|+15557770001|Gr\xc3\xbc\xc3\x9fe|mo-1", 'it is stored, with Kannel\'s id as reference');
is(post_json('/inbound/kannel', { from => '+15551230002', to => '+15557770001', text => "A \x{20ac}", ref => 'm2' }), 200, 'JSON')
  for 1 .. 2;
is(sql(q{SELECT m.body FROM portatext.message m WHERE m.from_number = '+15551230002'}), "A \xe2\x82\xac", 'stored once');
is(call('POST', '/inbound/kannel', content => 'from=%2B15551230003&to=15557770001&text=caf%E9',
		headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }), 200, 'a form that is not UTF-8');
is(sql(q{SELECT m.body FROM portatext.message m WHERE m.from_number = '+15551230003'}), "caf\xc3\xa9",
	'nothing is lost: read as ISO 8859-1');
is(call('POST', '/inbound/kannel', content => "\x93caf\xe9\x94 5 \x80", headers => {
			'Content-Type' => 'text/plain; charset="WINDOWS-1252"', 'X-Kannel-From' => '15551230003', 'X-Kannel-To' => '15557770001' }),
	200, 'Kannel\'s recoded text');
is(sql(q{SELECT m.body FROM portatext.message m WHERE m.from_number = '+15551230003' ORDER BY m.message_id DESC LIMIT 1}),
	"\xe2\x80\x9ccaf\xc3\xa9\xe2\x80\x9d 5 \xe2\x82\xac", 'is read in the character set that it names');
is(call('GET', '/inbound/kannel?from=15551230004&to=15557770001&text='), 200, 'an empty text is taken');
is(sql(q{SELECT count(*) FROM portatext.message m WHERE m.from_number = '+15551230004'}), 0, 'BILL-12 and dropped');
is(sql(q{SELECT -sum(amount) FROM portatext.ledger_entry WHERE kind = 'inbound'}), 4, 'BILL-08 each is charged once');

# ---- many at once: fewer transactions than requests, each applied once ----
my @many = map { message(1) } 1 .. 60;
my @sockets = map {
	raw("GET /receipt/kannel?id=$_&part=1&type=1&answer=ACK/ HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\n\r\n")
} @many;
is(scalar(grep { (<$_> // '') =~ m{^HTTP/1.1 200} } @sockets), 60, 'sixty connections at once');
is(sql('SELECT count(*) FROM portatext.message WHERE message_id IN (' . join(',', map { "'$_'" } @many) . q{) AND state = 'delivered'}),
	60, 'all sixty are applied');

# ---- one bad request costs itself only ----
sql(q{ALTER TABLE portatext.message ADD CONSTRAINT poison CHECK (error_code <> 'poison')});
@ids = map { message(1) } 1 .. 3;
$node->arm_point('receiver_before_commit', 'pause');
my $held = raw("GET $good HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\n\r\n");
ok($node->wait_point_hit('receiver_before_commit'), 'a transaction is held up');
@sockets = map {
	my $code = $_ == 1 ? 'poison' : 'fine';
	raw("GET /receipt/kannel?id=$ids[$_]&status=failed&code=$code HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\n\r\n")
} 0 .. 2;
$node->release_point('receiver_before_commit');
is(join(' ', map { (<$_> // '') =~ m{^HTTP/1.1 (\d+)} } @sockets), '200 503 200', 'the poison alone is refused, to be tried again');
is(join(', ', map { state_of($_) } @ids), 'undelivered final fine, sending sent, undelivered final fine', 'the others are stored');
sql('ALTER TABLE portatext.message DROP CONSTRAINT poison');

# ---- an account whose balance somebody holds in an open transaction keeps nobody waiting ----
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; SELECT count(*) FROM (SELECT FROM portatext.balance_stripe FOR UPDATE) s');
is(post_json('/inbound/kannel', { from => '+15551230009', to => '+15557770001', text => 'wait', ref => 'm9' }), 503,
	'its inbound message is to be tried again');
$id = message(1);
is(receipt($id, 1, 1), 200, 'receipts are taken');
$holder->query_safe('ROLLBACK');
$holder->quit;
is(post_json('/inbound/kannel', { from => '+15551230009', to => '+15557770001', text => 'wait', ref => 'm9' }), 200, 'and so is the repeated message');
is(sql(q{SELECT count(*) FROM portatext.message WHERE from_number = '+15551230009'}), 1, 'once');

# ---- the answer comes after the commit ----
$id = message(1);
$node->arm_point('receiver_before_commit', 'pause');
my $waiting = raw("GET /receipt/kannel?id=$id&part=1&type=1 HTTP/1.1\r\nHost: x\r\nAuthorization: $kannel{Authorization}\r\n\r\n");
ok($node->wait_point_hit('receiver_before_commit'), 'the receipt waits for its commit');
$waiting->blocking(0);
ok(!defined $waiting->getline, 'there is no answer yet');
is(state_of($id), 'sending sent', 'nor is it visible');
$waiting->blocking(1);
$node->release_point('receiver_before_commit');
like(scalar(<$waiting>), qr{^HTTP/1.1 200}, 'the answer follows the commit');
is(state_of($id), 'delivered final', 'and now it is there');

# ---- secrets stay secret ----
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/secret of|changed/, 'no secret in the log')
  unless $node->psql('postgres', 'SHOW log_statement') eq 'x';

# ---- settings ----
my $second = PostgreSQL::Test::Cluster::get_free_port();
sql("ALTER SYSTEM SET portatext.receiver_port = $second");
$node->reload;
ok(wait_for { HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$second/health")->{status} == 200 }, 'it follows the port');
ok(!IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5), 'and leaves the old one');
sql('ALTER SYSTEM SET portatext.receiver_port = 0');
$node->reload;
ok(wait_for { !$node->worker_pids('portatext receiver') }, 'port 0 ends it');

# A port that somebody else has: said once, and taken as soon as it is free.
my $taken = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 1, ReuseAddr => 1) or die;
sql("ALTER SYSTEM SET portatext.receiver_port = $port");
$node->reload;
ok(wait_for { PostgreSQL::Test::Utils::slurp_file($node->logfile) =~ /could not listen on "127.0.0.1", port $port/ }, 'a port in use is logged');
$taken->close;
ok(wait_for { call('GET', '/health') == 200 }, 'and taken over when it is free');

$node->stop;
done_testing();
