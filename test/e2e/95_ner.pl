# A trunk that begins to fail at call 300 stops its campaign when the formula says so:
# with the first failed call that leaves more than a fifth of those ended failed, and not
# one later (NER-01 to NER-09, ALERT-21).  Restarted, it counts anew.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('ner');

sub sql { return $node->safe_psql('postgres', @_) }

# The last four digits 0004 are congestion, others are answered, busy or do not answer.
sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.recharge(10000);
	SELECT portatext.create_engine('engine', 'loopback', '{"busy": 0.3, "no_answer": 0.2, "setup": 0.01, "ring_min": 0.02, "ring_max": 0.1,
		"sound_seconds": 0.05, "patience": 1}');
	SELECT portatext.create_trunk('trunk', NULL, 'engine', channels => 40);
	SELECT portatext.create_contact_list('all');
	SELECT portatext.import_contacts('all', (SELECT E'number\n' || string_agg(n, E'\n') FROM (
		SELECT '+1212555' || to_char(i, 'FM0000') AS n FROM generate_series(1000, 1299) i
		UNION ALL SELECT '+1646' || to_char(i, 'FM000') || '0004' FROM generate_series(200, 499) i) n));
});
my $campaign = sql(q{SELECT portatext.create_telephony_campaign('list', '[{"wait": {"seconds": 1}}]', lists => '{all}', trunk => 1, dial_timeout => '1 second')});
ok($node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $campaign"), 'built');
sql("SELECT portatext.start_campaign($campaign)");
ok($node->wait_sql("SELECT state || ' ' || reason FROM portatext.campaign_run WHERE campaign_id = $campaign", 'stopped low_ner'), 'NER-09: stopped, with the reason');

my $event = q{SELECT payload FROM portatext.event WHERE type = 'campaign.stopped' ORDER BY event_id DESC LIMIT 1};
my ($issued, $failed) = split /\|/, sql("SELECT e.payload ->> 'issued', e.payload ->> 'failed' FROM ($event) e");
ok($failed * 5 > $issued, "NER-05: $failed of $issued failed: more than a fifth");
ok(($failed - 1) * 5 <= $issued - 1, 'and before that call it was not more');
is(sql("SELECT count(*) FROM portatext.event WHERE type = 'campaign.stopped'"), 1, 'ALERT-21: one event');

# What was in the lines ends; nobody else is called.
ok($node->wait_sql('SELECT count(*) FROM portatext.call WHERE ended_at IS NULL', 0), 'the calls under way end');
my $calls = sql('SELECT count(*) FROM portatext.call');
cmp_ok($calls, '<=', $issued + 40, 'no more calls than there were lines');
is(sql("SELECT issued || ' ' || failed FROM portatext.call_run"), sql(q{SELECT count(*) || ' ' || count(*) FILTER (WHERE result NOT IN ('ANSWER', 'BUSY', 'NO_ANSWER')) FROM portatext.call}),
	'NER-02, NER-03: the counters are those of the calls');

# Restarted it counts anew: it takes the minimum sample to stop again (NER-07, NER-08).
sql("SELECT portatext.resume_campaign($campaign)");
ok($node->wait_sql("SELECT count(*) FROM portatext.event WHERE type = 'campaign.stopped'", 2), 'all the rest fail, and it stops again');
is(sql("SELECT (e.payload ->> 'issued') || ' ' || (e.payload ->> 'failed') FROM ($event) e"), '20 20', 'NER-07, NER-08: after the minimum sample, not at once');

done_testing();
