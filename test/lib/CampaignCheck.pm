# What holds for campaigns at any time, whatever is killed, asked in one statement
# and so of one moment; and what else holds when everything is at rest.
#
#   use CampaignCheck qw(broken broken_at_rest);
#   is(broken($node), '', 'all is consistent');
#
# Gives the names of what does not hold, with counts; an empty text: all does.
package CampaignCheck;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(broken broken_at_rest);

# Each counts what should not be there.
my %always = (
	'CAMP-07: behind the cursor and neither sent nor skipped, or the other way round' => q{
		SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.campaign_cohort c USING (run_id, cohort)
		WHERE r.place IS NOT NULL AND (r.place <= c.released) <> (r.message_id IS NOT NULL OR r.reason IS NOT NULL)},
	'places with gaps' => q{
		SELECT count(*) FROM portatext.campaign_cohort c WHERE c.places <> (SELECT count(*) FROM portatext.campaign_recipient r
			WHERE r.run_id = c.run_id AND r.cohort = c.cohort AND r.place BETWEEN 1 AND c.places)},
	'a recipient without a place that was not skipped by the build' => q{
		SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id)
		WHERE n.state <> 'building' AND r.place IS NULL AND (r.reason IS NULL OR r.message_id IS NOT NULL)},
	'a cursor behind the last place' => q{
		SELECT count(*) FROM portatext.campaign_cohort WHERE released > places OR released < 0},
	'recipients of a run and places of its cohorts' => q{
		SELECT count(*) FROM portatext.campaign_run n WHERE n.state NOT IN ('building', 'failed') AND n.recipients <>
			(SELECT COALESCE(sum(c.places), 0) FROM portatext.campaign_cohort c WHERE c.run_id = n.run_id)},
	'a number with two messages in a run' => q{
		SELECT count(*) FROM (SELECT FROM portatext.message m JOIN portatext.campaign_group g USING (group_id)
			GROUP BY g.run_id, m.to_number HAVING count(*) > 1) twice},
	'a message that is no recipient\'s' => q{
		SELECT count(*) FROM portatext.message m JOIN portatext.campaign_group g USING (group_id)
		WHERE NOT EXISTS (SELECT FROM portatext.campaign_recipient r WHERE r.run_id = g.run_id
			AND r.number = m.to_number::text AND r.message_id = m.message_id AND r.variant = g.variant)},
	'a recipient whose message is not there' => q{
		SELECT count(*) FROM portatext.campaign_recipient r
		WHERE r.message_id IS NOT NULL AND NOT EXISTS (SELECT FROM portatext.message m WHERE m.message_id = r.message_id)},
	'counted and true numbers of messages by state' => q{
		SELECT count(*) FROM (SELECT group_id, state, messages FROM portatext.message_group_count WHERE messages <> 0) c
			FULL JOIN (SELECT group_id, state, count(*) FROM portatext.message WHERE group_id IS NOT NULL GROUP BY 1, 2) m
			USING (group_id, state)
		WHERE c.messages IS DISTINCT FROM m.count},
	'campaign_progress: each recipient once' => q{
		SELECT count(*) FROM portatext.campaign_progress p JOIN portatext.campaign_run n ON n.campaign_id = p.campaign_id AND n.ord = p.run
		WHERE n.state NOT IN ('building', 'failed') AND p.pending + p.queued + p.sending + p.delivered + p.undelivered + p.rejected + p.expired
			+ p.skipped + p.cancelled <> (SELECT count(*) FROM portatext.campaign_recipient r WHERE r.run_id = n.run_id)},
	'campaign_progress: pending and skipped' => q{
		SELECT count(*) FROM portatext.campaign_progress p JOIN portatext.campaign_run n ON n.campaign_id = p.campaign_id AND n.ord = p.run,
			LATERAL (SELECT count(*) FILTER (WHERE r.message_id IS NULL AND r.reason IS NULL AND e.run_id IS NULL) AS pending,
				count(*) FILTER (WHERE r.reason <> 'cancelled' OR m.state = 'skipped') AS skipped
			FROM portatext.campaign_recipient r LEFT JOIN portatext.campaign_cancellation e USING (run_id, number)
				LEFT JOIN portatext.message m USING (message_id) WHERE r.run_id = n.run_id) t
		WHERE n.state NOT IN ('building', 'failed', 'cancelled') AND (p.pending, p.skipped) IS DISTINCT FROM (t.pending, t.skipped)},
	'BILL-20: balances' => q{SELECT count(*) FROM portatext.check_balances()},
	'BILL-24: charged otherwise than once' => q{
		SELECT count(*) FROM portatext.message m LEFT JOIN (SELECT reference, count(*), -sum(amount) AS credits
			FROM portatext.ledger_entry WHERE kind = 'charge' GROUP BY reference) l ON l.reference = m.message_id
		WHERE l.count IS DISTINCT FROM 1 OR l.credits <> m.cost},
	'a charge without a message' => q{
		SELECT count(*) FROM portatext.ledger_entry l WHERE l.kind = 'charge'
			AND NOT EXISTS (SELECT FROM portatext.message m WHERE m.message_id = l.reference)},
	'BILL-21: refunded twice' => q{
		SELECT count(*) FROM (SELECT FROM portatext.ledger_entry WHERE kind = 'refund' GROUP BY reference HAVING count(*) > 1) twice},
);

my %at_rest = (
	'BILL-04: refunds and states' => q{
		SELECT count(*) FROM portatext.message m WHERE (state IN ('rejected', 'skipped', 'expired', 'cancelled'))
			<> EXISTS (SELECT FROM portatext.ledger_entry l WHERE l.reference = m.message_id AND l.kind = 'refund')},
	'in no place or in two' => q{
		SELECT count(*) FROM portatext.message m WHERE (step = 'queued')::int <>
			(SELECT count(*) FROM portatext.outbox o WHERE o.message_id = m.message_id)
			+ (SELECT count(*) FROM portatext.parked p WHERE p.message_id = m.message_id)
			+ (SELECT count(*) FROM portatext.lease l, unnest(l.ids) i WHERE i = m.message_id AND m.step = 'queued')},
	'BILL-22: unclear and not listed' => q{
		SELECT count(*) FROM portatext.message m WHERE step = 'unclear'
			AND NOT EXISTS (SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)},
	'CAMP-11: finished, and somebody was forgotten' => q{
		SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id)
			LEFT JOIN portatext.message m USING (message_id)
		WHERE n.state = 'finished' AND r.reason IS NULL AND (r.message_id IS NULL OR m.step = 'queued')},
	'credits counted and charged' => q{
		SELECT count(*) FROM (SELECT group_id, sum(credits) AS counted FROM portatext.message_group_count GROUP BY 1) c
			FULL JOIN (SELECT m.group_id, -sum(l.amount) AS charged FROM portatext.message m
				JOIN portatext.ledger_entry l ON l.reference = m.message_id WHERE m.group_id IS NOT NULL GROUP BY 1) m USING (group_id)
		WHERE COALESCE(counted, 0) <> COALESCE(charged, 0)},
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

sub broken { return ask($_[0], %always) }
sub broken_at_rest { return ask($_[0], %always, %at_rest) }

1;
