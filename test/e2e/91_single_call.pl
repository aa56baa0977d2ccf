# Single calls (TEL-09): placed, cancelled while they ring, at their time; and an engine
# that is not there: calls wait, targets lose no iteration, one warning (D2, rule 3).
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;

my $node = PortatextNode->new_node('single');

sub sql { return $node->safe_psql('postgres', @_) }

my $dead = PostgreSQL::Test::Cluster::get_free_port();

sql(qq{
	CREATE EXTENSION portatext;
	UPDATE portatext.account SET sandbox = false WHERE account_id = portatext.current_account();
	SELECT portatext.recharge(10000);
	SELECT portatext.set_call_tariff('', 1, 1, account_id => portatext.current_account());
	SELECT portatext.create_engine('local', 'loopback', '{"setup": 0.01, "ring_min": 0.1, "ring_max": 0.1, "scenes": "false"}');
	SELECT portatext.create_engine('slow', 'loopback', '{"no_answer": 1, "setup": 0.01, "ring_min": 60, "ring_max": 60, "scenes": "false"}');
	SELECT portatext.create_engine('dead', 'gateway', '{"url": "http://127.0.0.1:$dead", "callback_url": "http://127.0.0.1:1"}', callback_secret => 'secret secret secret', timeout => '1 s');
	SELECT portatext.create_trunk('trunk', NULL, 'local'), portatext.create_trunk('slow', NULL, 'slow'), portatext.create_trunk('dead', NULL, 'dead');
});

sub call
{
	my (%arg) = @_;

	return sql("SELECT portatext.place_call('+12125550100', '[{\"wait\": {\"seconds\": 1}}]'" . join('', map { ", $_ => $arg{$_}" } sort keys %arg) . ')');
}
sub becomes { return ok($node->wait_sql("SELECT concat_ws(' ', state, result) FROM portatext.call WHERE call_id = '$_[0]'", $_[1]), $_[2]) }

my $call = call(trunk => 1);

becomes($call, 'ended ANSWER', 'TEL-09: a single call is placed and answered');
is(sql("SELECT cost FROM portatext.call WHERE call_id = '$call'"), 2, 'and paid');

my $ringing = call(trunk => 2);
becomes($ringing, 'ringing', 'another one rings');
is(sql("SELECT portatext.cancel_call('$ringing')"), 't', 'it is cancelled');
becomes($ringing, 'ended CANCELLED', 'and withdrawn');
is(sql("SELECT cost FROM portatext.call WHERE call_id = '$ringing'"), 0, 'it costs nothing');

my $later = call(trunk => 1, send_at => "portatext.now() + interval '1 hour'");
my $waits = call(trunk => 1, dial_timeout => 5);
becomes($waits, 'ended ANSWER', 'a call of now');
becomes($later, 'queued', 'does not take one of later with it');
sql("SELECT portatext.blacklist_add('+12125550100')");
sql("ALTER SYSTEM SET portatext.clock_offset = 3700; SELECT pg_reload_conf()");
becomes($later, 'ended BLACKLISTED', 'BL-04: at its time it is asked again whether the number is blacklisted');
sql("SELECT portatext.blacklist_remove('+12125550100')");

# The engine of trunk 3 is not there.
my $from = $node->log_size;
my $dead_call = call(trunk => 3);
ok($node->wait_sql("SELECT tries > 0 AND state = 'queued' FROM portatext.call WHERE call_id = '$dead_call'"), 'an engine that is not there: the call waits');
is(sql("SELECT problem IS NOT NULL FROM portatext.call WHERE call_id = '$dead_call'"), 't', 'with what was wrong');
sql(q{SELECT portatext.create_contact_list('l'), portatext.import_contacts('l', (SELECT E'number\n' || string_agg('+1212555' || to_char(i, 'FM0000'), E'\n') FROM generate_series(1000, 1039) i))});
my $campaign = sql(q{SELECT portatext.create_telephony_campaign('dead', '[{"wait": {"seconds": 1}}]', lists => '{l}', trunk => 3, iterations => 2, retry_delays => '{"ENGINE_ERROR": 1}')});
ok($node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $campaign"), 'a campaign is built');
sql("SELECT portatext.start_campaign($campaign)");
ok($node->wait_sql('SELECT count(*) >= 5 FROM portatext.call WHERE campaign_id = ' . $campaign . q{ AND result = 'ENGINE_ERROR'}), 'its calls fail');
ok(wait_for(sub { $node->log_since($from) =~ /engine dead does not answer as it should/ }), 'five failures in a row are told');
is(sql("SELECT max(attempts) FROM portatext.call_target WHERE state <> 'calling'"), 0, 'no target has lost an iteration');
is(sql("SELECT issued FROM portatext.call_run JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $campaign"), 0, 'and the NER knows nothing of them');
my $tried = sql('SELECT count(*) FROM portatext.call WHERE campaign_id = ' . $campaign);
cmp_ok($tried, '<', 200, 'an open breaker lets few calls through');
sql("SELECT portatext.cancel_campaign($campaign)");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $campaign AND ended_at IS NULL", 0), 'cancelled');
is(sql("SELECT portatext.cancel_call('$dead_call')"), 't', 'the single call is cancelled');
becomes($dead_call, 'ended CANCELLED', 'and ends');
is(sql('SELECT sum(reserved) FROM portatext.call WHERE ended_at IS NOT NULL'), 0, 'no credits stay reserved');
done_testing();
