# The receiver's paths for telephony engines: events, sounds, signed callbacks (TEL-10, TEL-11).
use strict;
use warnings;

use Digest::SHA qw(hmac_sha1_base64);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $base = "http://127.0.0.1:$port";
my $node = PortatextNode->new_node('engine', conf => "portatext.receiver_port = $port\n");

sub sql { return $node->safe_psql('postgres', @_) }

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.create_account('calls', sandbox => true);
	SELECT portatext.create_engine('gw', 'gateway', '{"url": "http://127.0.0.1:1", "callback_url": "$base"}', callback_secret => 'se&cret');
	SELECT portatext.create_engine('other', 'gateway', '{"url": "http://127.0.0.1:1", "callback_url": "$base"}', callback_secret => 'another');
	SELECT portatext.create_engine('tw', 'http', '{"template": "twilio", "account": "AC1", "callback_url": "$base/"}', 'AC1', 'token', 'sound');
	INSERT INTO portatext.trunk (account_id, engine_id, name) SELECT account_id, 1, 'gw' FROM portatext.account;
	INSERT INTO portatext.trunk (account_id, engine_id, name) SELECT account_id, 3, 'tw' FROM portatext.account;
	INSERT INTO portatext.sound (account_id, name, content, digest)
		SELECT account_id, 'hello', convert_to('ID3 hello', 'UTF8'), sha256('x') FROM portatext.account;
});

# Call n as it is when its engine has been asked to place it.
sub place
{
	my ($n, $engine) = @_;
	my $id = sprintf('01900000-0000-7000-8000-%012d', $n);

	sql(qq{INSERT INTO portatext.call (call_id, account_id, engine_id, trunk_id, to_number, state, placed_at, flow)
		SELECT '$id', a.account_id, $engine, t.trunk_id, '+12025550100', 'placing', portatext.now(), '[{"hangup":{}}]'
		FROM portatext.account a JOIN portatext.trunk t ON t.engine_id = $engine});
	return $id;
}

sub call_of { return sql("SELECT concat_ws(' ', state, result, q850, amd, digits) FROM portatext.call WHERE call_id = '$_[0]'") }

my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 1);

# One request; its status, and with content => 1 what came.
sub ask
{
	my ($method, $path, $headers, $content) = @_;
	my $response = $http->request($method, $base . $path, { headers => $headers || {}, content => $content // '' });

	return wantarray ? ($response->{status}, $response->{content}, $response->{headers}) : $response->{status};
}

my %json = ('Content-Type' => 'application/json');
my %bearer = (%json, Authorization => 'Bearer se&cret');

wait_for(sub { my $s = ask('GET', '/health'); return $s == 200 }, 'the receiver listens');

# Who may post.
my $id = place(1, 1);
my $ringing = encode_json([ { call_id => $id, seq => 1, event => 'ringing' } ]);

is(scalar(ask('POST', '/engine/gw/events', \%json, $ringing)), 401, 'no credentials');
is(scalar(ask('POST', '/engine/gw/events', { %json, Authorization => 'Bearer wrong' }, $ringing)), 403, 'a wrong secret');
is(scalar(ask('POST', '/engine/gw/events', { %json, Authorization => 'Bearer another' }, $ringing)), 403, 'the secret of another engine');
is(scalar(ask('POST', '/engine/none/events', \%bearer, $ringing)), 404, 'an engine that does not exist');
is(scalar(ask('POST', '/engine/gw', \%bearer, $ringing)), 404, 'no path behind the engine');
is(scalar(ask('PUT', '/engine/gw/events', \%bearer, $ringing)), 405, 'neither GET nor POST');
is(call_of($id), 'placing', 'nothing was stored');
is(scalar(ask('POST', '/engine/gw/events', \%bearer, $ringing)), 200, 'with the secret');
is(call_of($id), 'ringing', 'the call rings, stored before the answer');
is(scalar(ask('POST', '/engine/gw/events', { %json, Authorization => 'Basic ' . encode_base64('gw:se&cret', '') }, $ringing)), 200, 'the same with Basic, repeated');
is(sql("SELECT count(*) FROM portatext.call_event WHERE call_id = '$id'"), 1, 'a repeated event is stored once');
is(scalar(ask('POST', '/engine/gw/events?secret=se%26cret', \%json, $ringing)), 200, 'the secret in the query');

# What may be posted.
my ($status, $text) = ask('POST', '/engine/gw/events', \%bearer, encode_json([ { call_id => $id, seq => 2, event => 'answered' }, { call_id => $id, seq => 3, event => 'sings' } ]));
is($status, 400, 'an array with a bad event');
like($text, qr/^event 1: event is none of /, 'its place is told');
is(call_of($id), 'ringing', 'nothing of the array was stored');
is(scalar(ask('POST', '/engine/gw/events', \%bearer, '[{')), 400, 'malformed JSON');
is(scalar(ask('POST', '/engine/gw/events', \%bearer, '[]')), 200, 'an empty array');
is(scalar(ask('POST', '/engine/gw/songs', \%bearer, $ringing)), 400, 'a path that the adapter does not know');
{
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 20) or die "no connection: $!";

	print $socket "POST /engine/gw/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer se&cret\r\nContent-Length: 1048577\r\n\r\n";
	like(scalar(<$socket>), qr{^HTTP/1.1 413 }, 'too large');
}
is(scalar(ask('POST', '/engine/other/events', { %json, Authorization => 'Bearer another' },
		encode_json([ { call_id => $id, seq => 9, event => 'ended', a => { q850 => 17 } } ]))), 200, "another engine's word on the call");
is(call_of($id), 'ringing', 'changes nothing');

my @many = map { { call_id => place(100 + $_, 1), seq => 1, event => 'ended', a => { q850 => 17, sip => 486 } } } 1 .. 300;
is(scalar(ask('POST', '/engine/gw/events', \%bearer, encode_json(\@many))), 200, 'an array of 300');
is(sql("SELECT count(*) FROM portatext.call WHERE result = 'BUSY'"), 300, 'all of it is stored');

# From SQL.
is(sql(qq{SELECT portatext.receive_call_events('gw', '[{"call_id": "$id", "seq": 5, "event": "ended", "a": {"q850": 16, "answered_at": 1795403720}},
	{"call_id": "$id", "seq": 5, "event": "ended"}]')}), 1, 'receive_call_events counts what is new');
like(call_of($id), qr/^ended ANSWER 16/, 'the end');

# Sounds.
my @sound = ask('GET', '/engine/gw/sound/1', \%bearer);
is($sound[0], 200, 'a sound');
is($sound[1], 'ID3 hello', 'its octets');
is($sound[2]{'content-type'}, 'audio/mpeg', 'its type');
my $etag = '"' . sql("SELECT encode(digest, 'hex') FROM portatext.sound") . '"';
is($sound[2]{etag}, $etag, 'its digest as a tag');
is(scalar(ask('GET', '/engine/gw/sound/1', { %bearer, 'If-None-Match' => $etag })), 304, 'a copy that is kept is still good');
is(scalar(ask('GET', '/engine/gw/sound/1', { %bearer, 'If-None-Match' => '"x"' })), 200, 'another copy is not');
is(scalar(ask('GET', '/engine/gw/sound/1')), 401, 'not for everybody');
is(scalar(ask('GET', '/engine/tw/sound/1?secret=sound')), 200, 'the secret in the query');
is(scalar(ask('GET', '/engine/gw/sound/2', \%bearer)), 404, 'a sound that does not exist');
is(scalar(ask('GET', '/engine/gw/sound/x', \%bearer)), 404, 'no number');
is(scalar(ask('POST', '/engine/gw/sound/1', \%bearer, 'x')), 405, 'sounds are read');
is(scalar(ask('GET', '/engine/other/sound/1', { Authorization => 'Bearer another' })), 404, "not of an account that has no trunk there");

# Twilio's way: signed forms, answered with a document where one is wanted.
my $called = place(2, 3);

# Posts the fields as Twilio signs them (the address, then the fields in order).
sub twilio
{
	my ($query, $fields, $key) = @_;
	my $path = "/engine/tw/events?$query";
	my $signed = $base . $path . join('', map { $_ . $fields->{$_} } sort keys %$fields);
	my $signature = hmac_sha1_base64($signed, $key // 'token');

	$signature .= '=' while length($signature) % 4;
	return ask('POST', $path, { 'Content-Type' => 'application/x-www-form-urlencoded', 'X-Twilio-Signature' => $signature },
		$http->www_form_urlencode($fields));
}

is(scalar(ask('POST', "/engine/tw/events?call=$called", { 'Content-Type' => 'application/x-www-form-urlencoded' }, 'CallStatus=ringing')), 401, 'not signed');
is(scalar(twilio("call=$called", { CallSid => 'CA1', CallStatus => 'ringing', SequenceNumber => 1 }, 'wrong')), 403, 'signed by somebody else');
is(scalar(twilio("call=$called", { CallSid => 'CA1', CallStatus => 'ringing', SequenceNumber => 1 })), 200, 'signed');
like(call_of($called), qr/^ringing/, 'it rings');
is(sql("SELECT engine_ref FROM portatext.call WHERE call_id = '$called'"), 'CA1', "the engine's id is kept");
is(scalar(twilio("call=$called", { CallSid => 'CA1', CallStatus => 'in-progress', SequenceNumber => 2 })), 200, 'answered');
($status, $text) = twilio("call=$called&event=waiting", { CallSid => 'CA1', CallStatus => 'in-progress' });
is($status, 200, 'an agent is wanted');
like($text, qr{^<Response><Pause length="60"/><Redirect method="POST">\Q$base\E/engine/tw/events\?call=$called&amp;event=still</Redirect></Response>$}, 'meanwhile it holds');
like(call_of($called), qr/^waiting/, 'and waits');
($status, $text) = twilio("call=$called&event=dialled", { CallSid => 'CA1', DialCallStatus => 'completed' });
is($text, '<Response><Hangup/></Response>', 'both have talked: the end');
is(scalar(twilio("call=$called", { CallSid => 'CA1', CallStatus => 'completed', SequenceNumber => 3, CallDuration => 7, SipResponseCode => 200 })), 200, 'completed');
like(call_of($called), qr/^ended ANSWER 16/, 'the end');

my $refused = place(3, 3);
twilio("call=$refused", { CallSid => 'CA2', CallStatus => 'failed', SequenceNumber => 1, SipResponseCode => 404 });
like(call_of($refused), qr/^ended INVALID_NUMBER/, 'failed: by the SIP status');

# A change of the secret is known at once; an engine that cannot be used puts its callbacks off.
sql(q{SELECT portatext.alter_engine('gw', callback_secret => 'new')});
is(scalar(ask('POST', '/engine/gw/events', \%bearer, '[]')), 403, 'the old secret');
is(scalar(ask('POST', '/engine/gw/events', { %json, Authorization => 'Bearer new' }, '[]')), 200, 'the new one');
sql(q{UPDATE portatext.engine SET settings = '{}' WHERE name = 'gw'});
is(scalar(ask('POST', '/engine/gw/events', { %json, Authorization => 'Bearer new' }, '[]')), 503, 'try again later');
ok($node->log_contains(qr/portatext receiver: engine 1 cannot be used: the setting url is missing/), 'and the log says why');

$node->stop;
done_testing();
