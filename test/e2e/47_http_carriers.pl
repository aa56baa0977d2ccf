# Carriers of the templated adapter: Twilio, Telnyx and Vonage as shipped, each
# through the engine and the receiver against a stub with the vendor's documented
# answers and signed receipts; unsound settings cost their own carrier only.
use strict;
use warnings;

use Digest::SHA qw(hmac_sha1_base64 hmac_sha256 sha256_hex);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use HttpHook;
use JSON::PP;
use MIME::Base64 qw(encode_base64 decode_base64 encode_base64url);
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('http_carriers', conf => "portatext.receiver_port = $port\n");
my $hook = HttpHook->start(status => 500);
my $stub = $hook->url;
my $http = HTTP::Tiny->new(timeout => 20);
my $public = 'https://sms.example/hooks';    # as the vendors see the receiver, behind a proxy
my $dir = tempdir(CLEANUP => 1);
my $made = 0;

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{CREATE EXTENSION portatext; SELECT portatext.set_tariff('', 1)});

# ---- what the vendors document ----

# Telnyx signs with a key of its own; OpenSSL's program stands for it.
system("openssl genpkey -algorithm ed25519 -out $dir/key.pem 2>$dir/err") == 0 or die slurp_file("$dir/err");
system("openssl pkey -in $dir/key.pem -pubout -outform DER -out $dir/public.der") == 0 or die;
my $telnyx_key = encode_base64(substr(slurp_file("$dir/public.der"), -32), '');

# The Ed25519 signature over a text, in base64.
sub ed25519
{
	my ($text) = @_;

	open my $f, '>', "$dir/text" or die;
	print $f $text;
	close $f;
	system("openssl pkeyutl -sign -inkey $dir/key.pem -rawin -in $dir/text -out $dir/signature") == 0 or die;
	return encode_base64(slurp_file("$dir/signature"), '');
}

# https://www.twilio.com/docs/usage/security: the URL, then each POST field, sorted.
sub twilio_signature
{
	my ($url, $token, %field) = @_;
	my $signature = hmac_sha1_base64($url . join('', map { $_ . $field{$_} } sort keys %field), $token);

	return $signature . '=' x (-length($signature) % 4);
}

# A JSON Web Token as Vonage's webhooks carry it.
sub vonage_token
{
	my ($body, $secret, $issued) = @_;
	my $text = encode_base64url('{"typ":"JWT","alg":"HS256"}') . '.'
	  . encode_base64url(encode_json({
		iat => $issued, jti => 'c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5', iss => 'Vonage',
		payload_hash => sha256_hex($body), api_key => 'abcd1234' }));

	return "$text." . encode_base64url(hmac_sha256($text, $secret));
}

my %vendor = (
	twilio => {
		setup => qq{settings => '{"template": "twilio", "account": "AC0123", "callback_url": "$public",
				"url": "$stub/2010-04-01/Accounts/{account}/Messages.json"}',
			username => 'AC0123', password => 'twilio-token'},
		path => '/2010-04-01/Accounts/AC0123/Messages.json',
		authorization => 'Basic ' . encode_base64('AC0123:twilio-token', ''),
		body => 'To=%2B12025550199&Body=Caf%C3%A9%20%26%20%22more%22&From=%2B12025550101'
		  . '&StatusCallback=https%3A%2F%2Fsms.example%2Fhooks%2Freceipt%2Ftwilio&ValidityPeriod=36000',
		success => sub { return { status => 201, body => encode_json({ sid => $_[0], status => 'queued', error_code => undef }) } },
		throttled => { status => 429, headers => { 'Retry-After' => 3600 },
			body => '{"code": 20429, "message": "Too Many Requests", "more_info": "https://www.twilio.com/docs/errors/20429", "status": 429}' },
		bad_number => { status => 400,
			body => q({"code": 21211, "message": "The 'To' number +12025550199 is not a valid phone number.", "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400}) },
		bad_code => '21211',
		refused => { status => 401,
			body => '{"code": 20003, "message": "Authenticate", "more_info": "https://www.twilio.com/docs/errors/20003", "status": 401}' },
		reason => 'Authenticate',
		opted_out => { status => 400,
			body => '{"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}' },
		final => [ [ 'delivered', undef, 'delivered', '' ], [ 'undelivered', '30003', 'undelivered', '30003' ],
			[ 'failed', '30007', 'rejected', '30007' ] ],
		receipt => sub {
			my ($ref, $status, $code, %how) = @_;
			my %field = (AccountSid => 'AC0123', From => '+12025550101', To => '+12025550199', MessageSid => $ref,
				SmsSid => $ref, MessageStatus => $status, ApiVersion => '2010-04-01', $code ? (ErrorCode => $code) : ());
			my $signature = twilio_signature("$public/receipt/twilio", $how{key} // 'twilio-token', %field);

			$field{MessageStatus} = $how{changed} if $how{changed};
			return ('application/x-www-form-urlencoded', $http->www_form_urlencode(\%field),
				'X-Twilio-Signature' => $signature);
		},
	},
	telnyx => {
		setup => qq{settings => '{"template": "telnyx", "callback_url": "$public", "url": "$stub/v2/messages"}',
			password => 'KEY0123', receipt_secret => '$telnyx_key'},
		path => '/v2/messages',
		authorization => 'Bearer KEY0123',
		json => { from => '+12025550102', to => '+12025550199', text => "Caf\x{e9} & \"more\"", type => 'SMS',
			webhook_url => "$public/receipt/telnyx", use_profile_webhooks => JSON::PP::false },
		success => sub { return { body => encode_json({ data => { record_type => 'message', id => $_[0], direction => 'outbound',
			to => [ { phone_number => '+12025550199', status => 'queued' } ] } }) } },
		throttled => { status => 429, headers => { 'Retry-After' => 3600 },
			body => '{"errors": [{"code": "10011", "title": "Too many requests", "detail": "You have exceeded the maximum number of allowed requests."}]}' },
		bad_number => { status => 400,
			body => q({"errors": [{"code": "40310", "title": "Invalid 'to' address", "detail": "The 'to' address should be a phone number."}]}) },
		bad_code => '40310',
		refused => { status => 401,
			body => '{"errors": [{"code": "10009", "title": "Authentication failed", "detail": "Could not understand the provided credentials."}]}' },
		reason => 'Could not understand the provided credentials.',
		opted_out => { status => 400,
			body => '{"errors": [{"code": "40300", "title": "Blocked due to STOP message", "detail": "Messages cannot be sent."}]}' },
		final => [ [ 'delivered', undef, 'delivered', '' ], [ 'delivery_failed', '40008', 'undelivered', '40008' ],
			[ 'sending_failed', '40002', 'rejected', '40002' ] ],
		receipt => sub {
			my ($ref, $status, $code, %how) = @_;
			my $time = time + ($how{later} // 0);
			my $body = encode_json({ data => { event_type => 'message.finalized', id => 'e1', record_type => 'event',
				payload => { id => $ref, direction => 'outbound', to => [ { phone_number => '+12025550199', status => $status } ],
					errors => $code ? [ { code => $code, title => 'x' } ] : [] } }, meta => { attempt => 1 } });
			my $signature = ed25519("$time|$body");

			$body =~ s/"$status"/"$how{changed}"/ if $how{changed};
			$signature = encode_base64('x' x 64, '') if $how{key};
			return ('application/json', $body, 'telnyx-signature-ed25519' => $signature, 'telnyx-timestamp' => $time);
		},
	},
	vonage => {
		setup => qq{settings => '{"template": "vonage", "callback_url": "$public", "url": "$stub/v1/messages"}',
			username => 'abcd1234', password => 'vonage-secret', receipt_secret => 'signature-secret'},
		path => '/v1/messages',
		authorization => 'Basic ' . encode_base64('abcd1234:vonage-secret', ''),
		json => { message_type => 'text', channel => 'sms', from => '12025550103', to => '12025550199',
			text => "Caf\x{e9} & \"more\"", webhook_url => "$public/receipt/vonage", webhook_version => 'v1' },
		success => sub { return { status => 202, body => encode_json({ message_uuid => $_[0] }) } },
		throttled => { status => 429, headers => { 'Retry-After' => 3600 },
			body => '{"type": "https://developer.vonage.com/api-errors#throttled", "title": "Rate Limit Hit", "detail": "Please wait, then retry your request", "instance": "bf0ca0bf"}' },
		bad_number => { status => 422,
			body => '{"type": "https://developer.vonage.com/api-errors/messages#1170", "title": "Invalid params", "detail": "The value of one or more parameters is invalid.", "instance": "bf0ca0bf"}' },
		bad_code => '1170',
		refused => { status => 401,
			body => '{"type": "https://developer.vonage.com/api-errors#unauthorized", "title": "Unauthorized", "detail": "You did not provide correct credentials.", "instance": "bf0ca0bf"}' },
		reason => 'You did not provide correct credentials.',
		opted_out => { status => 422,
			body => '{"type": "https://developer.vonage.com/api-errors/messages#1050", "title": "Number barred", "detail": "The number is blacklisted."}' },
		final => [ [ 'delivered', undef, 'delivered', '' ], [ 'rejected', '1250', 'undelivered', '1250' ],
			[ 'undeliverable', '1100', 'rejected', '1100' ] ],
		receipt => sub {
			my ($ref, $status, $code, %how) = @_;
			my $body = encode_json({ message_uuid => $ref, to => '12025550199', from => '12025550103', channel => 'sms',
				timestamp => '2026-01-01T14:00:00.000Z', status => $status,
				$code ? (error => { type => "https://developer.vonage.com/api-errors/messages#$code", title => $code }) : () });
			my $token = vonage_token($body, $how{key} // 'signature-secret', time + ($how{later} // 0));

			$body =~ s/"$status"/"$how{changed}"/ if $how{changed};
			return ('application/json', $body, Authorization => "Bearer $token");
		},
	});

# ---- one vendor after the other ----

# Calls the receiver; the status of its answer.
sub call
{
	my ($carrier, $type, $content, %headers) = @_;

	return $http->request('POST', "http://127.0.0.1:$port/receipt/$carrier",
		{ headers => { 'Content-Type' => $type, %headers }, content => $content })->{status};
}

# Sends one message of the account; its id.
sub send_one
{
	my ($account, %opt) = @_;
	my $more = $opt{more} // '';

	return sql(qq{SET portatext.account_id = $account;
		SELECT portatext.send_sms('+12025550199', 'Caf\xc3\xa9 & "more"' $more)});
}

sub field { my ($id, $what) = @_; return "SELECT concat_ws(' ', $what) FROM portatext.message WHERE message_id = '$id'" }

# Sends one that the carrier takes as this reference.
sub send_accepted
{
	my ($name, $account, $ref, %opt) = @_;

	$hook->behave(%{ $vendor{$name}{success}->($ref) });
	my $id = send_one($account, %opt);

	ok($node->wait_sql(field($id, 'state, step'), 'sending sent'), "$name: accepted");
	return $id;
}

ok(wait_for { $http->get("http://127.0.0.1:$port/health")->{status} == 200 }, 'the receiver listens');
is(sql(q{SELECT string_agg(name, ' ' ORDER BY name) FROM portatext.shipped_http_template}), 'telnyx twilio vonage',
	'three vendors are shipped');

for my $name (qw(twilio telnyx vonage))
{
	my $v = $vendor{$name};
	my $did = '+1202555010' . ++$made;
	my $carrier = sql(qq{SELECT portatext.create_carrier('$name', 'http', $v->{setup}, sender_segments_per_second => 0)});
	my $account = sql(qq{SELECT portatext.create_account('of $name', carrier => '$name')});

	sql(qq{SELECT portatext.assign_did('$did', $account); SELECT portatext.recharge(100, 'first', $account)});
	my $balance = sub { return sql("SELECT portatext.balance($account)") };

	# Success: the request as documented, the vendor's id, the charge.
	my $id = send_accepted($name, $account, "$name-1",
		more => $name eq 'twilio' ? q{, valid_until => now() + interval '2 days'} : '');
	my $request = ($hook->requests)[-1];

	is("$request->{method} $request->{path}", "POST $v->{path}", "$name: method and path");
	is($request->{headers}{authorization}, $v->{authorization}, "$name: credentials");
	if ($v->{json})
	{
		my $sent = JSON::PP->new->decode($request->{body});

		$v->{json}{client_ref} = $id if $name eq 'vonage';
		is_deeply($sent, $v->{json}, "$name: the body, with its encoding");
		is($request->{headers}{'content-type'}, 'application/json', "$name: its type");
	}
	else
	{
		is($request->{body}, $v->{body}, "$name: the body, with its encoding");
		is($request->{headers}{'content-type'}, 'application/x-www-form-urlencoded', "$name: its type");
	}
	is(sql("SELECT ref FROM portatext.carrier_ref WHERE message_id = '$id'"), "$name-1", "$name: the vendor's id is kept");
	is($balance->(), 99, "$name: charged");

	# Receipts: signed ones count, others change nothing.
	is(call($name, $v->{receipt}->("$name-1", 'delivered', undef, key => 'wrong')), 403, "$name: a wrong signature is refused");
	is(call($name, $v->{receipt}->("$name-1", $v->{final}[1][0], undef, changed => 'delivered')), 403,
		"$name: a changed body is refused");
	is(call($name, (($v->{receipt}->("$name-1", 'delivered'))[ 0, 1 ])), 401, "$name: no signature");
	is(call($name, (($v->{receipt}->("$name-1", 'delivered'))[ 0, 1 ]), Authorization => "Bearer $telnyx_key"),
		$name eq 'vonage' ? 403 : 401, "$name: a key shown as a secret opens nothing");
	if ($name ne 'twilio')
	{
		is(call($name, $v->{receipt}->("$name-1", 'delivered', undef, later => $_)), 403, "$name: signed at another time ($_ s)")
		  for -400, 400;
	}
	is(sql(field($id, 'state, step')), 'sending sent', "$name: nothing of that counted");
	is(call($name, $v->{receipt}->("$name-1", 'no such status')), 200, "$name: a status that says nothing is taken");
	is(sql(field($id, 'state, step')), 'sending sent', "$name: and moves nothing");
	for my $n (0 .. 2)
	{
		my ($status, $code, $state, $error) = @{ $v->{final}[$n] };
		my $ref = "$name-" . ($n + 1);
		my $before = $balance->();

		$id = send_accepted($name, $account, $ref) if $n > 0;
		is(call($name, $v->{receipt}->($ref, $status, $code)), 200, "$name: signed receipt $status") for 1 .. 2;
		is(sql(field($id, 'state, step')), "$state final", "SMS-05, SMS-07, SMS-09 $name: $status is $state");
		is(sql(field($id, 'error_code')), $error, "$name: its code");
		is($balance->(), $n == 0 || $state eq 'rejected' ? $before : $before - 1, "BILL-05, BILL-06 $name: charge after $state");
	}

	# A receipt before its reference is known waits for it.
	is(call($name, $v->{receipt}->("$name-early", 'delivered')), 200, "$name: an early receipt");
	$hook->behave(%{ $v->{success}->("$name-early") });
	$id = send_one($account);
	ok($node->wait_sql(field($id, 'state, step'), 'delivered final'), "SMS-09 $name: counts when the reference is known");

	# 429: later, when the vendor says; no attempt counts.
	my $before = $balance->();
	$hook->behave(%{ $v->{throttled} });
	$id = send_one($account);
	ok($node->wait_sql(qq{SELECT due - now() > interval '50 minutes' FROM portatext.outbox WHERE message_id = '$id'}),
		"$name: 429 with Retry-After waits as long");
	is(sql(field($id, 'state, step, attempts')), 'queued queued 0', "$name: no attempt counts");
	is($balance->(), $before - 1, "$name: the charge stays reserved");
	sql(qq{SET portatext.account_id = $account; SELECT portatext.cancel_sms('$id')});

	# A bad number: rejected, refunded.
	$hook->behave(%{ $v->{bad_number} });
	$id = send_one($account);
	ok($node->wait_sql(field($id, 'state, step, error_code'), "rejected final $v->{bad_code}"), "BILL-04 $name: a bad number is rejected");
	is($balance->(), $before, "BILL-04 $name: and refunded");

	# Success without an id: nobody knows.
	$hook->behave(status => 200, body => '<html>Welcome to our hotspot</html>');
	$id = send_one($account);
	ok($node->wait_sql(field($id, 'state, step, error_code'), 'sending unclear no id'), "$name: success without an id is unclear");
	sql(qq{SELECT portatext.settle_message('$id', 'failed')});

	# Bad credentials: the carrier stops, the message waits.
	$hook->behave(%{ $v->{refused} });
	$id = send_one($account);
	ok($node->wait_sql("SELECT reason FROM portatext.carrier_stop WHERE carrier_id = $carrier", $v->{reason}),
		"$name: bad credentials stop the carrier");
	is(sql(field($id, 'state, step')), 'queued queued', "$name: the message waits");
	is(sql("SELECT count(*) FROM portatext.event WHERE type = 'carrier.stopped' AND subject = '$name'"), 1, "$name: an event says so");
	$hook->behave(%{ $v->{success}->("$name-resumed") });
	sql("SELECT portatext.resume_carrier('$name')");
	ok($node->wait_sql(field($id, 'state, step'), 'sending sent'), "$name: resumed, it is handed over");

	# Opted out at the vendor: also on our list.
	$hook->behave(%{ $v->{opted_out} });
	$id = send_one($account);
	ok($node->wait_sql(field($id, 'state, step'), 'rejected final'), "$name: opted out");
	ok($node->wait_sql("SELECT EXISTS (SELECT FROM portatext.blacklist WHERE account_id = $account AND number = '+12025550199')"),
		"$name: now on the account's blacklist");
}

# What checks a signature may be known to all: it opens nothing else.
is($http->post("http://127.0.0.1:$port/inbound/telnyx", { headers => { Authorization => "Bearer $telnyx_key",
		'Content-Type' => 'application/json' }, content => '{"from": "+12025550199", "to": "+12025550102", "text": "x"}' })->{status},
	401, 'no inbound message with a public key');
is(sql('SELECT count(*) FROM portatext.message WHERE inbound'), 0, 'nothing is stored');

# A key that is changed counts at once.
sql(q{SELECT portatext.alter_carrier('twilio', password => 'twilio-token-2')});
is(call('twilio', $vendor{twilio}{receipt}->('twilio-resumed', 'sent')), 403, 'the old key is refused');
is(call('twilio', $vendor{twilio}{receipt}->('twilio-resumed', 'delivered', undef, key => 'twilio-token-2')), 200, 'the new one counts');
is(sql(q{SELECT m.state FROM portatext.message m JOIN portatext.carrier_ref r USING (message_id) WHERE r.ref = 'twilio-resumed'}),
	'delivered', 'and so does its receipt');
sql(q{SELECT portatext.alter_carrier('twilio', password => 'twilio-token')});

# ---- poison ----
my $twilio = sql(q{SELECT account_id FROM portatext.account WHERE name = 'of twilio'});
sql(qq{SET portatext.account_id = $twilio; SELECT portatext.blacklist_remove('+12025550199')});
sql(q~
	INSERT INTO portatext.carrier (name, adapter, settings) VALUES
		('array', 'http', '[1]'), ('empty', 'http', '{}'), ('typo', 'http', '{"template": "twillio"}'),
		('braces', 'http', '{"url": "https://h/{to"}'), ('number', 'http', '7');
	INSERT INTO portatext.carrier_secret (carrier_id, receipt_secret)
		SELECT carrier_id, 'x' FROM portatext.carrier WHERE name IN ('array', 'empty', 'typo', 'braces', 'number');
~);
my $id = send_accepted('twilio', $twilio, 'twilio-poison');
is(call('twilio', $vendor{twilio}{receipt}->('twilio-poison', 'delivered')), 200, 'a receipt beside unsound carriers');
is(sql(field($id, 'state')), 'delivered', 'unsound carriers cost themselves only');
is(call($_, 'application/json', '{}', Authorization => 'Bearer x'), 503, "the unsound carrier $_ is asked to come again") for qw(array typo);
my $stray = sql(q{SELECT portatext.create_account('stray', carrier => 'typo')});
sql(qq{SELECT portatext.assign_did('+12025550109', $stray); SELECT portatext.recharge(10, 'first', $stray)});
my $waiting = send_one($stray);
$id = send_accepted('twilio', $twilio, 'twilio-beside');
is(sql(field($waiting, 'state, step')), 'queued queued', 'its message waits');
sql(qq{UPDATE portatext.carrier SET settings = '{"template": "twilio", "account": "AC9", "callback_url": "$public",
	"url": "$stub/{account}", "auth": "none", "signature_key": "receipt_secret"}' WHERE name = 'typo'});
$hook->behave(%{ $vendor{twilio}{success}->('set-right') });
ok($node->wait_sql(field($waiting, 'state, step'), 'sending sent'), 'until its settings are set right');

# ---- secrets stay secret ----
my $log = slurp_file($node->logfile);
like($log, qr/carrier \d+ cannot be used: there is no template "twillio"/, 'the log says what is wrong');
unlike($log, qr/twilio-token|KEY0123|vonage-secret|signature-secret/, 'and no secret');
is(sql(q{SELECT count(*) FROM portatext.message WHERE error_text ~ 'twilio-token|KEY0123|vonage-secret'}), 0, 'nor do messages');

$node->stop;
done_testing();
