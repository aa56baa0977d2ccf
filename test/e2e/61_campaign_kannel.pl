# A campaign through the real Kannel, to numbers in 40 time zones whose windows open
# one after the other: the dispatcher is killed again and again, the campaign is paused
# and resumed twice, and runs out of funds once.  The message centre's record decides:
# it saw each eligible number exactly once, inside its window, with its own text; the
# ledger proves that each was paid for once.
#
# The business clock (portatext.clock_offset) goes through two days in steps of two
# hours.  What a kill left unclear is settled as an operator would, by that record.
#
# 2,000 recipients and 3 kills; with CHECK_LONG=1 20,000 and 10.
use strict;
use warnings;

use Carrier;
use CampaignCheck qw(broken broken_at_rest);
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use Test::More;
use Time::HiRes qw(time sleep);

my $each = $ENV{CHECK_LONG} ? 500 : 50;    # recipients of a zone
my $kills = $ENV{CHECK_LONG} ? 10 : 3;
my $patience = $ENV{CHECK_LONG} ? 300 : 60;    # seconds for what is open in one step
my @points = qw(request_started claim_committed answer_received outcome_before_commit claim_before_commit outcome_committed);

# Four digits more make a number that lies in this zone; the window is 09:00 to 12:00 there.
my %zone = (
	'+1202555' => 'America/New_York', '+1312555' => 'America/Chicago', '+1303555' => 'America/Denver',
	'+1213555' => 'America/Los_Angeles', '+1808555' => 'Pacific/Honolulu', '+1902555' => 'America/Halifax',
	'+1876555' => 'America/Jamaica', '+5989912' => 'America/Montevideo', '+549112345' => 'America/Argentina/Buenos_Aires',
	'+551191234' => 'America/Sao_Paulo', '+5191234' => 'America/Lima', '+57300123' => 'America/Bogota',
	'+58412123' => 'America/Caracas', '+59399123' => 'America/Guayaquil', '+52551234' => 'America/Mexico_City',
	'+3361234' => 'Europe/Paris', '+491511234' => 'Europe/Berlin', '+3461234' => 'Europe/Madrid',
	'+30691234' => 'Europe/Athens', '+90532123' => 'Europe/Istanbul', '+38050123' => 'Europe/Kyiv',
	'+7916123' => 'Europe/Moscow', '+20100123' => 'Africa/Cairo', '+2782123' => 'Africa/Johannesburg',
	'+25471234' => 'Africa/Nairobi', '+234803123' => 'Africa/Lagos', '+97150123' => 'Asia/Dubai',
	'+98912123' => 'Asia/Tehran', '+9370123' => 'Asia/Kabul', '+92300123' => 'Asia/Karachi',
	'+91981234' => 'Asia/Kolkata', '+977984123' => 'Asia/Kathmandu', '+880171123' => 'Asia/Dhaka',
	'+95942123' => 'Asia/Yangon', '+6681234' => 'Asia/Bangkok', '+861381234' => 'Asia/Shanghai',
	'+81901234' => 'Asia/Tokyo', '+6141234' => 'Australia/Sydney', '+6421123' => 'Pacific/Auckland',
	'+679912' => 'Pacific/Fiji');

my $carrier = Carrier->start;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('campaign', conf => "portatext.receiver_port = $port\n");
my ($url, $user, $password) = ($carrier->sendsms_url, $carrier->user, $carrier->password);

sub sql { return $node->safe_psql('postgres', @_) }

sub shop { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'shop' ]) }

# ---- the clock ----

my @steps;    # since when (real time) the clock is how many seconds ahead
my $midnight;    # of the first business day, seconds since 1970

# Moves the business clock to so many hours after the first day's beginning, and ten minutes.
sub clock
{
	my ($hours) = @_;
	my $begin = time;
	my $offset = sprintf '%.0f', $midnight + $hours * 3600 + 600 - $begin;

	sql("ALTER SYSTEM SET portatext.clock_offset = $offset");
	sql('SELECT pg_reload_conf()');
	push @steps, [ $begin, $offset ];
	return $node->wait_sql(q{SELECT current_setting('portatext.clock_offset')::numeric}, $offset);
}

# The business time of a moment: its step's.
sub business
{
	my ($t) = @_;
	my ($step) = grep { $_->[0] <= $t } reverse @steps;

	return $t + $step->[1];
}

# ---- the recipients ----

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "$url", "dlr_url": "http://127.0.0.1:$port"}',
		username => '$user', password => '$password', sender_segments_per_second => NULL);
	CREATE ROLE shop LOGIN;
	SELECT portatext.grant_account('shop', portatext.create_account('shop', carrier => 'kannel'));
	SELECT portatext.assign_did('+1202555010' || i, account_id) FROM portatext.account, generate_series(1, 3) i WHERE name = 'shop';
	SELECT portatext.set_tariff('', 1);
	CREATE TABLE target (number text PRIMARY KEY, zone text NOT NULL, fate text NOT NULL DEFAULT 'eligible');
	CREATE TABLE zone (zone text PRIMARY KEY);
	CREATE TABLE record (n bigint, number text, at timestamptz, body text, sender text);
	GRANT SELECT ON target TO shop;
});
$midnight = sql(q{SELECT extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '2 days')::bigint});
sql('INSERT INTO target SELECT p || i, z FROM (VALUES ' . join(', ', map { "('$_', '$zone{$_}')" } sort keys %zone)
	. ") v (p, z), generate_series(1000, 999 + $each) i");
is(sql(q{SELECT string_agg(number, ' ') FROM target t WHERE COALESCE((SELECT bool_or(now() AT TIME ZONE z <> now() AT TIME ZONE t.zone)
	FROM unnest(portatext.number_timezones(number)) z), true)}), '', 'SCH-06: the numbers lie in these zones');

# The first of each zone: blacklisted before the build, blacklisted after it, cancelled,
# refused by the message centre, reported as undelivered.
sql(q{
	UPDATE target SET fate = CASE right(number, 4)::int WHEN 1003 THEN 'blacklisted' WHEN 1004 THEN 'blacklisted later'
		WHEN 1005 THEN 'cancelled' ELSE fate END;
	INSERT INTO target SELECT regexp_replace(number, '....$', f), zone FROM target, (VALUES ('0001'), ('0002')) v (f)
		WHERE number LIKE '%1006' AND number LIKE '+1%';
	INSERT INTO zone SELECT DISTINCT zone FROM target;
	ANALYZE target});
my $eligible = sql(q{SELECT count(*) FROM target WHERE fate = 'eligible'});

my $first = int($eligible * 0.75);

sql(qq{SELECT portatext.recharge($first, 'first', account_id) FROM portatext.account WHERE name = 'shop'});
shop(q{SELECT count(portatext.blacklist_add(number)) FROM target WHERE fate = 'blacklisted'});

# Two lists that overlap, and contacts in the request that are on them.
shop(q{
	SELECT portatext.create_contact_list('one'), portatext.create_contact_list('two');
	SELECT portatext.import_contacts('one', E'number,word\n' || string_agg(number || ',w' || right(number, 4), E'\n' ORDER BY number))
		FROM target WHERE right(number, 1) < '6';
	SELECT portatext.import_contacts('two', E'number,word\n' || string_agg(number || ',w' || right(number, 4), E'\n' ORDER BY number))
		FROM target WHERE right(number, 1) > '4'});
clock(0);
my $id = shop(q{SELECT portatext.create_campaign('world', body => 'Hello {{word}}, this is {{shop}}', variables => '{"shop": "us", "word": "x"}',
	from_number => 'any', lists => '{one,two}', csv => E'number,word\n+12025551007,w1007\n+1 (202) 555-1007,w1007\n',
	schedule => '{"any_day": {"from": "09:00", "to": "12:00"}}')});

ok($node->wait_sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $id", 'ready'), 'CAMP-04: it is built and waits');
my $run = sql("SELECT run_id FROM portatext.campaign_run WHERE campaign_id = $id");

is(sql(qq{SELECT count(*), count(*) FILTER (WHERE reason = 'blacklisted'), count(reason)
	FROM portatext.campaign_recipient WHERE run_id = $run}),
	sql(q{SELECT count(*), count(*) FILTER (WHERE fate = 'blacklisted'), count(*) FILTER (WHERE fate = 'blacklisted') FROM target}),
	'SMS-15: each number is there once; CAMP-13: with its reason if it is skipped');
is(sql("SELECT count(*) FROM portatext.campaign_cohort WHERE run_id = $run AND released = 0"), 40, 'there are 40 zones, and nothing was released');
shop(q{SELECT count(portatext.blacklist_add(number)) FROM target WHERE fate = 'blacklisted later'});
is(shop(qq{SELECT bool_and(portatext.cancel_campaign_contact($id, number)) FROM target WHERE fate = 'cancelled'}), 't',
	'CAMP-12: single contacts are cancelled');
sql('ANALYZE portatext.campaign_recipient');
is($carrier->control('/stats')->{submits} // 0, 0, 'CAMP-04: nothing goes out before the start');

# ---- driving it ----

# Recipients who may be written to now and are not through yet, while the run runs.
my $open = qq{
	SELECT count(*) FROM portatext.campaign_recipient r JOIN target t USING (number) JOIN portatext.campaign_run n USING (run_id)
		LEFT JOIN portatext.message m USING (message_id)
	WHERE r.run_id = $run AND n.state = 'running' AND r.reason IS NULL AND (r.message_id IS NULL OR m.step = 'queued')
		AND t.zone = ANY (ARRAY(SELECT zone FROM zone WHERE (portatext.now() AT TIME ZONE zone)::time >= '09:00'
			AND (portatext.now() AT TIME ZONE zone)::time < '12:00'))};

sub drained
{
	return $node->wait_sql("SELECT ($open) + (SELECT count(*) FROM portatext.lease)", 0, 'postgres', $patience);
}

# Waits until everything that Kannel has accepted is at the message centre.
sub quiet
{
	my ($seen, $moved) = (-1, time);

	return wait_for {
		my $now = $carrier->control('/stats')->{submits} // 0;

		($seen, $moved) = ($now, time) if $now != $seen;
		sleep 0.05;
		time - $moved > 0.5 && $carrier->admin('status.txt') =~ /SMS: received .*?sent \d+ \(0 queued\).*queued 0 msgs/s
	} $patience;
}

my ($last, $settled, %seen) = (0, 0);

sub read_record
{
	my @new = $carrier->submits(since => $last);

	return unless @new;
	$last = $new[-1]{n};
	$seen{"+$_->{to}"}++ for @new;
	sql('INSERT INTO record VALUES ' . join ', ', map { sprintf q{(%d, '+%s', to_timestamp(%.3f), '%s', '%s')},
		$_->{n}, $_->{to}, business($_->{t}), $_->{text} =~ s/'/''/gr, $_->{from} } @new);
	return;
}

# What an operator does with messages of which nobody knows whether they went out.  A late
# receipt may have settled one a moment earlier.
sub settle
{
	read_record();
	for (split /\n/, sql(q{SELECT message_id, to_number FROM portatext.needs_attention WHERE kind = 'unclear'}))
	{
		my ($message, $number) = split /\|/;

		my $err = '';
		$node->psql('postgres', sprintf(q{SELECT portatext.settle_message('%s', '%s')}, $message, $seen{$number} ? 'sent' : 'resend'),
			stderr => \$err);
		die $err if $err =~ /ERROR/ && !($seen{$number} && $err =~ /has already ended|is not in doubt/);
		$settled++ unless $err;
	}
	return;
}

sub run_state { return sql("SELECT state || COALESCE(' ' || reason, '') FROM portatext.campaign_run WHERE run_id = $run") }

# Kills the dispatcher where it passes this point next; it was armed before.
sub kill_at
{
	my ($point) = @_;
	return ok($node->finish_kill($point, 'portatext dispatcher', 10), "killed at $point, the server comes back");
}

# Everything that may go out now has gone out.
sub finish_step
{
	my ($what) = @_;

	ok(drained(), "$what: what is open goes out");
	quiet();
	settle();
	ok(drained(), "$what: also what was unclear");
	quiet();
	read_record();
	is(broken($node), '', "$what: all is consistent");
	return;
}

# ---- out of funds ----

my $topped_up = 0;

sub top_up
{
	my ($pending, $seen) = (sql($open =~ s/n.state = 'running'/true/r), scalar keys %seen);

	$topped_up++;
	cmp_ok($pending, '>', 0, 'CAMP-05: no funds, so it is paused; CAMP-07: contacts are pending');
	sql(qq{SELECT portatext.recharge($eligible, 'second', account_id) FROM portatext.account WHERE name = 'shop'});
	read_record();
	is(scalar keys %seen, $seen, 'CAMP-06: nothing goes out after the top-up');
	is(run_state(), 'paused no_credits', 'CAMP-06: it stays paused');
	shop("SELECT portatext.resume_campaign($id)");
	return;
}

# ---- paused ----

my $parked = "SELECT count(*) FROM portatext.parked WHERE key = 'run:$run'";

# While messages wait in the outbox: the dispatcher is stopped in a claim, and killed there.
sub pause_in_a_claim
{
	ok($node->wait_point_hit('claim_before_commit'), 'a claim is about to be committed');
	shop("SELECT portatext.pause_campaign($id)");
	ok($node->kill9_worker('portatext dispatcher'), 'the campaign is paused, the dispatcher killed: the server comes back');
	$node->disarm_points;
	ok($node->wait_sql("SELECT count(*) FROM portatext.outbox", 0), 'CAMP-14: what was in the outbox is set aside');
	cmp_ok(sql($parked), '>', 0, 'and waits there');
	return;
}

# While they go out; then resumed at once.
sub pause_and_resume
{
	my ($before) = @_;

	ok($node->wait_sql("SELECT count(*) > $before FROM portatext.message WHERE step <> 'queued'"), 'messages go out');
	shop("SELECT portatext.pause_campaign($id)");
	ok($node->wait_sql('SELECT (SELECT count(*) FROM portatext.outbox WHERE due <= portatext.now()) + (SELECT count(*) FROM portatext.lease)', 0), 'paused');
	quiet();
	read_record();
	my $seen = scalar keys %seen;

	quiet();
	read_record();
	is(scalar keys %seen, $seen, 'CAMP-14: nothing goes out any more');
	shop("SELECT portatext.resume_campaign($id)");
	return;
}

# ---- two days; on the second those who were closed out by the pause get theirs ----

my $killed = 0;
my %kill = map { $_ => 1 } $kills > 3 ? (0, 2, 4, 6, 12, 14, 18, 20, 22) : (4, 20);

for my $hour ((map { 2 * $_ } 0 .. 11), 32, 34)
{
	my $point = $points[ $killed % @points ];
	my $what = "hour $hour";
	my $out = sql(q{SELECT count(*) FROM portatext.message WHERE step <> 'queued'});

	$node->arm_point($point, 'kill') if $kill{$hour};
	$node->arm_point('claim_before_commit', 'pause') if $hour == 8;
	clock($hour);
	shop("SELECT portatext.start_campaign($id)") if $hour == 0;
	shop("SELECT portatext.resume_campaign($id)") if $hour == 12;
	$killed += kill_at($point) if $kill{$hour};
	pause_in_a_claim() if $hour == 8;
	pause_and_resume($out) if $hour == 16;
	finish_step($what);
	cmp_ok(sql($parked), '>', 0, 'a paused campaign\'s messages stay where they are') if $hour == 10;
	next unless run_state() eq 'paused no_credits';
	top_up();
	finish_step("$what, topped up");
}
$killed++;    # that in the claim
is($killed, $kills, "the dispatcher was killed $kills times");
is($topped_up, 1, 'CAMP-05: the campaign ran out of funds once');
ok($node->wait_sql("SELECT state FROM portatext.campaign_run WHERE run_id = $run", 'finished'), 'CAMP-11: it is finished');

# ---- what the message centre saw ----

# The first rows.
sub few { return sql("SELECT string_agg(x, ', ') FROM ($_[0] LIMIT 5) q (x)") }

is(few(q{SELECT number FROM record GROUP BY 1 HAVING count(*) > 1}), '',
	'no number was written to twice');
is(few(q{SELECT number || ' ' || fate FROM target t WHERE (fate = 'eligible') <> EXISTS (SELECT FROM record r WHERE r.number = t.number)}), '',
	'each eligible number was written to, and no other');
is(few(q{SELECT concat_ws(' ', number, at) FROM record r JOIN target t USING (number)
	WHERE (at AT TIME ZONE zone)::time NOT BETWEEN '09:00' AND '11:59:59.999'}), '', 'SCH-02: each inside its window');
is(few(q{SELECT concat_ws(' ', number, body) FROM record
	WHERE body <> 'Hello w' || right(number, 4) || ', this is us'}), '', 'CAMP-15: each with its own text');
is(sql(q{SELECT count(*) FROM (SELECT count(*) / sum(count(*)) OVER () AS share FROM record GROUP BY sender) s
	WHERE share BETWEEN 0.28 AND 0.39}), 3, 'CAMP-08, CAMP-09: three senders share the messages');

# ---- the books ----

ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE state IN ('queued', 'sending')}, 0), 'every message has its receipt');
is(broken_at_rest($node), '', 'all is consistent: cursors, counts, charges, refunds, balances');
is(shop('SELECT portatext.balance()') + 0, sql("SELECT $first + $eligible + sum(amount)
	FROM portatext.ledger_entry WHERE kind IN ('charge', 'refund')") + 0, 'the balance is what was paid in less what was used');
is(sql(q{SELECT count(*) FILTER (WHERE kind = 'charge'), count(*) FILTER (WHERE kind = 'refund') FROM portatext.ledger_entry}),
	"$eligible|" . sql(q{SELECT count(*) FROM target WHERE number LIKE '%0001'}),
	'BILL-24: one charge a message; BILL-04: refunds for those refused, and no other');
is(sql("SELECT count(*), sum(amount) FROM portatext.ledger_entry WHERE kind = 'charge'"), "$eligible|-$eligible", 'of one credit each');
note("summary: $eligible recipients in 40 zones, $killed kills, $settled unclear");

$node->stop;
done_testing();
