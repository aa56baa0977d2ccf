# Faults of carriers, through the whole server: what the message, the money, the
# list for the operator and the carrier's row in the statistics show; that nothing
# goes out twice; and that meanwhile another carrier's messages go on.  Each fault
# has a row in docs/faults.md.
use strict;
use warnings;

use FaultPeer;
use HttpHook;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $node = PortatextNode->new_node('faults');
my $sink = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my ($carriers, $others, $next) = (0, 0, 0);

sub sql { return $node->safe_psql('postgres', @_) }
sub wait_sql { return $node->wait_sql(@_) }

sql('CREATE EXTENSION portatext');

# A carrier at an address and an account pinned to it; further columns as SQL.
sub carrier
{
	my ($url, %opt) = @_;
	my $name = 'fault' . ++$carriers;
	my $ca = delete $opt{ca_file};

	sql(sprintf q{SELECT portatext.create_carrier('%s', 'kannel', jsonb_strip_nulls(jsonb_build_object(
			'url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/', 'ca_file', %s)),
			'user', 'pass', sender_segments_per_second => NULL, max_in_flight => 8%s);
		SELECT portatext.assign_did('+1202555%04d', portatext.create_account('%1$s', carrier => '%1$s'));
		SELECT portatext.recharge(1000, 'first', account_id) FROM portatext.account WHERE name = '%1$s'},
		$name, $url, $ca ? "'$ca'" : 'NULL',
		join('', map { ", $_ => $opt{$_}" } sort keys %opt), $carriers);
	return $name;
}

# Sends through the carrier's account; the recipient.
sub send_by
{
	my ($name, %opt) = @_;
	my $to = sprintf '+1202777%04d', ++$next;
	my $text = $opt{body} // "'Your table is ready'";

	sql("SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = '$name';
		SELECT portatext.send_sms('$to', $text)");
	return $to;
}

# State, step, code, attempts, what it costs, and why it is listed.
sub row
{
	my ($to) = @_;
	return qq{SELECT concat_ws(' ', state, step, coalesce(error_code, '-'), attempts,
		(SELECT sum(amount)::int FROM portatext.ledger_entry WHERE reference = message_id),
		(SELECT kind FROM portatext.attention a WHERE a.message_id = m.message_id))
		FROM portatext.message m WHERE to_number = '$to'};
}

sub becomes
{
	my ($to, $expected, $what) = @_;
	return ok(wait_sql(row($to), $expected), "$what: $expected");
}

sub breaker
{
	my ($name) = @_;
	return "SELECT breaker FROM portatext.pg_stat_portatext_carrier WHERE name = '$name'";
}

# A message of another carrier goes out while the first is as it is.
sub others_go_on
{
	my ($to, $what) = @_;
	my $before = sql(row($to));
	my $other = send_by('other');

	$others++;
	ok(wait_sql("SELECT step FROM portatext.message WHERE to_number = '$other'", 'sent'),
		"$what: another carrier's message goes out meanwhile");
	is(sql(row($to)), $before, "$what: the first still is $before");
	return;
}

sub once
{
	my ($peer, $to, $what) = @_;
	return is(scalar(grep { $_ eq $to } $peer->recipients), 1, "$what: it went out once");
}

sql('SELECT portatext.set_tariff($$$$, 1)');
sql(sprintf q{SELECT portatext.create_carrier('other', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
		'user', 'pass', sender_segments_per_second => NULL);
	SELECT portatext.assign_did('+12025559999', portatext.create_account('other', carrier => 'other'));
	SELECT portatext.recharge(1000, 'first', account_id) FROM portatext.account WHERE name = 'other'}, $sink->url);

# ---- nothing left: the message waits, no attempt counts, then it is sent ----

sub away
{
	my ($what, $peer, $name, $repair) = @_;
	my $to = send_by($name);

	becomes($to, 'queued queued not sent 0 -1', $what);
	others_go_on($to, $what);
	is(scalar($peer->requests), 0, "$what: no request has reached the carrier");
	$repair->();
	becomes($to, 'sending sent - 0 -1', "$what, repaired");
	once($peer, $to, $what);
	return;
}

my $peer = FaultPeer->start;
$peer->stop;
away('connection refused', $peer, carrier($peer->url), sub { $peer->launch });

$peer = FaultPeer->start;
my $name = carrier('http://no-such-host.invalid');
away('host name not found', $peer, $name, sub {
	sql(sprintf q{SELECT portatext.alter_carrier('%s', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}')},
		$name, $peer->url) });

# ---- TLS ----

my $tls = $node->basedir;

# A certificate signed by the test's own authority.
sub certificate
{
	my ($base, $subject, @dates) = @_;
	my @sign = @dates
	  ? "openssl ca -batch -config ca.conf -startdate $dates[0] -enddate $dates[1] -in $base.csr -out $base.crt"
	  : "openssl x509 -req -in $base.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile $base.ext -out $base.crt";

	PostgreSQL::Test::Utils::append_to_file("$tls/$base.ext", "subjectAltName=$subject\n");
	PostgreSQL::Test::Utils::append_to_file("$tls/ca.conf",
		"[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ncertificate=ca.crt\nprivate_key=ca.key\n"
		  . "default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=$subject\n")
	  if @dates;
	PostgreSQL::Test::Utils::append_to_file("$tls/index", '');
	PostgreSQL::Test::Utils::append_to_file("$tls/serial", "1000\n") unless -e "$tls/serial";
	my $command = "cd $tls && openssl req -newkey rsa:2048 -nodes -keyout $base.key -subj /CN=$base -out $base.csr && @sign";
	is(system("($command) >>$tls/tls.log 2>&1"), 0, "certificate $base");
	return { cert => "$tls/$base.crt", key => "$tls/$base.key" };
}

is(system("cd $tls && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=authority >tls.log 2>&1"),
	0, 'an authority');
my $good = certificate('good', 'IP:127.0.0.1');
my $expired = certificate('expired', 'IP:127.0.0.1', '20200101000000Z', '20200102000000Z');
my $wrong = certificate('wrong', 'DNS:carrier.example');

for my $case ([ 'TLS certificate expired', $expired ], [ 'TLS certificate of another host', $wrong ])
{
	my $broken = FaultPeer->start(tls => $case->[1]);

	away($case->[0], $broken, carrier($broken->url, ca_file => "$tls/ca.crt"),
		sub { $broken->stop; $broken->launch(tls => $good) });
}
my $foreign = FaultPeer->start(tls => $good);
$name = carrier($foreign->url);
away('TLS certificate that nobody vouches for', $foreign, $name, sub {
	sql(sprintf q{SELECT portatext.alter_carrier('%s', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/", "ca_file": "%s"}')},
		$name, $foreign->url, "$tls/ca.crt") });

# ---- the request went out, and no sense came back: unclear, listed, never repeated ----

for my $case (
	[ 'answer lost', { mode => 'drop' } ],
	[ 'connection reset', { mode => 'reset' } ],
	[ 'half a status line', { mode => 'stump' } ],
	[ 'garbage', { mode => 'garbage' } ],
	[ 'no answer in time', { mode => 'hang' }, "'2 s'" ],
	[ 'a gateway lost the carrier', { status => 502, body => 'Bad Gateway' } ])
{
	my ($what, $how, $timeout) = @$case;

	$peer = FaultPeer->start(%$how);
	$name = carrier($peer->url, $timeout ? (timeout => $timeout) : ());
	my $to = send_by($name);
	$peer->wait_requests(1);
	others_go_on($to, $what) if $timeout;
	my $code = $how->{status} // 'unclear';
	becomes($to, "sending unclear $code 0 -1 unclear", $what);
	others_go_on($to, $what) unless $timeout;
	$peer->behave;
	my $second = send_by($name);
	becomes($second, 'sending sent - 0 -1', "$what: the next one");
	once($peer, $to, $what);
	sql("SELECT portatext.receive_receipt('$name', message_id, status => 'delivered')
		FROM portatext.message WHERE to_number = '$to'");
	becomes($to, "delivered final - 0 -1", "$what: a late receipt settles it") if $code eq 'unclear';
	is(sql("SELECT count(*) FROM portatext.needs_attention WHERE to_number = '$to'"), 0, "$what: and the list is empty");
}

# ---- the status came, then half the answer, or one without an end, or 100 MB ----

my $to;
for my $case ([ 'half an answer', 'half' ], [ 'answer without an end', 'trickle' ])
{
	$peer = FaultPeer->start(mode => $case->[1]);
	$to = send_by($name = carrier($peer->url, timeout => "'2 s'"));
	becomes($to, 'sending sent - 0 -1', "$case->[0]: its status counts");
	once($peer, $to, $case->[0]);
}

sub resident
{
	my $pid = $node->wait_worker('portatext dispatcher');
	my ($kb) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
	return $kb;
}

$peer = FaultPeer->start(mode => 'huge');
my $before = resident();
$to = send_by($name = carrier($peer->url));
becomes($to, 'sending sent - 0 -1', '100 MB answer: its status counts');
others_go_on($to, '100 MB answer');
cmp_ok(resident() - $before, '<', 20000, '100 MB answer: the dispatcher keeps none of it');
once($peer, $to, '100 MB answer');

# ---- redirect: not followed, the carrier is set up wrongly ----

my $target = FaultPeer->start;
$peer = FaultPeer->start(status => 302, body => 'elsewhere', headers => { Location => $target->url . '/cgi-bin/sendsms' });
$to = send_by($name = carrier($peer->url));
ok(wait_sql(breaker($name), 'stopped'), 'redirect: the carrier is stopped');
becomes($to, 'queued queued 302 0 -1', 'redirect');
others_go_on($to, 'redirect');
is(scalar($target->requests), 0, 'redirect: nobody follows it');

# ---- 429 with Retry-After ----

$peer = FaultPeer->start(status => 429, body => 'slow down', headers => { 'Retry-After' => 3 });
$to = send_by($name = carrier($peer->url));
becomes($to, 'queued queued 429 0 -1', '429');
others_go_on($to, '429');
$peer->behave;
becomes($to, 'sending sent - 0 -1', '429, afterwards');
my @came = $peer->requests;
cmp_ok($came[1]{t} - $came[0]{t}, '>=', 3, '429: not before Retry-After');
is(scalar(@came), 2, '429: refused once, then taken');

# ---- a storm of 5xx: the breaker opens, one message tries, then it closes ----

$peer = FaultPeer->start(status => 500, body => 'Internal error');
$name = carrier($peer->url, max_attempts => 100);
my @storm = map { send_by($name) } 1 .. 30;
ok(wait_sql(breaker($name), 'open'), '5xx storm: the breaker opens');
others_go_on($storm[0], '5xx storm');
is(sql(sprintf q{SELECT string_agg(DISTINCT state::text, ' ') FROM portatext.message WHERE to_number IN (%s)},
		join(',', map { "'$_'" } @storm)), 'queued', '5xx storm: no message is failed');
my $failures = sql("SELECT consecutive_failures FROM portatext.pg_stat_portatext_carrier WHERE name = '$name'");
ok(wait_sql("SELECT consecutive_failures >= $failures + 2 FROM portatext.pg_stat_portatext_carrier WHERE name = '$name'"),
	'5xx storm: single messages try');
@came = $peer->requests;
cmp_ok(scalar(@came), '<=', 30, '5xx storm: the carrier is not run down: ' . @came . ' requests');
$peer->behave;
ok(wait_sql(sprintf(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND to_number IN (%s)},
			join(',', map { "'$_'" } @storm)), 30), '5xx storm: over, all are sent');
is(sql(breaker($name)), 'closed', '5xx storm: the breaker is closed');
my %taken;
$taken{$_}++ for ($peer->recipients)[ @came .. $#{ [ $peer->recipients ] } ];
is(scalar(grep { $_ > 1 } values %taken), 0, '5xx storm: each is taken once');

# ---- credentials revoked ----

$peer = FaultPeer->start(status => 403, body => 'Authorization failed for sendsms');
$name = carrier($peer->url);
my @waiting = map { send_by($name) } 1 .. 5;
ok(wait_sql(breaker($name), 'stopped'), 'credentials revoked: the carrier is stopped');
is(sql(qq{SELECT stop_reason FROM portatext.pg_stat_portatext_carrier WHERE name = '$name'}),
	'Authorization failed for sendsms', 'credentials revoked: with the carrier\'s words');
is(sql(qq{SELECT count(*) FROM portatext.event WHERE type = 'carrier.stopped' AND subject = '$name'}), 1,
	'credentials revoked: one event');
push @waiting, send_by($name);
others_go_on($waiting[0], 'credentials revoked');
is(sql(sprintf q{SELECT count(*) FROM portatext.message WHERE state = 'queued' AND to_number IN (%s)},
		join(',', map { "'$_'" } @waiting)), 6, 'credentials revoked: no message is failed');
my $refused = $peer->requests;
$peer->behave;
sql("SELECT portatext.resume_carrier('$name')");
ok(wait_sql(sprintf(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND to_number IN (%s)},
			join(',', map { "'$_'" } @waiting)), 6), 'resume_carrier: all are sent');
is(scalar($peer->requests) - $refused, 6, 'resume_carrier: once each');

# ---- the account of all this ----

is(scalar($sink->requests), $others, "the other carrier got each of its $others messages once");
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');
is(sql(q{SELECT count(*) FROM portatext.ledger_entry WHERE kind = 'refund'}), 0, 'no fault of a carrier has cost a message');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/password=pass/, 'no credential in the log');

$node->stop;
done_testing();
