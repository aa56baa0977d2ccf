# Calls over real SIP: baresip places them, sipp plays the far ends, the bridge of
# test/engine speaks the contract of the adapter gateway.  What became of them reaches SQL
# (TEL-01, TEL-09, TEL-11, TEL-30, NER-03).
use strict;
use warnings;

use PortatextNode qw(wait_for);
use SipEngine;
use Test::More;

my $secret = 'a secret of the bridge';
my $engine = SipEngine->start($secret);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('sip', conf => "portatext.receiver_port = $port\n");
my $url = $engine->url;
my $trunk_address = $engine->trunk;

$node->safe_psql('postgres', 'CREATE EXTENSION portatext; UPDATE portatext.account SET sandbox = false WHERE account_id = portatext.current_account()');
$node->safe_psql('postgres', qq{
	SELECT portatext.set_call_tariff('', 2, 1, portatext.current_account());
	SELECT portatext.create_engine('sip', 'gateway', jsonb_build_object('url', '$url', 'callback_url', 'http://127.0.0.1:$port'), callback_secret => '$secret');
});
my $trunk = $node->safe_psql('postgres',
	qq{SELECT portatext.create_trunk('far ends', '$trunk_address', 'sip', channels => 20)});

is($node->safe_psql('postgres', "SELECT portatext.test_trunk($trunk) ->> 'reachable'"), 'true', 'the bridge is there (test_trunk)');

# A campaign without forward: the last digit says what the far end does.
my $campaign = $node->safe_psql('postgres', qq{
	SELECT portatext.create_telephony_campaign('sip', '[{"wait":{"seconds":1}}]', trunk => $trunk,
		csv => E'number\\n+12025550110\\n+12025550111\\n+12025550112\\n+12025550113\\n+12025550114\\n',
		dial_timeout => '2 seconds', min_ner => 0)});
$node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $campaign");
$node->safe_psql('postgres', "SELECT portatext.start_campaign($campaign)");
$node->wait_sql("SELECT state = 'finished' FROM portatext.campaign_run WHERE campaign_id = $campaign")
  or diag $engine->logs;

my %expected = (
	0 => 'ANSWER|16|t|t|f', 1 => 'BUSY|17|t|f|f', 2 => 'NO_ANSWER|19|t|f|f',
	3 => 'CONGESTION|34|f|f|t', 4 => 'INVALID_NUMBER|1|f|f|t');
for my $digit (sort keys %expected)
{
	is($node->safe_psql('postgres', qq{
			SELECT c.result, c.q850, c.alerted, c.contacted, r.ner_failed FROM portatext.call c
			JOIN portatext.call_causes r ON r.q850 = c.q850 AND r.alerted IS NOT DISTINCT FROM c.alerted OR r.q850 = c.q850 AND r.alerted IS NULL
			WHERE c.campaign_id = $campaign AND c.to_number = '+1202555011$digit' LIMIT 1}),
		$expected{$digit}, "+1202555011$digit: $expected{$digit}");
}
is($node->safe_psql('postgres', qq{
		SELECT string_agg(state::text, ' ' ORDER BY number) FROM portatext.call_target WHERE run_id =
		(SELECT run_id FROM portatext.campaign_run WHERE campaign_id = $campaign)}),
	'contacted given_up given_up given_up given_up', 'the answered one is contacted, the others have had their one call');
is($node->safe_psql('postgres', "SELECT issued, failed FROM portatext.call_run WHERE run_id = (SELECT run_id FROM portatext.campaign_run WHERE campaign_id = $campaign)"),
	'5|2', 'congestion and the missing number count against the NER, busy and no answer do not (NER-03)');
is($node->safe_psql('postgres', qq{
		SELECT count(*) FILTER (WHERE ringing_at BETWEEN placed_at - interval '1 s' AND ended_at), count(*) FILTER (WHERE answered_at > ringing_at AND ended_at > answered_at)
		FROM portatext.call WHERE campaign_id = $campaign}),
	'3|1', 'the times of the legs are in order');
is($node->safe_psql('postgres', "SELECT sum(cost) FROM portatext.call WHERE campaign_id = $campaign"), '3',
	'one answered call of less than a minute: 1 for the call, 2 for the minute begun') or diag
  $node->safe_psql('postgres', "SELECT to_number, cost, reserved, rate FROM portatext.call");
is($node->safe_psql('postgres', "SELECT count(*) FROM portatext.call_event e JOIN portatext.call c USING (call_id) WHERE c.campaign_id = $campaign AND e.kind = 'ended'"),
	'5', 'the last event of each call came twice and was applied once');

# A single call that rings is cancelled: it is hung up over SIP and was not issued.
my $call = $node->safe_psql('postgres', qq{
	SELECT portatext.place_call('+12025550152', '[{"wait":{"seconds":1}}]', trunk => $trunk, dial_timeout => 60)});
ok($node->wait_sql("SELECT state FROM portatext.call WHERE call_id = '$call'", 'ringing', 'postgres', 20), 'a single call rings')
  or diag $node->safe_psql('postgres', 'SELECT * FROM portatext.call c ORDER BY call_id DESC LIMIT 1') . $engine->logs;
$node->safe_psql('postgres', "SELECT portatext.cancel_call('$call')");
$node->wait_sql("SELECT state = 'ended' FROM portatext.call WHERE call_id = '$call'");
is($node->safe_psql('postgres', "SELECT result, cost FROM portatext.call WHERE call_id = '$call'"), 'CANCELLED|0',
	'a ringing call that is cancelled ends as CANCELLED and costs nothing');
is($node->safe_psql('postgres', 'SELECT portatext.balance() = (SELECT sum(amount) FROM portatext.ledger_entry)'), 't',
	'the balance is the sum of the ledger');

done_testing();
