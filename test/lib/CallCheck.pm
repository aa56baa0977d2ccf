# What holds for calls, targets and agents, asked with plain SQL that knows the decision
# table (TEL-20 to TEL-32) by itself and uses no function of the telephony room.
#
#   use CallCheck qw(broken_calls broken_calls_at_rest);
#   is(broken_calls($node), '', 'all is consistent');
#
# The flows of the tests are told by the name of their campaign: 'amd %' has AMD with
# if_human and if_notsure that forward and an empty if_machine; 'machine %' the same with
# an if_machine that plays; 'forward %' a forward and no AMD; 'plain %' neither.
# Gives the names of what does not hold, with counts; an empty text: all does.
package CallCheck;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(broken_calls broken_calls_at_rest);

# Each call with what the decision table says of it.
my $judged = q{
	SELECT c.*, CASE
		WHEN c.result IS DISTINCT FROM 'ANSWER' THEN false                               -- TEL-20
		WHEN p.name LIKE 'plain %' THEN true                                              -- TEL-21
		WHEN p.name LIKE 'forward %' THEN c.b_result IS NOT DISTINCT FROM 'ANSWER'        -- TEL-22, TEL-23, TEL-32
		WHEN c.amd IS NULL OR c.amd = 'HANGUP' THEN false                                 -- TEL-24, TEL-31
		WHEN c.amd = 'MACHINE' THEN p.name LIKE 'machine %'                               -- TEL-25, TEL-26
		ELSE c.b_result IS NOT DISTINCT FROM 'ANSWER' END AS good,                        -- TEL-27, TEL-28
		c.result NOT IN ('CANCELLED', 'NO_CREDITS', 'BLACKLISTED', 'ENGINE_ERROR') AS issued, k.iterations, k.min_iteration_time
	FROM portatext.call c JOIN portatext.campaign p USING (campaign_id) JOIN portatext.call_campaign k USING (campaign_id)};

my %always = (
	'TEL-03: contacted otherwise than the table says' => qq{
		SELECT count(*) FROM ($judged) c WHERE c.ended_at IS NOT NULL AND c.contacted IS DISTINCT FROM c.good},
	'TEL-03: called after success' => qq{
		SELECT count(*) FROM (SELECT bool_or(good) OVER (PARTITION BY run_id, to_number ORDER BY created_at, call_id
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM ($judged) c) c WHERE before},
	'two calls to a target at a time' => q{
		SELECT count(*) FROM (SELECT created_at, lag(COALESCE(ended_at, 'infinity')) OVER (PARTITION BY run_id, to_number ORDER BY created_at, call_id) AS before
			FROM portatext.call WHERE run_id IS NOT NULL) c WHERE created_at < before},
	'TEL-04: more than iterations calls' => qq{
		SELECT count(*) FROM (SELECT FROM ($judged) c WHERE issued IS NOT FALSE GROUP BY run_id, to_number
			HAVING count(*) > min(iterations)) many},
	'TEL-04: too early' => qq{
		SELECT count(*) FROM (SELECT created_at - lag(ended_at) OVER w AS pause, min_iteration_time FROM ($judged) c
			WHERE issued IS NOT FALSE WINDOW w AS (PARTITION BY run_id, to_number ORDER BY created_at)) i
		WHERE pause < min_iteration_time},
	'BL-04: blacklisted, and called' => q{
		SELECT count(*) FROM portatext.call c JOIN portatext.blacklist b ON b.account_id = c.account_id AND b.number = c.to_number
		WHERE c.created_at > b.created_at},
	'an agent with two calls' => q{
		SELECT count(*) FROM (SELECT agent_id, connect_at, lead(connect_at) OVER (PARTITION BY agent_id ORDER BY connect_at, call_id) AS next,
				COALESCE(b_ended_at, ended_at, 'infinity') AS until FROM portatext.call WHERE agent_id IS NOT NULL AND connect_at IS NOT NULL) a
		WHERE next < until},
	'times out of order' => q{
		SELECT count(*) FROM portatext.call WHERE answered_at < ringing_at OR ended_at < answered_at OR b_answered_at < waiting_at
			OR b_ended_at < b_answered_at OR ended_at < created_at - interval '1 s'},
	'ended, and still in a line' => q{
		SELECT count(*) FROM portatext.call WHERE (state = 'ended') <> (ended_at IS NOT NULL) OR (state = 'ended') <> (result IS NOT NULL)},
	'NER-02: counters and calls' => qq{
		SELECT count(*) FROM portatext.call_run r WHERE (r.calls, r.contacted, r.live, r.abandoned) IS DISTINCT FROM
			(SELECT (count(*) FILTER (WHERE c.issued), (SELECT count(DISTINCT t.to_number) FROM ($judged) t WHERE t.run_id = r.run_id AND t.good),
				count(*) FILTER (WHERE c.live), count(*) FILTER (WHERE c.live AND c.abandoned_at IS NOT NULL))
			FROM ($judged) c WHERE c.run_id = r.run_id AND c.ended_at IS NOT NULL)},
	'a target whose state does not follow from its calls' => qq{
		SELECT count(*) FROM portatext.call_target t JOIN portatext.campaign_run r USING (run_id) JOIN portatext.call_campaign k USING (campaign_id),
			LATERAL (SELECT count(*) FILTER (WHERE c.issued) AS issued, count(*) FILTER (WHERE c.ended_at IS NULL) AS open, bool_or(c.good) AS good,
				count(*) FILTER (WHERE c.result = 'INVALID_NUMBER') AS invalid
				FROM ($judged) c WHERE c.run_id = t.run_id AND c.to_number = t.number) c
		WHERE t.state <> CASE WHEN c.good THEN 'contacted' WHEN c.open > 0 THEN 'calling'
				WHEN c.issued >= k.iterations OR c.invalid >= 2 THEN 'given_up' ELSE 'waiting' END::portatext.target_state
			AND t.state NOT IN ('cancelled', 'skipped', 'preview')},
	'BILL-20: balances' => q{SELECT count(*) FROM portatext.check_balances()},
);

my %at_rest = (
	'a call that is still open' => q{SELECT count(*) FROM portatext.call WHERE ended_at IS NULL},
	'an agent with a call' => q{SELECT count(*) FROM portatext.agent WHERE call_id IS NOT NULL OR state IN ('ringing', 'on_call')},
	'a target that is being called' => q{SELECT count(*) FROM portatext.call_target WHERE state IN ('calling', 'preview')},
	'credits: cost, answer and tariff' => q{
		SELECT count(*) FROM portatext.call c WHERE c.answered_at IS NULL AND c.cost <> 0 OR c.reserved <> 0},
	'credits: ledger and calls' => q{
		SELECT count(*) FROM (SELECT account_id, sum(cost) AS cost FROM portatext.call GROUP BY 1) c
		WHERE c.cost <> -(SELECT COALESCE(sum(l.amount), 0) FROM portatext.ledger_entry l WHERE l.account_id = c.account_id AND l.kind IN ('charge', 'refund'))},
);

sub ask
{
	my ($node, %query) = @_;
	my @name = sort keys %query;
	my $number = 0;
	my $all = join ' UNION ALL ', map { $number++; "SELECT $number, ($query{$_})" } @name;

	return join '; ', map { /(\d+)\|(\d+)/ ? "$name[$1 - 1]: $2" : $_ }
	  split /\n/, $node->safe_psql('postgres', "SELECT * FROM ($all) q (name, n) WHERE n <> 0 ORDER BY 1");
}

sub broken_calls { return ask($_[0], %always) }
sub broken_calls_at_rest { return ask($_[0], %always, %at_rest) }

1;
