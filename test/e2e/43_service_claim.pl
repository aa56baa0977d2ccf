# What the claim asks about a service's messages once more, and where and how fast
# they go.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('service_claim');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }

sub wait_sql { return $node->wait_sql(@_) }

sql('CREATE EXTENSION portatext');
my %taken = (status => 202, body => '0: Accepted for delivery');

# A carrier in front of a new HTTP server.
sub stub
{
	my ($name, %answer) = @_;
	my $hook = HttpHook->start(%answer);
	my $id = sql(sprintf q{SELECT portatext.create_carrier('%s', 'kannel',
		jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
		'user', 'pass', sender_segments_per_second => 0)}, $name, $hook->url);

	return ($id, $hook);
}

my ($own, $own_hook) = stub('own', %taken);
my ($other, $other_hook) = stub('other', %taken);
my $account = sql(q{SELECT portatext.create_account('services')});

sql(qq{
	SELECT portatext.adopt();
	SELECT portatext.create_route('other', '');
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(1000, NULL, $account);
	SELECT portatext.assign_did('+12025550100', $account);
	INSERT INTO portatext.short_code (country, code, countries, carrier_id)
		VALUES ('US', '12345', '{US}', $own), ('US', '23456', '{US}', NULL);
	INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
			frequency, frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone)
		SELECT $account, v.keyword, v.code, 'US', 'active', 'marketing', false, 18, 2, v.rule::portatext.frequency_rule,
			'tests', '{}', '{}', 'https://example.com/tc', '+12025550111'
		FROM (VALUES ('DEALS', 1, 'count'), ('STOPPED', 1, 'count'), ('ENDED', 1, 'count'), ('SELDOM', 1, 'block'),
			('ROUTED', 2, 'count')) v (keyword, code, rule);
	INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
		SELECT s.service_id, '+1202555' || n, $account, portatext.now() + interval '30 days'
		FROM portatext.service s, generate_series(1000, 1100) n;
});

# Sends from a service while the workers claim nothing; returns the message's id.
sub queue
{
	my ($service, $number, $kind) = @_;
	my $id = sql("SELECT set_config('portatext.account_id', '$account', false); "
		. "SELECT portatext.send_sms('+1202555$number', 'From the service', service => '$service')");

	$id = (split /\n/, $id)[-1];
	sql("UPDATE portatext.message SET kind = '$kind' WHERE message_id = '$id'") if $kind;
	return $id;
}

sub ends
{
	my ($id) = @_;

	return wait_for { sql(qq{SELECT state || COALESCE(' ' || error_code, '') || ' ' || COALESCE((SELECT sum(amount)::int
		FROM portatext.ledger_entry WHERE reference = message_id), 0) FROM portatext.message
		WHERE message_id = '$id' AND step <> 'queued'}) };
}

sub subscriber
{
	my ($service, $number, $state) = @_;
	return "UPDATE portatext.subscriber SET state = '$state' WHERE number = '+1202555$number' "
		. "AND service_id = (SELECT service_id FROM portatext.service WHERE keyword = '$service');";
}

# ---- what is known at the claim, and was not at the acceptance ----

sql(q{SELECT portatext.stop_carrier('own', 'test')});
my @cases = (
	[ 'an active subscriber', queue('DEALS', 1000), '', 'sending -1' ],
	[ 'SUB-12: one who has opted out', queue('DEALS', 1001), subscriber('DEALS', 1001, 'opted_out'), 'skipped not_subscribed 0' ],
	[ 'SUB-12: one whose number was given up', queue('DEALS', 1002), subscriber('DEALS', 1002, 'cancelled'), 'skipped not_subscribed 0' ],
	[ 'SUB-05: one who is paused', queue('DEALS', 1003), subscriber('DEALS', 1003, 'paused'), 'skipped subscriber_paused 0' ],
	[ 'a reminder to one who has opted out', queue('DEALS', 1004, 'reminder'), subscriber('DEALS', 1004, 'opted_out'), 'skipped not_subscribed 0' ],
	[ 'SVC-15: help for one who has', queue('DEALS', 1005, 'help'), subscriber('DEALS', 1005, 'opted_out'), 'sending -1' ],
	[ 'SVC-15: the confirmation of it', queue('DEALS', 1006, 'opt_out'), subscriber('DEALS', 1006, 'opted_out'), 'sending -1' ],
	[ 'SVC-15: but not past the blacklist', queue('DEALS', 1007, 'opt_out'),
		"INSERT INTO portatext.blacklist (account_id, number) VALUES ($account, '+12025551007');", 'skipped blacklisted 0' ],
	[ 'DID-03: a confirmation of STOP past the blacklist', queue('DEALS', 1008, 'stop_confirmation'),
		"INSERT INTO portatext.blacklist (account_id, number) VALUES ($account, '+12025551008');", 'sending -1' ],
	[ 'LAW-09: of a suspended service', queue('STOPPED', 1000), '', 'skipped service_suspended 0' ],
	[ 'LAW-09: help of it', queue('STOPPED', 1002, 'help'), '', 'skipped service_suspended 0' ],
	[ 'LAW-09: its confirmation of an opt-out', queue('STOPPED', 1003, 'opt_out'), '', 'sending -1' ],
	[ 'of a closed service', queue('ENDED', 1000), '', 'skipped service_closed 0' ],
	[ 'a confirmation of it', queue('ENDED', 1001, 'opt_out'), '', 'skipped service_closed 0' ]);

sql(join '', map { $_->[2] } @cases);
# Not by the functions, which end what waits by themselves.
sql(q{UPDATE portatext.service SET state = 'suspended' WHERE keyword = 'STOPPED';
	UPDATE portatext.service SET state = 'closed' WHERE keyword = 'ENDED'});
sql(q{SELECT portatext.resume_carrier('own')});
is(ends($_->[1]), $_->[3], $_->[0]) for @cases;
is(join(' ', sort map { $_->{path} =~ /[?&]to=[^&]*?(\d{4})(?:&|$)/ } $own_hook->requests), '1000 1003 1005 1006 1008',
	'only those leave');
is(scalar(grep { $_->{path} =~ /[?&]from=12345(?:&|$)/ } $own_hook->requests), 5, 'from the short code');

# ---- LAW-02: of two that were accepted at the same time only as many leave as were declared ----

sql(q{SELECT portatext.stop_carrier('own', 'test')});
my @sessions = map { $node->background_psql('postgres') } 1 .. 3;
for my $s (@sessions)
{
	$s->query_safe("SET client_min_messages = error; SET portatext.account_id = '$account'; BEGIN");
	$s->query_safe(q{SELECT portatext.send_sms('+12025551000', 'Seldom', service => 'SELDOM')});
}
$_->query_safe('COMMIT') for reverse @sessions;
$_->quit for @sessions;
is(sql(q{SELECT count(*) FROM portatext.message WHERE body = 'Seldom'}), 3, 'LAW-02: none saw the other');
sql(q{SELECT portatext.resume_carrier('own')});
ok(wait_sql(q{SELECT string_agg(state || COALESCE(' ' || error_code, ''), ', ' ORDER BY message_id)
	FROM portatext.message WHERE body = 'Seldom' AND step <> 'queued' HAVING count(*) = 3},
	'sending, sending, skipped too_frequent'), 'LAW-02: the last one is skipped');
is(sql(q{SELECT sum(l.amount)::int FROM portatext.ledger_entry l JOIN portatext.message m ON m.message_id = l.reference
	WHERE m.body = 'Seldom'}), -2, 'and refunded');

# One that is accepted late, with an earlier id, counts what was handed over before it.
my $late = $node->background_psql('postgres');
$late->query_safe("SET client_min_messages = error; SET portatext.account_id = '$account'; BEGIN");
$late->query_safe(q{SELECT portatext.send_sms('+12025551001', 'Too late', service => 'SELDOM')});
my @first = map { queue('SELDOM', 1001) } 1 .. 2;
is(join(', ', map { ends($_) } @first), 'sending -1, sending -1', 'two leave');
$late->query_safe('COMMIT');
$late->quit;
ok(wait_sql(q{SELECT state || ' ' || error_code FROM portatext.message WHERE body = 'Too late'}, 'skipped too_frequent'),
	'LAW-02: the late one is one too many');

# ---- the carrier ----

$own_hook->behave(status => 500, body => 'no');
my $stays = queue('DEALS', 1020);
ok(wait_sql("SELECT attempts > 0 FROM portatext.message WHERE message_id = '$stays'"), 'its carrier is busy');
is(sql("SELECT carrier_id FROM portatext.message WHERE message_id = '$stays'"), $own, 'the message stays with it');
sql(q{SELECT portatext.stop_carrier('own', 'test')});
is(sql(q{SELECT portatext.reroute('own')}), 0, 'also when what waits is moved');
$own_hook->behave(%taken);
sql(q{SELECT portatext.resume_carrier('own')});
is(ends($stays), 'sending -1', 'and goes out by it');
is(scalar(grep { $_->{path} =~ /from=12345/ } $other_hook->requests), 0, 'not by the one of the routes');
is(ends(queue('ROUTED', 1000)), 'sending -1', 'a short code without a carrier');
is(scalar(grep { $_->{path} =~ /from=23456/ } $other_hook->requests), 1, 'goes by the routes');

# ---- the pace ----

sql(q{UPDATE portatext.short_code SET segments_per_second = 2 WHERE code = '12345'});
sql("SELECT set_config('portatext.account_id', '$account', false); SELECT count(*) FROM portatext.send_sms_batch("
	. "ARRAY(SELECT '+1202555' || n FROM generate_series(1030, 1037) n), 'At its pace', service => 'DEALS')");
ok(wait_sql(q{SELECT count(*) > 0 FROM portatext.parked WHERE key = 's:12345'}), 'SMS-17: what is beyond its pace is parked');
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE body = 'At its pace' AND state = 'sending'}, 8), 'and goes out in the end');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');

$node->stop;
done_testing();
