# A sandbox account's calls never leave the built-in engine, also when its trunk came to
# belong to another one: neither a single call nor a campaign asks that engine.
use strict;
use warnings;

use HttpHook;
use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('sandbox');
my $hook = HttpHook->start(body => '{}');
my $url = $hook->url;

sub sql { return $node->safe_psql('postgres', @_) }

sql('CREATE EXTENSION portatext');
is(sql('SELECT sandbox FROM portatext.account WHERE account_id = portatext.current_account()'), 't', 'a sandbox account');
sql(qq{SELECT portatext.create_engine('gate', 'gateway', '{"url": "$url", "callback_url": "http://127.0.0.1:9"}', password => 'secret')});
my $trunk = sql(q{SELECT portatext.create_trunk('main')});
is(sql('SELECT engine FROM portatext.trunks'), 'loopback', 'has the built-in engine, though there is another one');
sql(qq{UPDATE portatext.trunk SET engine_id = (SELECT engine_id FROM portatext.engine WHERE name = 'gate') WHERE trunk_id = $trunk});
my $campaign = sql(q{SELECT portatext.create_telephony_campaign('x', '[{"wait": {"seconds": 1}}]', csv => E'number\n+12125550101')});

ok($node->poll_query_until('postgres', "SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $campaign"), 'the campaign is built');
sql("SELECT portatext.start_campaign($campaign)");
my $call = sql(q{SELECT portatext.place_call('+12125550100', '[{"wait": {"seconds": 1}}]')});

ok($node->poll_query_until('postgres', "SELECT ended_at IS NOT NULL FROM portatext.call WHERE call_id = '$call'"), 'the single call ends');
is(sql("SELECT result, problem, cost FROM portatext.call WHERE call_id = '$call'"),
	'CANCELLED|a sandbox account dials through the engine loopback only|0', 'without having been placed, and paid back');
# The dialer has looked at the run since: a call of the built-in engine that was made later has ended.
sql(q{SELECT portatext.create_trunk('inside')});
$call = sql(q{SELECT portatext.place_call('+12125550000', '[{"wait": {"seconds": 1}}]', trunk => (SELECT trunk_id FROM portatext.trunks WHERE name = 'inside'))});
ok($node->poll_query_until('postgres', "SELECT placed_at IS NOT NULL FROM portatext.call WHERE call_id = '$call'"), 'the built-in engine is dialled through');
ok($node->poll_query_until('postgres', "SELECT ticked_at IS NOT NULL FROM portatext.call_pace"), 'the run was looked at');
is(sql('SELECT count(*) FROM portatext.call WHERE run_id IS NOT NULL'), '0', 'the campaign calls nobody');
my @requests = $hook->requests;

is(scalar @requests, 0, 'the other engine was asked for nothing');
$hook->stop;
$node->stop;
done_testing();
