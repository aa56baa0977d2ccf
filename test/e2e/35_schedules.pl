# Schedules: the C code against a model in SQL that knows PostgreSQL's timezone()
# only, and messages that wait for their window (SCH-02, SCH-04 to SCH-09).
#
# PT_SEED=n repeats a run's random part.
use strict;
use warnings;

use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('schedules', conf => "portatext.dispatchers = 0\ntimezone = 'UTC'\n");
my $seed = $ENV{PT_SEED} // int(rand(1_000_000));

srand $seed;
note("PT_SEED=$seed");

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }

sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for sort keys %settings;
	$node->reload;
	return;
}

sql('CREATE EXTENSION portatext');

# ---- random schedules ----

sub one_of { return $_[rand @_] }

sub random_time
{
	my ($most) = @_;
	my $minute = one_of(int(rand(1440)), 60 * int(rand(24)), 15 * int(rand(96)), 120 + int(rand(60)), $most);

	return sprintf '%02d:%02d', $minute / 60, $minute % 60;
}

sub random_window
{
	my ($from, $to) = (random_time(1439), random_time(1440));

	$to = random_time(1440) while $to eq $from;
	return qq({"from": "$from", "to": "$to"});
}

sub random_schedule
{
	my @days = qw(sunday monday tuesday wednesday thursday friday saturday);
	my @keys;

	push @keys, '"any_day": [' . join(', ', map { random_window() } 1 .. 1 + rand 3) . ']' if rand() < 0.6;
	push @keys, map { qq("$_": ) . random_window() } grep { rand() < 0.5 } @days if rand() < 0.5;
	push @keys, '"months": [' . join(', ', 2, grep { rand() < 0.5 } 1 .. 12) . ']' if rand() < 0.4;
	push @keys, '"days": [' . join(', ', 29, grep { rand() < 0.4 } 1 .. 31) . ']' if rand() < 0.4;
	return '{' . join(', ', @keys) . '}';
}

# ---- the model ----

# A year before this one, this one, or one to come.
my $year = 1972 + int(rand(90));
note("years 2026 and $year");

sql(<<'EOT');
CREATE SCHEMA model;

CREATE FUNCTION model.east(zone text, at timestamptz) RETURNS int LANGUAGE sql STABLE AS
	$$ SELECT extract(epoch FROM (at AT TIME ZONE zone) - (at AT TIME ZONE 'UTC'))::int $$;

-- AT TIME ZONE takes a name that is an abbreviation too (CET) for that, which has no summer time
CREATE TABLE model.zone AS SELECT name, upper(name) IN (SELECT abbrev FROM pg_timezone_abbrevs) AS ambiguous FROM pg_timezone_names;

-- when the zones' clocks are changed: the day, the hour, the minute, the second
CREATE TABLE model.change (year int, name text, at timestamptz);
CREATE FUNCTION model.find_changes(y int) RETURNS void LANGUAGE sql AS $$
	WITH days AS (
		SELECT name, d, model.east(name, d) AS east
		FROM model.zone, generate_series(make_timestamptz(y, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(y, 12, 31, 0, 0, 0, 'UTC'), '1 day') d
		WHERE NOT ambiguous
	), changes AS (
		SELECT name, d, lead(east) OVER (PARTITION BY name ORDER BY d) <> east AS changed FROM days
	), hours AS (
		SELECT name, h FROM changes, generate_series(d, d + interval '23 hours', '1 hour') h
		WHERE changed AND model.east(name, h) <> model.east(name, h + interval '1 hour')
	), minutes AS (
		SELECT name, m FROM hours, generate_series(h, h + interval '59 minutes', '1 minute') m
		WHERE model.east(name, m) <> model.east(name, m + interval '1 minute')
	)
	INSERT INTO model.change SELECT y, name, s FROM minutes, generate_series(m + interval '1 s', m + interval '1 minute', '1 s') s
		WHERE model.east(name, s - interval '1 s') <> model.east(name, s)
$$;

-- one zone of those that behave alike in a year
CREATE TABLE model.representative (year int, name text, zones bigint);
CREATE FUNCTION model.find_representatives(y int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO model.representative SELECT y, min(name), count(*)
	FROM (SELECT z.name, model.east(z.name, make_timestamptz(y, 1, 1, 0, 0, 0, 'UTC')) AS first,
			(SELECT string_agg(c.at::text || model.east(z.name, c.at), ' ' ORDER BY c.at) FROM model.change c
			 WHERE c.year = y AND c.name = z.name) AS later
		FROM model.zone z WHERE NOT z.ambiguous) b
	GROUP BY first, later
$$;

CREATE TABLE model.schedule (id int, definition jsonb);
-- minutes of the day a window begins on; without any window, the whole day
CREATE VIEW model.win AS
	SELECT w.id, w.dow, f, CASE WHEN t < f THEN t + 1440 ELSE t END AS t
	FROM (SELECT s.id, array_position('{sunday,monday,tuesday,wednesday,thursday,friday,saturday}', k.key) - 1 AS dow,
			split_part(w ->> 'from', ':', 1)::int * 60 + split_part(w ->> 'from', ':', 2)::int AS f,
			split_part(w ->> 'to', ':', 1)::int * 60 + split_part(w ->> 'to', ':', 2)::int AS t
		FROM model.schedule s, jsonb_each(s.definition) k,
			jsonb_array_elements(CASE jsonb_typeof(k.value) WHEN 'array' THEN k.value ELSE jsonb_build_array(k.value) END) w
		WHERE k.key NOT IN ('months', 'days')) w
	UNION ALL
	SELECT id, NULL, 0, 1440 FROM model.schedule WHERE definition - '{months,days}'::text[] = '{}';

CREATE TABLE model.windows (id int, dow int, f int, t int, months int[], days int[]);
CREATE INDEX ON model.windows (id);

-- what is compared: a schedule in zones from a day to another
CREATE TABLE model.asked (ord serial, id int, zones text[], year int, from_day date, to_day date);

-- the model: a window holds that began today or yesterday, in each of the zones
CREATE TABLE model.moment (ord int, at timestamptz);
CREATE VIEW model.answer AS
	SELECT ord, at, bool_and(held) AS open
	FROM (SELECT m.ord, m.at, z, bool_or((w.dow IS NULL OR w.dow = extract(dow FROM begun))
			AND (w.months IS NULL OR extract(month FROM begun) = ANY (w.months))
			AND (w.days IS NULL OR extract(day FROM begun) = ANY (w.days))
			AND extract(hour FROM l.now) * 60 + extract(minute FROM l.now) + 1440 * back BETWEEN w.f AND w.t - 1) AS held
		FROM model.moment m JOIN model.asked a USING (ord), unnest(a.zones) z, (VALUES (0), (1)) y(back),
			LATERAL (SELECT m.at AT TIME ZONE z AS now) l, LATERAL (SELECT l.now::date - back AS begun) b, model.windows w
		WHERE w.id = a.id GROUP BY 1, 2, 3) h
	GROUP BY 1, 2;

-- every time at which it may change: a local clock shows a window's beginning or end or midnight, or is changed
CREATE FUNCTION model.find_moments() RETURNS void LANGUAGE sql AS $$
	WITH offsets AS MATERIALIZED (
		SELECT DISTINCT a.ord, a.id, a.from_day, a.to_day, z, model.east(z, at) AS east
		FROM model.asked a, unnest(a.zones) z, LATERAL (
			SELECT make_timestamptz(a.year, 1, 1, 0, 0, 0, 'UTC') AS at
			UNION ALL SELECT c.at FROM model.change c WHERE c.year = a.year AND c.name = z) p
	)
	INSERT INTO model.moment
	SELECT o.ord, m.at
		FROM offsets o, LATERAL (SELECT f AS minute FROM model.windows w WHERE w.id = o.id
			UNION SELECT t % 1440 FROM model.windows w WHERE w.id = o.id UNION SELECT 0) b,
			generate_series(o.from_day::timestamp, o.to_day, '1 day') d,
			LATERAL (SELECT (d + make_interval(mins => b.minute)) AT TIME ZONE 'UTC' - make_interval(secs => o.east) AS at) m
		WHERE o.east IN (model.east(o.z, m.at), model.east(o.z, m.at - interval '1 us'))
	UNION SELECT a.ord, c.at FROM model.asked a, model.change c
		WHERE c.year = a.year AND c.name = ANY (a.zones) AND c.at >= a.from_day::timestamptz AND c.at < a.to_day::timestamptz
$$;
EOT

sql("SELECT model.find_changes($_), model.find_representatives($_)") for 2026, $year;

my @known = (
	'{"any_day": {"from": "09:30", "to": "18:00"}}',
	'{"any_day": {"from": "21:30", "to": "02:15"}}',
	'{"saturday": {"from": "22:00", "to": "02:30"}, "sunday": [{"from": "00:30", "to": "01:30"}, {"from": "02:30", "to": "03:00"}]}',
	'{"days": [1, 29, 31], "months": [1, 2, 3, 4, 9, 10, 11], "any_day": {"from": "23:00", "to": "24:00"}}');
my @random = map { random_schedule() } 1 .. 12;
my @all = (@known, @random);

sql('INSERT INTO model.schedule VALUES ' . join(', ', map { "($_, '$all[$_]')" } 0 .. $#all) . q{;
	INSERT INTO model.windows SELECT w.id, w.dow, w.f, w.t,
		CASE WHEN s.definition ? 'months' THEN ARRAY(SELECT jsonb_array_elements_text(s.definition -> 'months')::int) END,
		CASE WHEN s.definition ? 'days' THEN ARRAY(SELECT jsonb_array_elements_text(s.definition -> 'days')::int) END
		FROM model.win w JOIN model.schedule s USING (id);
	ANALYZE model.windows;});

# Each behaviour of a zone this year with one of the known schedules; random ones in
# some zones, or several at once, in both years; those of numbers.
my $first_random = @known;
sql('INSERT INTO model.asked (id, zones, year, from_day, to_day)
	SELECT row_number() OVER (ORDER BY name) % ' . @known . q{, ARRAY[name], year, '2026-01-01', '2026-12-31'
		FROM model.representative WHERE year = 2026});
for my $id ($first_random .. $#all)
{
	my $zones = one_of(1, 1, 1, 2, 3);

	sql("SELECT setseed(" . rand() . "); INSERT INTO model.asked (id, zones, year, from_day, to_day)
		SELECT $id, array_agg(name), year, make_date(year, 1, 1), make_date(year, 12, 31)
		FROM (SELECT year, name, row_number() OVER (PARTITION BY year ORDER BY random()) AS n
			FROM model.representative) r WHERE n <= $zones GROUP BY year");
}
sql(q{INSERT INTO model.asked (id, zones, year, from_day, to_day)
	SELECT 0, portatext.number_timezones(n), 2026, '2026-02-20', '2026-04-10'
	FROM unnest('{+77011234567,+12425550100,+6421000000,+61400000000}'::portatext.e164[]) n;
	-- open together only between the changes of their clocks
	INSERT INTO model.schedule VALUES (901, '{"any_day": {"from": "09:00", "to": "15:00"}}');
	INSERT INTO model.windows VALUES (901, NULL, 540, 900);
	INSERT INTO model.asked (id, zones, year, from_day, to_day)
	VALUES (901, '{Europe/Madrid,America/New_York}', 2026, '2026-01-01', '2026-12-31');
	INSERT INTO model.schedule VALUES (900, '{"any_day": {"from": "11:00", "to": "10:00"}}');
	INSERT INTO model.windows VALUES (900, NULL, 660, 2040);
	INSERT INTO model.asked (id, zones, year, from_day, to_day)
	SELECT 900, portatext.number_timezones('+18005550123'), 2026, '2026-03-06', '2026-03-09';
	SELECT model.find_moments(); ANALYZE model.moment, model.asked;});

# Between two moments the model does not change: so it knows what comes next.
sql(q{
	CREATE TABLE model.expected AS
	SELECT m.*, a.zones, s.definition, lag(m.open) OVER w AS before, lag(m.at) OVER w AS since,
		min(m.at) FILTER (WHERE m.open) OVER (PARTITION BY m.ord ORDER BY m.at DESC) AS opens,
		max(m.at) OVER (PARTITION BY m.ord) AS last
	FROM model.answer m JOIN model.asked a USING (ord) JOIN model.schedule s USING (id)
	-- at the ends of the days that were looked at some zones have no moments yet, or none any more
	WHERE m.at >= a.from_day + interval '1 day' AND m.at < a.to_day - interval '1 day'
	WINDOW w AS (PARTITION BY m.ord ORDER BY m.at);
	ANALYZE model.expected});

cmp_ok(sql('SELECT count(*) FROM model.representative WHERE zones > 1'), '>', 20, 'zones behave in many ways');
cmp_ok(sql('SELECT count(*) FROM model.expected'), '>', 100_000, 'the model has many moments');
cmp_ok(sql('SELECT count(*) FROM model.expected WHERE open'), '>', 10_000, 'some of them open');
cmp_ok(sql(q{SELECT cardinality(zones) FROM model.asked WHERE id = 900}), '>', 30, 'one number lies in dozens of zones');

# The differences of a condition, none expected; the first of them is shown.
sub same
{
	my ($what, $condition) = @_;
	my $wrong = sql("SELECT count(*), (array_agg(format('%s in %s at %s', definition, zones, at) ORDER BY at))[1]
		FROM model.expected WHERE NOT COALESCE($condition, false)");

	ok($wrong =~ /^0\|/, $what) or diag("seed $seed, years 2026 and $year: $wrong");
	return;
}

same('SCH-05, SCH-06: is_open_in is what the local clocks of the zones say', 'portatext.is_open_in(definition, zones, at) = open');
same('until the last microsecond before', q{before IS NULL OR portatext.is_open_in(definition, zones, at - interval '1 us') = before});
same('and anywhere between', 'before IS NULL OR portatext.is_open_in(definition, zones, since + (at - since) * random()) = before');
same('next_open_in is the next time at which they all say so', 'opens IS NULL OR portatext.next_open_in(definition, zones, at) = opens');
same('also from between', q{opens IS NULL OR before IS NULL OR since + (at - since) / 3 = at
	OR portatext.next_open_in(definition, zones, since + (at - since) / 3) = CASE WHEN before THEN since + (at - since) / 3 ELSE opens END});
same('or later than was looked, if they do not until then',
	'opens IS NOT NULL OR COALESCE(portatext.next_open_in(definition, zones, at) > last, true)');

# Every name, also those that behave like another, at the changes of its clock and at random times.
sql(q{TRUNCATE model.asked, model.moment;
	INSERT INTO model.asked (id, zones) SELECT 1, ARRAY[name] FROM model.zone WHERE NOT ambiguous;
	INSERT INTO model.moment SELECT a.ord, at FROM model.asked a, LATERAL (
		SELECT c.at + i * interval '15 minutes' AS at FROM model.change c, generate_series(-8, 8) i WHERE c.name = a.zones[1]
		UNION SELECT '2026-01-01'::timestamptz + random() * i * interval '10 days' FROM generate_series(1, 36) i) t;
	ANALYZE model.moment, model.asked});
is(sql(q{SELECT count(*) FROM model.answer m JOIN model.asked a USING (ord) JOIN model.schedule s USING (id)
	WHERE portatext.is_open_in(s.definition, a.zones, m.at) <> m.open}), 0, 'every zone of pg_timezone_names');
for my $name (split /\n/, sql('SELECT name FROM model.zone WHERE ambiguous'))
{
	is(sql(qq{SET timezone = '$name'; SELECT count(*) FROM generate_series(timestamptz '2026-01-01', '2027-01-01', '15 minutes') at
		WHERE portatext.is_open_in('{"any_day": {"from": "21:30", "to": "02:15"}}', '{$name}', at)
			<> (at::time >= '21:30' OR at::time < '02:15')}), 0, "$name is what SET timezone takes it for");
}

# ---- messages that wait ----

sql(q{SELECT portatext.account_settings('{"timezone": "Asia/Tokyo"}'); SELECT portatext.recharge(1000)});
configure('portatext.dispatchers' => 1);

# The time of day in Tokyo, whose clocks are never changed, so many hours from now.
sub tokyo { return sql("SELECT to_char(portatext.now() AT TIME ZONE 'Asia/Tokyo' + interval '$_[0] hours', 'HH24:00')") }

sub window
{
	my ($from, $to) = @_;
	return sprintf '{"any_day": {"from": "%s", "to": "%s"}}', tokyo($from), tokyo($to);
}

# Moves the business clock to a number of hours from the real time.
sub clock { return configure('portatext.clock_offset' => $_[0] * 3600) }

sub state { return sql("SELECT state FROM portatext.message WHERE message_id = '$_[0]'") }

sub delivered { return $node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$_[0]'", 'delivered') }

# Is the message in the outbox, due when its window opens the next time, and that not before the hours from now have passed?
sub waits
{
	my ($id, $hours) = @_;

	return $node->wait_sql("SELECT o.due = portatext.next_open_in(s.definition, '{Asia/Tokyo}', now() + interval '$hours hours')
		FROM portatext.outbox o JOIN portatext.message m USING (message_id) JOIN portatext.schedule s USING (schedule_id)
		WHERE o.message_id = '$id'", 't');
}

my $now = '+819012345678';
my ($later, $soon) = (window(2, 4), window(0, 2));
my $waiting = sql("SELECT portatext.send_sms('$now', 'Waits for its window', schedule => '$later')");
my $unknown = sql("SELECT portatext.send_sms('+8821312345', 'Waits for the account''s zone', schedule => '$later')");
my $open = sql("SELECT portatext.send_sms('$now', 'Goes at once', schedule => '$soon')");
my $stale = sql("SELECT portatext.send_sms('$now', 'Expires in its window', schedule => '$later',
	valid_until => now() + interval '200 minutes', from_number => NULL)");
my $cancelled = sql("SELECT portatext.send_sms('$now', 'Is taken back', schedule => '$later')");

ok(delivered($open), 'SCH-01: a message inside its window goes out');
ok(waits($waiting, 0), 'SCH-08: one outside of it waits') and is(state($waiting), 'queued', 'as queued');
is(sql("SELECT portatext.cancel_sms('$cancelled')"), 't', 'SCH-10: and can be taken back');
is(sql("SELECT own_zone FROM portatext.message WHERE message_id = '$unknown'"), 't', 'SCH-07: by the zone of the account, as is recorded');
sql(q{SELECT portatext.stop_carrier('loopback', 'test')});
my $late = sql("SELECT portatext.send_sms('$now', 'Its carrier stops', schedule => '$soon')");
my $poisoned = sql("SELECT portatext.send_sms('$now', 'Its schedule is damaged', schedule => '" . window(3, 5) . "')");
sql(qq{UPDATE portatext.schedule SET definition = '{"noon": 1}'
	WHERE schedule_id = (SELECT schedule_id FROM portatext.message WHERE message_id = '$poisoned')});
clock(5);
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$stale'", 'expired'), 'one whose validity ends expires');
is(sql("SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = '$stale'"), 0, 'with a full refund');
sql(q{SELECT portatext.resume_carrier('loopback')});
ok(waits($_, 5), 'SCH-09: one whose window has closed while its carrier was stopped waits for the next') for $late, $waiting, $unknown;
ok($node->wait_sql("SELECT kind || ' ' || detail FROM portatext.attention WHERE message_id = '$poisoned'",
	'failed Its schedule cannot be read, or never opens.'), 'one whose schedule cannot be read is told to the operator');
is(state($_), 'queued', 'and none of them has left') for $late, $waiting, $unknown, $poisoned;
clock(24 + 2.5);
ok(delivered($_), 'SCH-09: it goes in the next') for $waiting, $unknown;
is(state($late), 'queued', 'whose window is an earlier one goes later');
clock(48 + 1);
ok(delivered($late), 'in its own');
is(state($cancelled), 'cancelled', 'what was taken back stays so');

# Throttled by its sender while the window closes.
clock(0);
sql(q{INSERT INTO portatext.did (account_id, number, segments_per_second)
	SELECT account_id, '+12025550111', 0.001 FROM portatext.account WHERE is_default});
my @slow = map { sql("SELECT portatext.send_sms('$now', 'Throttled', from_number => '+12025550111', schedule => '$soon')") } 1 .. 3;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.parked}, '2'), 'the sender has no tokens for two of three');
clock(4);
ok($node->wait_sql(q{SELECT count(*) FROM portatext.parked}, '0'), 'it has some when the window is closed');
my $left = sql(q{SELECT string_agg(message_id::text, ' ') FROM portatext.outbox});
is(scalar(split / /, $left), 2, 'both are back in the outbox');
ok(waits($_, 4), 'SCH-09: due when the window opens again') for split / /, $left;
sql(q{UPDATE portatext.did SET segments_per_second = NULL});
clock(24 + 1);
ok(delivered($_), 'and go then') for @slow;
is(sql(q{SELECT count(*) FROM portatext.message m JOIN portatext.schedule s USING (schedule_id)
	WHERE m.sent_at IS NOT NULL AND NOT portatext.is_open_in(s.definition, '{Asia/Tokyo}', m.sent_at)}), 0,
	'nothing left outside its window');
is(sql(q{SELECT count(*) FROM portatext.check_balances()}), 0, 'the books are right');

# ---- what the guide shows ----

clock(0);
sql(q{SELECT portatext.account_settings('{"timezone": "UTC"}')});
my @blocks = slurp_file('docs/schedules.md') =~ /^```sql\n(.*?)^```$/msg;

is(scalar @blocks, 3, 'docs/schedules.md has three blocks');
for my $block (@blocks)
{
	my ($out, $err) = ('', '');

	is($node->psql('postgres', $block, stdout => \$out, stderr => \$err, on_error_stop => 1), 0, 'one of them works') or diag($err);
}

$node->stop;
done_testing();
