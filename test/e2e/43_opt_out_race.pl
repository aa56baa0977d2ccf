# Invariant 4, SUB-12: stop words, opt-outs and blacklistings race with the claims of
# messages to the same numbers.  One session sends, each message in a transaction of its own that
# stays open for a moment; a second one takes the number out meanwhile.
#
# A claim's statements begin after the one that takes rows from the outbox, whose end
# a trigger writes down: a message that was taken later than its number's opt-out had
# committed was checked later, too, and must not leave.
#
# 60 rounds; with CHECK_LONG=1 10,000.
use strict;
use warnings;

use HttpHook;
use IPC::Run ();
use PortatextNode;
use Test::More;

my $rounds = $ENV{CHECK_LONG} ? 10000 : 60;
my $node = PortatextNode->new_node('opt_out_race');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }

sql('CREATE EXTENSION portatext');
my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my $carrier = sql(sprintf q{SELECT portatext.create_carrier('sink', 'kannel',
	jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
	'user', 'pass', sender_segments_per_second => 0)}, $hook->url);
my $account = sql(q{SELECT portatext.create_account('race')});

sql(qq{
	SELECT portatext.adopt();
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(1000000, NULL, $account);
	INSERT INTO portatext.short_code (country, code, countries, carrier_id) VALUES ('US', '12345', '{US}', $carrier);
	INSERT INTO portatext.service (account_id, keyword, short_code_id, country, state, purpose, double_opt_in, minimum_age,
			frequency, frequency_rule, intended_use, message_examples, advertising_examples, tc_url, phone)
		VALUES ($account, 'DEALS', 1, 'US', 'active', 'marketing', false, 18, 4, 'count', 'tests', '{}', '{}',
			'https://example.com/tc', '+12025550111');
	CREATE TABLE number AS SELECT i, ('+1202' || 5550000 + i)::portatext.e164 AS number FROM generate_series(1, $rounds) i;
	ALTER TABLE number ADD PRIMARY KEY (i);
	INSERT INTO portatext.subscriber (service_id, number, account_id, reminder_due)
		SELECT 1, number, $account, portatext.now() + interval '30 days' FROM number;

	CREATE SEQUENCE begun;
	CREATE SEQUENCE done;
	CREATE TABLE left_at (number text, at timestamptz);
	CREATE TABLE taken (message_id uuid, at timestamptz);
	CREATE FUNCTION note_taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \$\$
		BEGIN
			INSERT INTO public.taken SELECT message_id, clock_timestamp() FROM gone;
			RETURN NULL;
		END \$\$;
	CREATE TRIGGER note AFTER DELETE ON portatext.outbox REFERENCING OLD TABLE AS gone
		FOR EACH STATEMENT EXECUTE FUNCTION note_taken();
});

# Both sessions go from round to round together.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION wait_for(counter text, n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	FOR look IN 1 .. 60000 LOOP
		IF n <= COALESCE(pg_sequence_last_value(counter::regclass), 0) THEN
			RETURN;
		END IF;
		PERFORM pg_sleep(0.0005);
	END LOOP;
	RAISE 'the other session does not go on';
END $$;
CREATE PROCEDURE send_all(account bigint, rounds int) LANGUAGE plpgsql AS $$
BEGIN
	FOR r IN 1 .. rounds LOOP
		PERFORM wait_for('done', r - 1);
		PERFORM nextval('begun');
		PERFORM pg_sleep(random() * 0.003);
		PERFORM portatext.act_as(account);
		BEGIN
			PERFORM portatext.send_sms(n.number, 'Do you want it?', service => 'DEALS') FROM number n WHERE n.i = r;
		EXCEPTION WHEN SQLSTATE 'SM016' OR SQLSTATE 'SM005' THEN
			NULL;	-- it has left already
		END;
		PERFORM pg_sleep(random() * 0.008);
		COMMIT;
		PERFORM pg_sleep(random() * 0.008);
	END LOOP;
END $$;
CREATE PROCEDURE leave_all(account bigint, rounds int) LANGUAGE plpgsql AS $$
BEGIN
	FOR r IN 1 .. rounds LOOP
		PERFORM wait_for('begun', r);
		PERFORM pg_sleep(random() * 0.012);
		IF r % 3 = 0 THEN
			PERFORM portatext.act_as(account);
			PERFORM portatext.blacklist_add(n.number::text) FROM number n WHERE n.i = r;
		ELSIF r % 3 = 1 THEN
			PERFORM portatext.receive_sms('sink', n.number::text, '12345', 'STOP DEALS') FROM number n WHERE n.i = r;
		ELSE
			PERFORM portatext.service_opt_out(1, n.number, NULL, 'account', NULL, NULL) FROM number n WHERE n.i = r;
		END IF;
		PERFORM pg_sleep(random() * 0.004);
		COMMIT;
		INSERT INTO left_at SELECT n.number, clock_timestamp() FROM number n WHERE n.i = r;
		COMMIT;
		PERFORM nextval('done');
	END LOOP;
END $$;
SQL
my (@runs, @said);
for my $procedure ('leave_all', 'send_all')
{
	push @said, '';
	push @runs, IPC::Run::start(
		[ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', 'SET client_min_messages = error',
			'-c', "CALL $procedure($account, $rounds)", $node->connstr('postgres') ],
		'<', \'', '&>', \$said[-1]);
}
ok($_->finish, 'a session goes through all rounds') for @runs;
is("@said", ' ', 'without a word');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued'}, 0), 'every message has its end');

# ---- what has left ----

# The answers to stop words leave, too.
my @to = map { $_->{path} =~ /[?&]to=(?:%2B)?(\d+)/ ? "+$1" : '?' } grep { $_->{path} =~ /want/ } $hook->requests;

sql(q{CREATE TABLE sent (number text); CREATE VIEW message AS SELECT * FROM portatext.message WHERE kind = 'ordinary' AND NOT inbound});
sql('INSERT INTO sent VALUES ' . join ', ', map { "('$_')" } @to) if @to;
is(sql(q{SELECT count(*) FROM (SELECT FROM sent GROUP BY number HAVING count(*) > 1) s}), 0, 'none twice');
is(sql(q{SELECT count(*) FROM (SELECT number FROM sent EXCEPT SELECT to_number FROM message WHERE state = 'sending') s}), 0,
	'none that has ended otherwise');
is(sql(q{SELECT count(*) FROM (SELECT to_number FROM message WHERE state = 'sending' EXCEPT SELECT number FROM sent) s}), 0,
	'all that are with the carrier');
is(sql(q{SELECT count(*) FROM message m JOIN sent s ON s.number = m.to_number
	WHERE NOT EXISTS (SELECT FROM taken t WHERE t.message_id = m.message_id)}), 0, 'each was seen when it was taken');
is(sql(q{SELECT count(*) FROM sent s JOIN left_at l ON l.number = s.number JOIN message m ON m.to_number = s.number
	JOIN taken t ON t.message_id = m.message_id WHERE t.at > l.at}), 0,
	'SUB-12: none that was checked after its number had left');
my $counts = sql(q{SELECT string_agg(format('%s %s: %s', state, error_code, n), ', ' ORDER BY state, error_code)
	FROM (SELECT state, error_code, count(*) AS n FROM message GROUP BY 1, 2) c});
note("$rounds rounds: $counts; taken after the number had left: "
	. sql(q{SELECT count(*) FROM left_at l JOIN message m ON m.to_number = l.number
		JOIN taken t ON t.message_id = m.message_id WHERE t.at > l.at}));
is(sql(q{SELECT count(*) FROM portatext.message WHERE kind = 'opt_out' AND state = 'sending'}), int(($rounds + 2) / 3),
	'each stop word was answered');
like($counts, qr/sending : \d+, skipped/, 'both come first sometimes');
is(sql(q{SELECT count(*) FROM message m WHERE (m.state = 'sending') <> (0 <> (SELECT sum(l.amount)
	FROM portatext.ledger_entry l WHERE l.reference = m.message_id))}), 0, 'what did not leave is refunded');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');

$node->stop;
done_testing();
