# The dispatcher alone: claim with its re-checks, hand-over, every class of answer,
# outcomes.  Messages are put into the queue by hand; the carrier is loopback, or
# an HTTP server that answers like Kannel's sendsms as the test tells it.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $node = PortatextNode->new_node('dispatch');

sub sql { return $node->safe_psql('postgres', @_) }

sub wait_sql { return $node->wait_sql(@_) }

sql('CREATE EXTENSION portatext');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f',
		'test/lib/queue_messages.sql', $node->connstr('postgres') ], 'helpers');

my $hooks = 0;

# Processor time of the dispatcher in hundredths of a second.
sub ticks
{
	my $pid = $node->wait_worker('portatext dispatcher');
	my @field = split / /, PostgreSQL::Test::Utils::slurp_file("/proc/$pid/stat");

	return $field[13] + $field[14];
}

# With nothing to do, or nothing that can be done, the dispatcher sleeps: sooner or
# later it uses no processor for a second, which one that spins never does.
sub sleeps
{
	my ($when) = @_;
	my $calm = 0;

	for (1 .. 15)
	{
		my $before = ticks();

		sleep 1;
		last if $calm = ticks() - $before < 3;
	}
	ok($calm, "$when: the dispatcher sleeps");
	return;
}

sleeps('nobody has sent yet');
my $account = sql(q{SELECT test.account('first')});

# A carrier in front of a new HTTP server; further columns as SQL assignments.
sub carrier
{
	my ($answer, %column) = @_;
	my $hook = HttpHook->start(%$answer);
	my $name = 'stub' . ++$hooks;
	my $id = sql(sprintf q{SELECT portatext.create_carrier('%s', 'kannel',
		jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
		'user', 'pass', sender_segments_per_second => 0)}, $name, $hook->url);

	sql("UPDATE portatext.carrier SET $_ = $column{$_} WHERE carrier_id = $id") for keys %column;
	return ($id, $hook, $name);
}

my %taken = (status => 202, body => '0: Accepted for delivery');
my %busy = (status => 500, body => 'no');

# The recipients of the requests that came, in order.
sub recipients
{
	my ($hook) = @_;
	return map { $_->{path} =~ /[?&]to=(?:%2B|\+)?(\d+)/ ? $1 : () } $hook->requests;
}

sub state_of
{
	my ($to) = @_;
	return sql("SELECT state || ' ' || step || ' ' || coalesce(error_code, '-') "
		. "FROM portatext.message WHERE to_number = '$to'");
}

sub net
{
	my ($to) = @_;
	return sql('SELECT sum(amount)::int FROM portatext.ledger_entry l JOIN portatext.message '
		. "ON message_id = reference WHERE to_number = '$to' AND l.kind IN ('charge', 'refund')");
}

# ---- loopback: every class of answer ----

sub queue
{
	my ($carrier, $to, %opt) = @_;
	my $rest = join '', map { ", $_ => $opt{$_}" } sort keys %opt;
	return sql("SELECT count(*) FROM test.queue($account, $carrier, $to$rest)");
}

queue(0, q{test.numbers(1, 12) || test.numbers(14, 17)});
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}, 1),
	'all but one of 16 messages left the queue');
is(state_of('+15550100001'), 'rejected final 0001', 'BILL-04: a bad number ends at the hand-over');
is(net('+15550100001'), 0, 'BILL-04: and is refunded in full');
is(state_of('+15550100002'), 'undelivered final 001', 'BILL-06: reported later');
is(net('+15550100002'), -1, 'BILL-06: stays charged');
is(state_of('+15550100005'), 'sending sent -', 'SMS-08: no receipt yet');
is(state_of('+15550100006'), 'delivered final -', 'throttled, then taken');
is(sql(q{SELECT attempts FROM portatext.message WHERE to_number = '+15550100006'}),
	0, 'throttling counts as no attempt');
is(state_of('+15550100011'), 'sending unclear 0011', 'BILL-22: unclear is not final');
is(net('+15550100011'), -1, 'BILL-22: and not refunded');
is(sql(q{SELECT kind FROM portatext.needs_attention WHERE to_number = '+15550100011'}),
	'unclear', 'and listed for the operator');
is(state_of('+15550100012'), 'rejected final 0012', 'opted out at the carrier');
ok(wait_sql(q{SELECT number FROM portatext.blacklist}, '+15550100012'), 'so the account learns it');
is(state_of("+155501000$_"), "rejected final 00$_", "class of 00$_ ends the message") for 14, 15;
is(state_of('+15550100017'), 'delivered final -', 'the usual one is delivered');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE inbound}, 1), 'a reply came in');
ok(wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100008'}, 'delivered'),
	'a receipt after a delay');
ok(wait_sql(q{SELECT attempts > 1 FROM portatext.message WHERE to_number = '+15550100007'}),
	'a temporary failure is tried again');
is(sql(q{SELECT string_agg(type, ' ' ORDER BY event_id) FROM portatext.event
	WHERE subject = (SELECT message_id::text FROM portatext.message WHERE to_number = '+15550100017')}),
	'message.sending message.delivered', 'each state change is an event');

queue(0, q{ARRAY['+15550100013']});
ok(wait_sql(q{SELECT count(*) FROM portatext.carrier_stop}, 1), 'a refused account stops the carrier');
queue(0, q{ARRAY['+15550100018']});
is(sql(q{SELECT subject FROM portatext.event WHERE type = 'carrier.stopped'}),
	'loopback', 'which is an event');
is(state_of('+15550100013'), 'queued queued 0013', 'its message is not failed');
sql(q{UPDATE portatext.message SET to_number = '+15550100019' WHERE to_number = '+15550100013'});
sql(q{SELECT portatext.resume_carrier('loopback')});
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'
	AND to_number IN ('+15550100018', '+15550100019')}, 2), 'resumed, it sends what waited');

# ---- the re-check in the claim ----

sql(q{SELECT portatext.stop_carrier('loopback', 'test')});
my $other = sql(q{SELECT test.account('other')});
sql(qq{SELECT test.queue($other, 0, test.numbers(31, 31))});
queue(0, 'test.numbers(32, 34)');
queue(0, 'test.numbers(35, 35)', valid_until => q{portatext.now() + '1 second'});
sql(qq{INSERT INTO portatext.blacklist VALUES ($account, '+15550100032')});
sql(q{INSERT INTO portatext.global_blacklist VALUES ('+15550100033')});
sql(qq{UPDATE portatext.account SET suspended = true WHERE account_id = $other});
sleep 1.1;
sql(q{SELECT portatext.resume_carrier('loopback')});
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'
	AND to_number BETWEEN '+15550100031' AND '+15550100035'}, 0), 'all are dealt with');
is(state_of('+15550100031'), 'skipped final suspended', 'of a suspended account');
is(state_of('+15550100032'), 'skipped final blacklisted', 'BL-05: blacklisted while it waited');
is(state_of('+15550100033'), 'skipped final blacklisted', 'BL-05: by the operator, too');
is(state_of('+15550100034'), 'delivered final -', 'the next one is delivered');
is(state_of('+15550100035'), 'expired final expired', 'its validity has passed');
is(net("+155501000$_"), 0, "BILL-21: 00$_ is refunded") for 31, 32, 33, 35;

sql(q{SELECT portatext.stop_carrier('loopback', 'test')});
queue(0, q{ARRAY['+15550100036']});
sql(qq{UPDATE portatext.did SET account_id = $other WHERE account_id = $account});
sql(q{SELECT portatext.resume_carrier('loopback')});
ok(wait_sql(q{SELECT error_code FROM portatext.message WHERE to_number = '+15550100036'}, 'sender_gone'),
	'a sender that the account does not own any more');
sql(qq{UPDATE portatext.did SET account_id = $account WHERE number = '+1555000' || lpad('$account', 4, '0')});

# ---- over HTTP ----

my ($id, $hook) = carrier(\%taken, max_in_flight => 1, max_attempts => 2);
my $long = 'test.numbers(41, 41)';
queue($id, $long, body => q{repeat('x', 400)});
ok(wait_sql(q{SELECT step FROM portatext.message WHERE to_number = '+15550100041'}, 'sent'),
	'a message in three parts is sent');
is(scalar($hook->requests), 3, 'one request a part');
is(sql(q{SELECT string_agg(part || ':' || p.state, ' ' ORDER BY part) FROM portatext.message_part p
	JOIN portatext.message m USING (message_id) WHERE to_number = '+15550100041'}),
	'1:accepted 2:accepted 3:accepted', 'and a row a part');

# Part 1 is taken; what follows is refused for the time being, then taken.
sub half_taken
{
	my ($hook, $to, $then) = @_;
	my $before = () = $hook->requests;

	$hook->behave(%taken, delay => 0.5);
	queue($id, "ARRAY['$to']", body => q{repeat('y', 400)});
	$hook->wait_requests($before + 1);
	$hook->behave(%$then);
	return $before;
}

my $before = half_taken($hook, '+15550100042', \%busy);
ok(wait_sql(q{SELECT attempts FROM portatext.message WHERE to_number = '+15550100042'}, 1),
	'the second part fails for the time being');
$hook->behave(%taken);
ok(wait_sql(q{SELECT step FROM portatext.message WHERE to_number = '+15550100042'}, 'sent'),
	'then the message is sent');
my %sent;
$sent{$_}++ for map { /15550100042/ && /part%3D(\d)/ ? $1 : () } map { $_->{path} } $hook->requests;
is($sent{1}, 1, 'the part that was taken is not sent again');
cmp_ok($sent{2}, '>', 1, 'the one that failed is');

$before = half_taken($hook, '+15550100043', { status => 400, body => 'bad' });
ok(wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100043'}, 'undelivered'),
	'a part is refused when another is taken');
is(net('+15550100043'), -3, 'BILL-05: nothing is refunded then');

$hook->behave(%busy);
queue($id, q{ARRAY['+15550100044']});
ok(wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100044'}, 'rejected'),
	'max_attempts ends a message');
is(net('+15550100044'), 0, 'BILL-04: with a refund');

$hook->behave(drop => 1);
$before = () = $hook->requests;
queue($id, q{ARRAY['+15550100045']});
ok(wait_sql(q{SELECT step FROM portatext.message WHERE to_number = '+15550100045'}, 'unclear'),
	'BILL-22: no answer is unclear');
is(net('+15550100045'), -1, 'BILL-22: not refunded');
$hook->behave(%taken);
queue($id, q{ARRAY['+15550100046']});
ok(wait_sql(q{SELECT step FROM portatext.message WHERE to_number = '+15550100046'}, 'sent'),
	'the next one is sent');
is(scalar(grep { $_ eq '15550100045' } recipients($hook)), 1, 'BILL-22: not sent again');

sql(qq{UPDATE portatext.carrier SET idempotent = true WHERE carrier_id = $id});
$hook->behave(drop => 1);
queue($id, q{ARRAY['+15550100047']});
ok(wait_for { 1 == grep { $_ eq '15550100047' } recipients($hook) }, 'no answer again');
$hook->behave(%taken);
ok(wait_sql(q{SELECT step FROM portatext.message WHERE to_number = '+15550100047'}, 'sent'),
	'a carrier that honours a key gets it again');

my ($stop_id, $stop_hook, $stop_name) = carrier({ status => 403, body => 'Authorization failed for sendsms' });
queue($stop_id, q{ARRAY['+15550100048']});
ok(wait_sql(qq{SELECT count(*) FROM portatext.carrier_stop WHERE carrier_id = $stop_id}, 1),
	'wrong credentials stop the carrier');
is(sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100048'}), 'queued', 'the message waits');

# ---- a carrier that is not there ----

my ($gone_id, $gone_hook, $gone_name) = carrier(\%taken);
$gone_hook->stop;
queue($gone_id, 'test.numbers(51, 60)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE error_code = 'not sent'}, 10),
	'nobody listens');
is(sql(q{SELECT string_agg(DISTINCT state || ' ' || attempts, ',') FROM portatext.message
	WHERE to_number BETWEEN '+15550100051' AND '+15550100060'}),
	'queued 0', 'an outage costs no attempt');
queue(0, 'test.numbers(61, 61)');
ok(wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100061'}, 'delivered'),
	'another carrier is not held up');
sleeps('a carrier is away');
my $back = HttpHook->start(%taken);
sql(sprintf q{SELECT portatext.alter_carrier('%s', jsonb_build_object('url', '%s/cgi-bin/sendsms',
	'dlr_url', 'http://127.0.0.1:9/'))}, $gone_name, $back->url);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent'
	AND to_number BETWEEN '+15550100051' AND '+15550100060'}, 10), 'when it is back, all are sent');
is(scalar(recipients($back)), 10, 'once each');

# ---- order and pace ----

my ($slow_id, $slow_hook, $slow_name) = carrier({ %taken, delay => 0.005 }, max_in_flight => 1);
sql(qq{SELECT portatext.stop_carrier('$slow_name', 'test')});
queue($slow_id, 'test.numbers(1000, 1199)', bulk => 'true');
queue($slow_id, 'test.numbers(1200, 1239)');
sql(qq{SELECT portatext.resume_carrier('$slow_name')});
$slow_hook->wait_requests(240);
my @order = map { substr($_, -4) >= 1200 ? 1 : 0 } recipients($slow_hook);
is(scalar(@order), 240, 'all arrive once');
cmp_ok(scalar(grep { $_ } @order[ 0 .. 79 ]), '==', 40, 'transactional messages overtake bulk ones');
cmp_ok(scalar(grep { !$_ } @order[ 0 .. 29 ]), '>=', 1, 'bulk is not starved');

my ($paced_id, $paced_hook) = carrier(\%taken, segments_per_second => 10);
queue($paced_id, 'test.numbers(1300, 1329)');
my @paced = $paced_hook->wait_requests(30);
cmp_ok($paced[-1]{t} - $paced[0]{t}, '>', 1, 'the carrier gets no more than its segments a second');

my ($did_id, $did_hook) = carrier(\%taken, sender_segments_per_second => 1);
sql(q{SELECT portatext.stop_workers()});
queue($did_id, 'test.numbers(1400, 1404)');
sql(q{SELECT portatext.start_workers()});
ok(wait_sql(q{SELECT count(*) > 0 FROM portatext.parked WHERE key LIKE 's:+1555000%'}),
	'SMS-17: what a sender may not send yet is parked');

queue(0, 'test.numbers(62, 62)', send_at => q{portatext.now() + '1 second'});
ok(wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550100062'}, 'delivered'),
	'a later time comes');

# ---- an error in a transaction ----

$node->arm_point('claim_before_commit', 'error');
queue(0, 'test.numbers(1500, 1509)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'
	AND to_number BETWEEN '+15550101500' AND '+15550101509'}, 10), 'a claim that failed is made again');
$node->arm_point('outcome_before_commit', 'error');
queue($id, 'test.numbers(1510, 1519)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent'
	AND to_number BETWEEN '+15550101510' AND '+15550101519'}, 10), 'outcomes that failed are written one by one');
is(scalar(grep { /^1555010151\d$/ } recipients($hook)), 10, 'nothing is sent twice');

# One message whose outcome cannot be written does not hold up the others.
sql(q{CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN IF NEW.to_number = '+15550101605' THEN RAISE 'poison'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER refuse BEFORE UPDATE ON portatext.message FOR EACH ROW EXECUTE FUNCTION public.refuse()});
queue(0, 'test.numbers(1600, 1609)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'
	AND to_number BETWEEN '+15550101600' AND '+15550101609'}, 9), 'one poisoned message: the others are delivered');
ok(wait_sql(q{SELECT kind FROM portatext.needs_attention WHERE to_number = '+15550101605'}, 'failed'),
	'it is marked and left');
like(sql(q{SELECT detail FROM portatext.needs_attention WHERE to_number = '+15550101605'}), qr/the carrier has it/,
	'with what the operator must know to settle it');
sql(q{DROP TRIGGER refuse ON portatext.message; SELECT portatext.settle_message(message_id, 'sent')
	FROM portatext.message WHERE to_number = '+15550101605'});

# One message that cannot be claimed does not, either.
sql(q{CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN IF NEW.state = 'skipped' THEN RAISE 'poison'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER refuse BEFORE UPDATE ON portatext.message FOR EACH ROW EXECUTE FUNCTION public.refuse();
	INSERT INTO portatext.global_blacklist (number) VALUES ('+15550101625')});
queue(0, 'test.numbers(1620, 1629)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'
	AND to_number BETWEEN '+15550101620' AND '+15550101629'}, 9), 'one message that cannot be claimed: the others are delivered');
ok(wait_sql(q{SELECT kind FROM portatext.needs_attention WHERE to_number = '+15550101625'}, 'failed'),
	'it is marked and left');
is(sql(q{SELECT count(*) FROM portatext.outbox WHERE to_number = '+15550101625'}), 0, 'out of the way');
sql(q{DROP TRIGGER refuse ON portatext.message; SELECT portatext.settle_message(message_id, 'failed')
	FROM portatext.message WHERE to_number = '+15550101625'});

# ---- stopping ----

my ($calm_id, $calm_hook) = carrier({ %taken, delay => 1 }, max_in_flight => 2);
queue($calm_id, 'test.numbers(1700, 1709)');
$calm_hook->wait_requests(1);
$node->stop('fast');
$node->start;
ok(wait_sql(q{SELECT count(*) FROM portatext.lease}, 0), 'a stop leaves no lease behind');
$calm_hook->behave(%taken);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step IN ('sent', 'unclear')
	AND to_number BETWEEN '+15550101700' AND '+15550101709'}, 10), 'what was not begun is sent after the start');
my %times;
$times{$_}++ for recipients($calm_hook);
is(scalar(keys %times), 10, 'nothing is lost by a stop');
is(scalar(grep { $_ > 1 } values %times), 0, 'and nothing sent twice');

# Outcomes that cannot be written at first are written while it leaves.
$node->append_conf('postgresql.conf', 'portatext.shutdown_grace = 20s');
$node->reload;
sql(q{CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
	CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON portatext.lease FOR EACH ROW EXECUTE FUNCTION public.refuse()});
queue($calm_id, 'test.numbers(1710, 1710)');
ok(wait_sql(q{SELECT last_error LIKE '%not now%' FROM portatext.pg_stat_portatext_worker WHERE kind = 'dispatcher'}),
	'an outcome cannot be written');
my $leaving = $node->wait_worker('portatext dispatcher');
my $leaver = $node->background_psql('postgres');
$leaver->query_until(qr//, "SELECT portatext.stop_workers();\n");
ok(wait_sql(q{SELECT count(*) FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler'}, 0), 'the workers leave');
sql(q{DROP TRIGGER refuse ON portatext.lease});
ok(wait_for { !kill 0, $leaving }, 'the dispatcher has left');
is(state_of('+15550101710'), 'sending sent -', 'the outcome was written');
is(sql(q{SELECT count(*) FROM portatext.lease}), 0, 'and no lease is left');
$leaver->quit;
$node->append_conf('postgresql.conf', 'portatext.shutdown_grace = 2s');
$node->reload;
sql(q{SELECT portatext.start_workers()});

# ---- what is claimed goes within a second, or is checked again ----

my ($late_id, $late_hook) = carrier({ %taken, delay => 1.5 }, max_in_flight => 1);
queue($late_id, q{ARRAY['+15550101800']}, body => q{repeat('z', 1500)});
$late_hook->wait_requests(1);
sql(qq{INSERT INTO portatext.blacklist VALUES ($account, '+15550101800')});
ok(wait_sql(q{SELECT state || ' ' || error_code FROM portatext.message WHERE to_number = '+15550101800'},
	'undelivered blacklisted'), 'an opt-out stops the parts that are not on the wire');
cmp_ok(scalar($late_hook->requests), '<', 10, 'so not all were sent');
is(net('+15550101800'), -10, 'BILL-05: and those that were are paid');

# ---- two dispatchers ----

my ($two_id, $two_hook) = carrier(\%taken);
$node->append_conf('postgresql.conf', 'portatext.dispatchers = 2');
$node->reload;
ok(wait_for { 2 == $node->worker_pids('portatext dispatcher') }, 'there are two dispatchers');
queue($two_id, 'test.numbers(3000, 3399)');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent'
	AND to_number BETWEEN '+15550103000' AND '+15550103399'}, 400), 'they share the work');
is(join(' ', sort(recipients($two_hook))), join(' ', map { "1555010$_" } 3000 .. 3399), 'and nothing is sent twice');
$node->append_conf('postgresql.conf', 'portatext.dispatchers = 1');
$node->reload;
ok(wait_for { 1 == $node->worker_pids('portatext dispatcher') }, 'one leaves');

sleeps('all is done');

# ---- invariants ----

is(sql(q{SELECT string_agg(message_id::text, ' ') FROM test.misplaced}), '', 'every message is in one place');
is(sql(q{SELECT count(*) FROM test.wrong_balances}), 0, 'BILL-20: balance = ledger');
is(sql(q{SELECT count(*) FROM portatext.ledger_entry WHERE kind = 'refund' GROUP BY reference HAVING count(*) > 1}),
	'', 'BILL-21: at most one refund a message');

$node->stop;
done_testing();
