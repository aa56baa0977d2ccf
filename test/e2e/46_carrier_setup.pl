# What operators change about a carrier reaches the running dispatcher: credentials,
# answer rules, stop and resume; and the statements of docs/carriers.md work when pasted.
use strict;
use warnings;

use HttpHook;
use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('carrier_setup');
my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my $url = $hook->url;

sub sql { return $node->safe_psql('postgres', @_) }

sql('CREATE EXTENSION portatext');

# docs/carriers.md, block by block; the gateway and the limits are those of this test.
my @blocks = slurp_file('docs/carriers.md') =~ /^```sql\n(.*?)^```/msg;

ok(@blocks >= 3, 'docs/carriers.md has SQL');
ok(($blocks[0] =~ tr/\n//) < 10, 'Kannel is set up in under ten lines');
for my $block (@blocks)
{
	is($node->psql('postgres', $block, on_error_stop => 1), 0, "pasted: " . ($block =~ /^(.*)$/m)[0]);
}
is(sql(q{SELECT adapter || ' ' || enabled FROM portatext.carriers WHERE name = 'kannel'}), 'kannel true',
	'the carrier is there');
sql(q{ALTER SYSTEM RESET portatext.route_function});
sql(q{SELECT pg_reload_conf()});
sql(qq{
	DELETE FROM portatext.answer_rule;
	SELECT portatext.disable_carrier('german');
	SELECT portatext.alter_carrier('kannel', password => 'first', sender_segments_per_second => 0,
		settings => '{"url": "$url/cgi-bin/sendsms", "dlr_url": "http://127.0.0.1:9"}');
});
my $shop = sql(q{SELECT portatext.create_account('shop')});
sql(qq{
	SELECT portatext.assign_did('+12025550101', $shop);
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(100, 'first', $shop);
});

# Sends one message as the account; its id.
sub send_to
{
	my ($to) = @_;

	return sql(qq{SET portatext.account_id = $shop;
		SELECT portatext.send_sms('$to', 'Hello there')});
}

# The field of a message.
sub field { my ($id, $field) = @_; return "SELECT $field FROM portatext.message WHERE message_id = '$id'" }

my $id = send_to('+12025550111');
ok($node->wait_sql(field($id, 'step'), 'sent'), 'a message is handed over');
like(($hook->requests)[-1]{path}, qr/password=first&/, 'with the password');

sql(q{SELECT portatext.alter_carrier('kannel', password => 'second')});
$id = send_to('+12025550112');
ok($node->wait_sql(field($id, 'step'), 'sent'), 'the next one too');
like(($hook->requests)[-1]{path}, qr/password=second&/, 'with the password that was changed meanwhile');

# The same answer before and after a rule.
$hook->behave(status => 400, body => 'Missing something');
$id = send_to('+12025550113');
ok($node->wait_sql(field($id, 'state'), 'rejected'), 'BILL-04: status 400 rejects');
sql(q{INSERT INTO portatext.answer_rule (adapter, code, class) VALUES ('kannel', '400', 'unclear')});
$id = send_to('+12025550114');
ok($node->wait_sql(field($id, 'step'), 'unclear'), 'the operator\'s rule for the adapter decides');
sql(q{INSERT INTO portatext.answer_rule (adapter, carrier_id, code, class)
	SELECT 'kannel', carrier_id, '400', 'account' FROM portatext.carrier WHERE name = 'kannel'});
$id = send_to('+12025550115');
ok($node->wait_sql('SELECT reason FROM portatext.carrier_stop', 'Missing something'),
	'and the rule for the carrier before it: stopped');
is(sql(field($id, 'state')), 'queued', 'the message waits');
is(sql(q{SELECT payload->>'reason' FROM portatext.event WHERE type = 'carrier.stopped'}), 'Missing something',
	'an event says so');

my $before = $hook->requests;
$hook->behave(status => 202, body => '3: Queued for later delivery');
sql(q{SELECT portatext.resume_carrier('kannel')});
ok($node->wait_sql(field($id, 'step'), 'sent'), 'resume_carrier: it is handed over');
is(scalar($hook->requests), $before + 1, 'once');

# A carrier set up while the dispatcher runs takes over.
my $other = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my $other_url = $other->url;
sql(qq{SELECT portatext.create_carrier('other', 'kannel',
	'{"url": "$other_url/x", "dlr_url": "http://127.0.0.1:9"}', 'u', 'p', priority => 1)});
$id = send_to('+12025550116');
ok($node->wait_sql(field($id, 'step'), 'sent'), 'a new carrier of a lower priority number');
is(scalar($other->requests), 1, 'takes the next message');

# Disabled: no new messages for it; with none left, sending is refused.
sql(q{SELECT portatext.disable_carrier(name) FROM portatext.carrier WHERE enabled});
my ($status, $out, $err) = $node->psql('postgres', qq{
	SET portatext.account_id = $shop;
	SELECT portatext.send_sms('+12025550117', 'Hello there')});
like($err, qr/no carrier takes the message/, 'no enabled carrier: refused');
$node->stop;
done_testing();
