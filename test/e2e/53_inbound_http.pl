# Inbound messages over HTTP: the shipped settings of Twilio, Telnyx and Vonage with
# the requests that the vendors document, and carriers that are described by data
# alone; signatures over the raw body; what is refused, what is dropped.
use strict;
use warnings;

use Digest::SHA qw(hmac_sha1_base64 hmac_sha256 sha256_hex);
use Encode qw(encode_utf8);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64 qw(encode_base64 encode_base64url);
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('inbound_http', conf => "portatext.receiver_port = $port\n");
my $http = HTTP::Tiny->new(timeout => 20);
my $public = 'https://sms.example/hooks';    # as the vendors see the receiver, behind a proxy
my $dir = tempdir(CLEANUP => 1);

sub sql { return $node->safe_psql('postgres', @_) }

# Telnyx signs with a key of its own; OpenSSL's program stands for it.
system("openssl genpkey -algorithm ed25519 -out $dir/key.pem 2>$dir/err") == 0 or die slurp_file("$dir/err");
system("openssl pkey -in $dir/key.pem -pubout -outform DER -out $dir/public.der") == 0 or die;
my $telnyx_key = encode_base64(substr(slurp_file("$dir/public.der"), -32), '');

sub ed25519
{
	my ($text) = @_;

	open my $f, '>', "$dir/text" or die;
	print $f $text;
	close $f;
	system("openssl pkeyutl -sign -inkey $dir/key.pem -rawin -in $dir/text -out $dir/signature") == 0 or die;
	return encode_base64(slurp_file("$dir/signature"), '');
}

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('twilio', 'http', username => 'AC0123', password => 'twilio-token',
		settings => '{"template": "twilio", "account": "AC0123", "callback_url": "$public"}');
	SELECT portatext.create_carrier('telnyx', 'http', password => 'KEY0123', receipt_secret => '$telnyx_key',
		settings => '{"template": "telnyx", "callback_url": "$public"}');
	SELECT portatext.create_carrier('vonage', 'http', username => 'abcd1234', password => 'vonage-secret',
		receipt_secret => 'signature-secret', settings => '{"template": "vonage", "callback_url": "$public"}');
	SELECT portatext.assign_did('+12025550101', portatext.create_account('one'));
});
ok(wait_for { $http->get("http://127.0.0.1:$port/health")->{success} }, 'the receiver listens');

# Calls the receiver; the whole answer.
sub post
{
	my ($path, $type, $content, %headers) = @_;

	return $http->request('POST', "http://127.0.0.1:$port$path",
		{ headers => { 'Content-Type' => $type, %headers }, content => $content });
}

# The messages there are from a number: texts, and the references they came with.
sub stored
{
	my ($from) = @_;

	return sql(qq{SELECT string_agg(concat_ws('|', m.to_number, m.body, r.ref), ';' ORDER BY m.message_id)
		FROM portatext.message m LEFT JOIN portatext.inbound_ref r USING (message_id)
		WHERE m.inbound AND m.from_number = '$from'});
}

sub count { return sql('SELECT count(*) FROM portatext.message WHERE inbound') }

# ---- the vendors' requests ----

# Each makes a request: path, type, body, headers.  Options: key (a wrong one), path,
# later (seconds), and what to change in the request before it is signed.
my %vendor = (
	# https://www.twilio.com/docs/messaging/guides/webhook-request
	twilio => {
		request => sub {
			my ($ref, $text, %how) = @_;
			my %field = (ToCountry => 'US', ToState => '', SmsMessageSid => $ref, NumMedia => 0, ToCity => '',
				FromZip => '', SmsSid => $ref, FromState => 'DC', SmsStatus => 'received', FromCity => '',
				Body => $text, FromCountry => 'US', To => '+12025550101', ToZip => '', NumSegments => 1,
				MessageSid => $ref, AccountSid => 'AC0123', From => '+12025550201', ApiVersion => '2010-04-01',
				%{ $how{change} || {} });
			my $path = $how{path} // '/inbound/twilio';
			my $signature = hmac_sha1_base64("$public$path" . join('', map { $_ . encode_utf8($field{$_}) } sort keys %field),
				$how{key} ? 'wrong' : 'twilio-token');

			$signature .= '=' x (-length($signature) % 4);
			return ($path, 'application/x-www-form-urlencoded', $http->www_form_urlencode(\%field),
				'X-Twilio-Signature' => $signature);
		},
		from => '+12025550201',
		media => { NumMedia => 1, MediaContentType0 => 'image/jpeg', MediaUrl0 => 'https://api.twilio.com/x' },
		answer => [ 'text/xml', '<?xml version="1.0" encoding="UTF-8"?><Response></Response>' ],
	},
	# https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
	telnyx => {
		request => sub {
			my ($ref, $text, %how) = @_;
			my $time = time + ($how{later} // 0);
			my $path = $how{path} // '/inbound/telnyx';
			my $body = JSON::PP->new->utf8->canonical->encode({ data => { event_type => 'message.received',
					id => 'b301ed3f-1490-491f-995f-6e64e69674d4', occurred_at => '2026-01-01T20:16:07.588+00:00',
					record_type => 'event',
					payload => { id => $ref, direction => 'inbound', encoding => 'GSM-7', errors => [], media => [],
						from => { carrier => 'T-Mobile USA', line_type => 'long_code', phone_number => '+12025550202', status => 'webhook_delivered' },
						organization_id => 'b448f9cc', parts => 1, record_type => 'message', tags => [], text => $text,
						to => [ { carrier => 'Telnyx', line_type => 'Wireless', phone_number => '+12025550101', status => 'webhook_delivered' } ],
						type => 'SMS', valid_until => undef, webhook_url => "$public$path", %{ $how{change} || {} } } },
				meta => { attempt => 1, delivered_to => "$public$path" } });
			my $signature = $how{key} ? encode_base64('x' x 64, '') : ed25519("$time|$body");

			return ($path, 'application/json', $body, 'telnyx-signature-ed25519' => $signature, 'telnyx-timestamp' => $time);
		},
		from => '+12025550202',
		media => { type => 'MMS', media => [ { url => 'https://media.example/1.png', content_type => 'image/png' } ] },
		answer => [ undef, '' ],
	},
	# https://developer.vonage.com/en/api/messages (inbound message, channel sms)
	vonage => {
		request => sub {
			my ($ref, $text, %how) = @_;
			my $path = $how{path} // '/inbound/vonage';
			my $body = JSON::PP->new->utf8->canonical->encode({ channel => 'sms', message_uuid => $ref, to => '12025550101',
				from => '12025550203', timestamp => '2026-01-01T14:00:00.000Z', message_type => 'text', text => $text,
				context_status => 'none', sms => { num_messages => '1', keyword => 'HELLO' },
				usage => { currency => 'EUR', price => '0.0333' }, origin => { network_code => '12345' },
				%{ $how{change} || {} } });
			my $token = encode_base64url('{"typ":"JWT","alg":"HS256"}') . '.' . encode_base64url(encode_json({
				iat => time + ($how{later} // 0), jti => 'c5ba8f24', iss => 'Vonage', payload_hash => sha256_hex($body),
				api_key => 'abcd1234' }));

			$token .= '.' . encode_base64url(hmac_sha256($token, $how{key} ? 'wrong' : 'signature-secret'));
			return ($path, 'application/json', $body, Authorization => "Bearer $token");
		},
		from => '+12025550203',
		media => { message_type => 'image', image => { url => 'https://media.example/1.png' } },
		answer => [ undef, '' ],
	});

for my $name (qw(twilio telnyx vonage))
{
	my $v = $vendor{$name};
	my $text = "Caf\x{e9} & \"more\" \x{1f600}";
	my $answer = post($v->{request}->("$name-1", $text));
	my $before;

	is($answer->{status}, 200, "SMS-16 $name: the documented request is taken");
	is($answer->{headers}{'content-type'}, $v->{answer}[0], "$name: nothing in the answer is a reply: its type");
	is($answer->{content}, $v->{answer}[1], "$name: and its body");
	is(stored($v->{from}), encode_utf8("+12025550101|$text|$name-1"), "SMS-16 $name: sender, recipient, text, id");
	is(post($v->{request}->("$name-1", $text))->{status}, 200, "$name: the same again is taken");
	is(stored($v->{from}), encode_utf8("+12025550101|$text|$name-1"), "$name: and changes nothing");

	# Who may: only the vendor, and only what it has signed.
	$before = count();
	is(post(($v->{request}->("$name-2", 'forged', key => 1)))->{status}, 403, "$name: a wrong signature");
	is(post(($v->{request}->("$name-2", 'unsigned'))[ 0 .. 2 ])->{status}, 401, "$name: no signature");
	is(post(($v->{request}->("$name-2", 'key'))[ 0 .. 2 ], Authorization => "Bearer $telnyx_key")->{status},
		$name eq 'vonage' ? 403 : 401, "$name: a key shown as a secret opens nothing");
	my @changed = $v->{request}->("$name-2", 'before');
	$changed[2] =~ s/before/after/;
	is(post(@changed)->{status}, 403, "$name: a body changed on the way");
	if ($name ne 'twilio')
	{
		is(post($v->{request}->("$name-2", 'stale', later => $_))->{status}, 403, "$name: signed at another time ($_ s)") for -400, 400;
	}
	is(count(), $before, "$name: nothing of that is stored");

	# What is no text is taken and dropped: a repeat would not make it one.
	is(post($v->{request}->("$name-3", '', change => $v->{media}))->{status}, 200, "$name: a picture without words is taken");
	is(post($v->{request}->("$name-4", ''))->{status}, 200, "BILL-12 $name: so is an empty text");
	is(count(), $before, "BILL-12, SMS-03 $name: and dropped");
	is(sql(qq{SELECT count(*) FROM portatext.inbound_ref WHERE ref LIKE '$name-%'}), 1, "BILL-12 $name: without a trace");

	# Half a pair in JSON is replaced; a NUL is refused.
	my @nul = $v->{request}->("$name-5", "a\0b");
	is(post(@nul)->{status}, $name eq 'twilio' ? 403 : 400, "$name: a NUL is refused");    # a form's signature is over the NUL
	is(count(), $before, "$name: and stored nowhere");
	is(post($v->{request}->("$name-6", 'no sender', change => $name eq 'twilio' ? { From => '' } : { from => undef }))->{status}, 400,
		"$name: a message from nobody is refused");
	is(post($v->{request}->("$name-7", 'x' x 70000))->{status}, 413, "$name: what is too long is refused");
	is(count(), $before, "$name: nothing of that is stored");
}

# ---- one address for both, told apart by the event (Telnyx) ----
my $id = sql(q{
	SELECT portatext.recharge(10, 'first', account_id) FROM portatext.account WHERE name = 'one';
	INSERT INTO portatext.message (message_id, account_id, state, step, carrier_id, segments, cost, from_number, to_number, encoding, body, sent_at)
		SELECT portatext.uuid7(), account_id, 'sending', 'sent', portatext.carrier_number('telnyx'), 1, 1, '+12025550101', '+12025550299', 'gsm', 'Hello', now()
		FROM portatext.account WHERE name = 'one' RETURNING message_id}) =~ s/.*\n//sr;
sql("INSERT INTO portatext.carrier_ref (carrier_id, ref, message_id, part) VALUES (portatext.carrier_number('telnyx'), 'out-1', '$id', 1)");

sub telnyx_receipt
{
	my ($path, $ref, $status) = @_;
	my $time = time;
	my $body = encode_json({ data => { event_type => 'message.finalized', id => 'e1', record_type => 'event',
		payload => { id => $ref, direction => 'outbound', to => [ { phone_number => '+12025550299', status => $status } ], errors => [] } } });

	return post($path, 'application/json', $body, 'telnyx-timestamp' => $time, 'telnyx-signature-ed25519' => ed25519("$time|$body"));
}

is(telnyx_receipt('/inbound/telnyx', 'out-1', 'sent')->{status}, 200, 'a receipt at the address for messages');
is(post($vendor{telnyx}{request}->('telnyx-8', 'at the other address', path => '/receipt/telnyx'))->{status}, 200,
	'a message at the address for receipts');
like(stored('+12025550202'), qr/at the other address\|telnyx-8$/, 'SMS-16 it is a message all the same');
is(telnyx_receipt('/inbound/telnyx', 'out-1', 'delivered')->{status}, 200, 'the last receipt');
is(sql("SELECT state FROM portatext.message WHERE message_id = '$id'"), 'delivered', 'SMS-05 and it counts');

# Another channel of the vendor's is no SMS.
is(post($vendor{vonage}{request}->('vonage-8', 'from elsewhere', change => { channel => 'whatsapp' }))->{status}, 200,
	'Vonage: what is no SMS is taken');
unlike(stored('+12025550203'), qr/elsewhere/, 'and dropped');

# ---- a carrier of one's own, described by data alone ----
sql(q{SELECT portatext.create_carrier('own', 'http', receipt_secret => 'own-secret', settings => '{
	"url": "https://h.example/send", "inbound_from": "message.sender", "inbound_to": "message.recipient",
	"inbound_text": "message.words", "inbound_ref": "id", "inbound_reference": "message.join.ref",
	"inbound_part": "message.join.n", "inbound_parts": "message.join.of"}')});

sub own
{
	my ($path, $message, %headers) = @_;

	return post($path, 'application/json', ref $message ? encode_json($message) : $message, %headers)->{status};
}

my %bearer = (Authorization => 'Bearer own-secret');
my %own = (sender => '+1 (202) 555-0204', recipient => '0012025550101', words => "gr\x{fc}n");

is(own('/inbound/own', { id => 'o1', message => \%own }), 401, 'unsigned: not without the secret');
is(own('/inbound/own', { id => 'o1', message => \%own }, Authorization => 'Bearer x'), 403, 'nor with another');
is(own('/inbound/own', { id => 'o1', message => \%own }, %bearer), 200, 'with the receipt secret it is taken');
is(stored('+12025550204'), encode_utf8("+12025550101|gr\x{fc}n|o1"), 'SMS-16 read where the settings say');
is(own('/inbound/own', [ { id => 'o2', message => \%own }, { id => 'o3', message => \%own } ], %bearer), 400, 'one message at a time');
is(own('/inbound/own', [ { id => 'o2', message => \%own } ], %bearer), 200, 'an array of one is one');
is(own('/inbound/own', '{"id": "o4", "message": {"sender": "+12025550205", "recipient": "+12025550101", "words": "a\ud83d\u0041\udc00\ud83d\ude00"}}', %bearer),
	200, 'halves of pairs in JSON');
is(stored('+12025550205'), encode_utf8("+12025550101|a\x{fffd}A\x{fffd}\x{1f600}|o4"), 'each half alone becomes U+FFFD');
is(own('/inbound/own', '{"id": "o5", "message": {"sender": "+12025550205", "recipient": "+12025550101", "words": "a\u0000"}}', %bearer),
	400, 'U+0000 is refused');
is(own('/inbound/own', '{"id": "o5", "message": {"sender": "+12025550205", "recipient": "+12025550101", "words": "a\\\\u0000"}}', %bearer),
	200, 'an escaped backslash before u0000 is none');
like(stored('+12025550205'), qr/\|a\\u0000\|o5$/, 'and is stored as written');
is(own('/inbound/own', qq({"id": "o6", "message": {"sender": "+12025550206", "recipient": "+12025550101", "words": "caf\xe9"}}), %bearer),
	200, 'octets that are not UTF-8');
is(stored('+12025550206'), encode_utf8("+12025550101|caf\x{e9}|o6"), 'are read as ISO 8859-1');
is(own('/inbound/own', qq({"id": "o\xff", "message": {"sender": "+12025550206", "recipient": "+12025550101", "words": "x"}}), %bearer),
	400, 'but not in a reference');
is(own('/inbound/own', '{"id":', %bearer), 400, 'malformed JSON');
is(own('/receipt/own', { ref => 'none', status => 'delivered' }, %bearer), 400, 'receipts are not described');

# ---- settings that do not fit together ----
for my $case (
	[ '"inbound_text": "t"', 'inbound_from and inbound_text belong together' ],
	[ '"inbound_from": "f", "inbound_to": "t"', 'inbound_from and inbound_text belong together' ],
	[ '"inbound_from": "f", "inbound_to": "t", "inbound_text": "x", "inbound_event": "e"', 'inbound_event and inbound_event_value belong together' ],
	[ '"inbound_from": "f", "inbound_to": "t", "inbound_text": "x", "inbound_part": "e", "inbound_reference": "e"',
		'inbound_reference and inbound_parts belong together' ],
	[ '"inbound_ref": "f"', 'inbound_ref needs inbound_from, inbound_to and inbound_text' ],
	[ '"inbound_from": "f", "inbound_to": "t", "inbound_text": "x", "inbound_answer": "e", "inbound_answer_type": "a\nb"',
		'inbound_answer or its type is too long, or its type is malformed' ],
	[ '"signature": "hmac-sha1"', 'signature needs receipt_status or inbound_text' ])
{
	my ($settings, $problem) = @$case;
	my ($status, undef, $err) = $node->psql('postgres',
		qq{SELECT portatext.create_carrier('bad', 'http', settings => '{"url": "https://h/x", $settings}')});

	like($err, qr/\Q$problem\E/, "refused when it is set up: $problem");
}

is(sql(q{SELECT portatext.balance(account_id) = (SELECT sum(amount) FROM portatext.ledger_entry l WHERE l.account_id = a.account_id)
	FROM portatext.account a WHERE name = 'one'}), 't', 'BILL-20 balance = ledger');
is(sql(q{SELECT -sum(amount) = (SELECT count(*) FROM portatext.message WHERE inbound) FROM portatext.ledger_entry WHERE kind = 'inbound'}),
	't', 'BILL-08 each is charged once');

$node->stop;
done_testing();
