# The build of a campaign's recipients: the same as a plain SQL model says, whatever is
# killed in the middle; even over senders and by weight over variants; cancelled and
# started while it goes on; one whose list is gone stops no other.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils;
use Test::More;

my $count = $ENV{CHECK_LONG} ? 400000 : 50000;
my $node = PortatextNode->new_node('campaign_build');

sub sql { return $node->safe_psql('postgres', @_) }

# Creates a campaign of the account with these further arguments; its id.
sub create
{
	my ($account, $arguments) = @_;
	return sql("SET portatext.account_id = $account;
		SELECT portatext.create_campaign($arguments)");
}

sub state_of { return sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $_[0] ORDER BY ord DESC LIMIT 1") }
sub run_of { return sql("SELECT run_id FROM portatext.campaign_run WHERE campaign_id = $_[0] ORDER BY ord DESC LIMIT 1") }
sub job_of { return sql("SELECT job_id FROM portatext.campaign_run WHERE campaign_id = $_[0] ORDER BY ord DESC LIMIT 1") }

sub reaches
{
	my ($campaign, $state, $name) = @_;
	return ok($node->wait_sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $campaign ORDER BY ord DESC LIMIT 1",
			$state), $name);
}

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_account('red', sandbox => true), portatext.create_account('blue', sandbox => true);
	SELECT portatext.assign_did('+1202555010' || i, (SELECT account_id FROM portatext.account WHERE name = 'red')) FROM generate_series(1, 3) i;
	SELECT portatext.assign_did('+12025550109', (SELECT account_id FROM portatext.account WHERE name = 'blue'));
	SELECT portatext.set_tariff(v.prefix, v.credits, a.account_id) FROM portatext.account a,
		(VALUES ('+1', 1), ('+44', 2.5), ('+7', 0.5)) v (prefix, credits);
});
my %account = map { $_ => sql("SELECT account_id FROM portatext.account WHERE name = '$_'") } 'red', 'blue';

# ---- contacts: four lists that overlap ----

# The number of contact i: of several countries and zones, some of none.
my $number = q{CASE i % 10
	WHEN 0 THEN '+999' || (10000000 + i)                      -- no such country
	WHEN 1 THEN '+54911' || (10000000 + i)                    -- no tariff
	WHEN 2 THEN '+7916' || (1000000 + i) WHEN 3 THEN '+4479' || (11000000 + i)
	WHEN 4 THEN '+1907' || (2000000 + i) WHEN 5 THEN '+1808' || (2000000 + i)
	WHEN 6 THEN '+1800' || (2000000 + i) ELSE '+1212' || (2000000 + i) END};

for my $list ([ 'a', 0, 0.4 ], [ 'b', 0.3, 0.7 ], [ 'c', 0.5, 0.9 ], [ 'd', 0.8, 1 ])
{
	my ($name, $from, $to) = @$list;

	sql("SET portatext.account_id = $account{red};
		SELECT portatext.create_contact_list('$name');
		INSERT INTO portatext.contact (version, number, account_id, variables)
			SELECT l.version, $number, l.account_id,
				CASE WHEN i % 7 = 0 THEN NULL ELSE jsonb_build_object('name', '$name' || repeat('x', i % 200)) END
			FROM portatext.contact_list l, generate_series(${\int($count * $from + 1)}, ${\int($count * $to)}) AS s(i) WHERE l.name = '$name'");
}
sql("INSERT INTO portatext.blacklist (account_id, number)
		SELECT $account{red}, $number FROM generate_series(1, $count, 11) AS s(i) WHERE i % 10 > 0;
	INSERT INTO portatext.global_blacklist (number) SELECT $number FROM generate_series(1, $count, 13) AS s(i) WHERE i % 10 > 0;
	ANALYZE");

# ---- killed twice in a chunk and once from outside ----

$node->arm_point('build_chunk', 'pause');
my $campaign = create($account{red}, q{'big', lists => '{a,b,c,d}', schedule => '{"any_day": {"from": "09:00", "to": "18:00"}}',
	variants => '[{"body": "Hello {{name}}", "weight": 3}, {"body": "Dear {{name}}, hello"}]'});
my $job = job_of($campaign);

sub done { return sql("SELECT done FROM portatext.job WHERE job_id = $job") }

# The build pauses in a chunk; it ends this one and is killed in the next, and then
# pauses in that.
sub kill_in_next
{
	my ($name) = @_;
	my $done = done();

	$node->arm_point('build_chunk', 'kill');
	$node->release_point('build_chunk');
	wait_for { !-e $node->point_dir . '/build_chunk' };
	$node->arm_point('build_chunk', 'pause');
	ok($node->wait_up && $node->wait_point_hit('build_chunk'), $name);
	cmp_ok(done(), '>', $done, 'the build goes on where it was');
	return;
}

ok($node->wait_point_hit('build_chunk'), 'the build is in its first chunk');
kill_in_next('kill -9 in the second chunk');
kill_in_next('kill -9 in the middle');
ok($node->kill9_restart, 'kill -9 of the postmaster, in a chunk');
$node->release_point('build_chunk');
reaches($campaign, 'ready', 'CAMP-04: the campaign is ready');
my $run = run_of($campaign);

# ---- what it must be ----

sql(q{
	CREATE VIEW given AS SELECT DISTINCT ON (c.number) c.number::text, c.variables ->> 'name' AS name
		FROM portatext.contact c JOIN portatext.contact_list l USING (version) ORDER BY c.number, l.name;
	CREATE TABLE model AS
		SELECT g.number, CASE
				WHEN NOT portatext.number_possible(g.number::portatext.e164) THEN 'bad_number'
				WHEN g.name IS NULL THEN 'missing_variable'
				WHEN g.number LIKE '+54%' THEN 'no_tariff'
				WHEN EXISTS (SELECT FROM portatext.blacklist b WHERE b.number::text = g.number)
					OR EXISTS (SELECT FROM portatext.global_blacklist b WHERE b.number::text = g.number) THEN 'blacklisted' END AS reason,
			'Hello ' || g.name AS first, 'Dear ' || g.name || ', hello' AS second,
			CASE substr(g.number, 2, 1) WHEN '1' THEN 1 WHEN '4' THEN 2.5 ELSE 0.5 END AS tariff,
			ARRAY(SELECT DISTINCT z COLLATE "C" FROM unnest(portatext.number_timezones(g.number::portatext.e164)) z ORDER BY 1) AS zones
		FROM given g;
	ANALYZE model});
my $differs = "FROM model m FULL JOIN (SELECT * FROM portatext.campaign_recipient WHERE run_id = $run) r ON r.number = m.number
	LEFT JOIN portatext.campaign_cohort c ON c.run_id = $run AND c.cohort = r.cohort
	WHERE r.number IS NULL OR m.number IS NULL OR r.reason IS DISTINCT FROM m.reason OR (r.place IS NULL) <> (m.reason IS NOT NULL)
		OR m.reason IS NULL AND (r.body <> CASE r.variant WHEN 1 THEN m.first ELSE m.second END
			OR r.segments <> CASE WHEN length(r.body) <= 160 THEN 1 ELSE ceil(length(r.body) / 153.0) END
			OR r.cost <> r.segments * m.tariff OR c.zones IS DISTINCT FROM m.zones)";

is(sql("SELECT count(*) $differs"), '0',
	'CAMP-02, CAMP-13, CAMP-15, TPL-03, TPL-04, SCH-06: each number once, with the text, cost, zones or reason of the model')
  or diag(sql("SELECT m.number, m.reason, r.number, r.reason, r.body, r.segments, r.cost, c.zones, m.zones $differs LIMIT 5"));
cmp_ok(sql("SELECT count(*) FROM model WHERE reason IS NULL"), '>', $count / 3, 'many are to be written to');
is(sql("SELECT count(DISTINCT reason) FROM model"), '4', 'and there are all reasons to skip');
is(sql("SELECT recipients || ' ' || skipped FROM portatext.campaign_run WHERE run_id = $run"),
	sql("SELECT count(*) FILTER (WHERE reason IS NULL) || ' ' || count(reason) FROM model"), 'the run counts them');
is(sql("SELECT result -> 'skipped' FROM portatext.job WHERE job_id = $job"),
	sql("SELECT jsonb_object_agg(reason, n) FROM (SELECT reason, count(*) AS n FROM model WHERE reason IS NOT NULL GROUP BY 1) s"),
	'the result of the job counts the reasons');
is(sql("SELECT done || ' ' || (result ->> 'duplicates')::bigint FROM portatext.job WHERE job_id = $job"),
	sql('SELECT count(*) || \' \' || count(*) - (SELECT count(*) FROM model) FROM portatext.contact'),
	'no contact was counted twice');
is(sql("SELECT count(*) FROM portatext.campaign_cohort c WHERE c.run_id = $run AND c.places <> ALL (ARRAY(
		SELECT v FROM (SELECT count(*), max(x.place), count(DISTINCT x.place) FROM portatext.campaign_recipient x
			WHERE x.run_id = $run AND x.cohort = c.cohort) s(a, b, d), unnest(ARRAY[a, b, d]) v))"), '0',
	'places are consecutive');
is(sql("SELECT count(*) FROM portatext.campaign_cohort c JOIN portatext.campaign_cohort d USING (run_id, zones)
	WHERE c.run_id = $run AND c.cohort < d.cohort"), '0', 'zones make one cohort');
is(sql("SET portatext.account_id = $account{red};
		SELECT recipients || ' ' || total || ' ' || minimum || ' ' || maximum FROM portatext.campaign_preview($campaign)"),
	sql("SELECT count(*) || ' ' || sum(cost) || ' ' || min(cost) || ' ' || max(cost)
		FROM portatext.campaign_recipient WHERE run_id = $run AND reason IS NULL"), 'the preview is their sum');

# The standard deviation of a count is sqrt(n p (1 - p)); five of them are passed once in a million times.
my $n = sql("SELECT recipients FROM portatext.campaign_run WHERE run_id = $run");

sub near
{
	my ($where, $p, $name) = @_;
	my $got = sql("SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = $run AND place IS NOT NULL AND $where");

	cmp_ok(abs($got - $n * $p), '<', 5 * sqrt($n * $p * (1 - $p)), "$name: $got of $n");
	return;
}

near("sender = '+1202555010$_'", 1 / 3, 'CAMP-08, CAMP-09: an even share of the senders') for 1 .. 3;
near("variant = $_->[0]", $_->[1], 'variants by weight') for [ 1, 0.75 ], [ 2, 0.25 ];
near("sender = '+12025550101' AND variant = 2", 1 / 12, 'one does not depend on the other');

# ---- cancelled in a chunk ----

$node->arm_point('build_chunk', 'pause');
$campaign = create($account{red}, q{'cancelled', 'Hello everybody', lists => '{a,b,c,d}'});
$run = run_of($campaign);
ok($node->wait_point_hit('build_chunk'), 'another campaign is being built');
my $canceller = $node->background_psql('postgres');

$canceller->query_until(qr/begun/, "\\echo begun\nSELECT portatext.cancel_campaign($campaign);\n");
ok($node->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%cancel_campaign(%' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()}, 1),
	'cancel_campaign() waits for the chunk');
$node->release_point('build_chunk');
$canceller->quit;
is(state_of($campaign), 'cancelled', 'and then the campaign is cancelled');
ok($node->wait_sql("SELECT count(*) FROM portatext.campaign_recipient WHERE run_id = $run", 0), 'what was written of it goes');

# ---- started while it is built, by a transaction that stays open ----

sql("SET portatext.account_id = $account{blue};
	SELECT portatext.create_contact_list('small');
	SELECT portatext.set_contact('+1212555010' || i, NULL, 'small') FROM generate_series(0, 9) i");
$node->arm_point('build_chunk', 'pause');
$campaign = create($account{blue}, q{'started', 'Hello everybody', lists => '{small}'});
ok($node->wait_point_hit('build_chunk'), 'a campaign is being built');
my $starter = $node->background_psql('postgres');

is($starter->query_safe("BEGIN; SELECT portatext.start_campaign($campaign)"), 'building', 'start_campaign() waits for nobody');
$node->release_point('build_chunk');
my $other = create($account{red}, q{'other', 'Hello everybody', lists => '{d}'});

reaches($other, 'ready', 'a transaction that has started a campaign and stays open stops no other build');
is(state_of($campaign), 'building', 'its own campaign waits');
$starter->query_safe('COMMIT');
$starter->quit;
ok($node->wait_sql("SELECT count(*) FROM portatext.event WHERE subject = '$campaign' AND type IN ('campaign.ready', 'campaign.running')", 2),
	'and starts by itself when that commits');

# ---- a query whose owner tries to be more than he is ----

sql(qq{
	CREATE ROLE campaign_red LOGIN;
	SELECT portatext.grant_account('campaign_red', $account{red});
	CREATE SCHEMA red AUTHORIZATION campaign_red;
	SET ROLE campaign_red;
	CREATE FUNCTION red.reset() RETURNS text LANGUAGE plpgsql AS \$\$
	BEGIN
		PERFORM pg_advisory_lock(4711);
		RESET ALL;
		RETURN portatext.sees_all() || ' ' || portatext.is_operator();
	END \$\$;
	SELECT portatext.create_query_list('reset', 'SELECT ''+12125550001'' AS number, red.reset() AS who');
});
$campaign = create($account{red}, q{'reset', 'Hello {{who}}', lists => '{reset}'});
reaches($campaign, 'ready', 'a campaign of a query');
is(sql(qq{SELECT c.variables->>'who' FROM portatext.contact c WHERE c.variables ? 'who'}), 'false false',
	'which resets all settings in a worker and is neither the worker nor an operator by that');
is(sql('SELECT count(*) FROM pg_locks WHERE objid = 4711'), 0, 'and leaves no advisory lock there');

# ---- a list that is gone ----

sql("SET portatext.account_id = $account{red}; SELECT portatext.create_contact_list('gone')");
$node->arm_point('build_chunk', 'pause');
$other = create($account{red}, q{'before', 'Hello everybody', lists => '{d}'});
ok($node->wait_point_hit('build_chunk'), 'the runner is busy');
$campaign = create($account{red}, q{'gone', 'Hello everybody', lists => '{gone}'});
sql("SET portatext.account_id = $account{red}; SELECT portatext.delete_contact_list('gone')");
$node->release_point('build_chunk');
$job = job_of($campaign);
ok($node->wait_sql("SELECT failures > 0 FROM portatext.job WHERE job_id = $job"), 'a build that meets an error is tried again');
$starter = $node->background_psql('postgres');
$starter->query_safe("BEGIN; SELECT portatext.start_campaign($campaign)");
sql("UPDATE portatext.job SET failures = 4, run_after = portatext.now() WHERE job_id = $job");
ok($node->wait_sql("SELECT failures FROM portatext.job WHERE job_id = $job", 5), 'while somebody holds the run, it is put off once more');
$starter->query_safe('ROLLBACK');
$starter->quit;
sql("UPDATE portatext.job SET run_after = portatext.now() WHERE job_id = $job");
reaches($campaign, 'failed', 'and fails after some errors');
is(sql("SELECT state FROM portatext.job WHERE job_id = $job"), 'failed', 'with its job');
is(sql("SELECT count(*) FROM portatext.event WHERE subject = '$campaign' AND type = 'campaign.failed'"), '1', 'an event tells it');
reaches($other, 'ready', 'other campaigns are built');
unlike($node->log_since(0), qr/deadlock/, 'nobody waited for each other');

$node->stop;
done_testing();
