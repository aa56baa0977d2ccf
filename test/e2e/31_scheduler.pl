# The scheduler: expiry with refund, parked senders, missing receipts, old keys.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('scheduler', conf => "portatext.dispatchers = 0\n");

sub sql { return $node->safe_psql('postgres', @_) }

# Changes settings of the workers, which follow at the reload.
sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for sort keys %settings;
	$node->reload;
	return;
}

sql('CREATE EXTENSION portatext');

# Expiry: nobody hands over, so validity decides (the business clock is moved).
my $before = sql('SELECT portatext.balance()');
my $short = sql(q{SELECT portatext.send_sms('+12223334444', 'Your code is 123456', valid_until => now() + interval '1 hour')});
my $long = sql(q{SELECT portatext.send_sms('+12223334444', 'Your table is ready', valid_until => now() + interval '9 hours')});
sql(q{INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
	SELECT 's:+12025550100', now() + interval '10 hours', message_id, 0, 1, to_number
	FROM portatext.message WHERE message_id = '} . $long . q{'; DELETE FROM portatext.outbox WHERE message_id = '} . $long . q{'});
isnt(sql('SELECT portatext.balance()'), $before, 'both are charged');
configure('portatext.clock_offset' => 2 * 3600);
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$short'", 'expired'),
	'a message that waits in the outbox expires');
is(sql("SELECT step FROM portatext.message WHERE message_id = '$long'"), 'queued', 'the other does not');
is(sql('SELECT count(*) FROM portatext.outbox'), 0, 'its row is gone');
is(sql("SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = '$short'"), 0,
	'BILL-21: an expired message is refunded in full');
configure('portatext.clock_offset' => 9.5 * 3600);
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$long'", 'expired'),
	'a parked message expires, too');
is(sql('SELECT portatext.balance()'), $before, 'the balance is what it was');
is(sql(q{SELECT count(*) FROM portatext.event WHERE type = 'message.expired'}), 2, 'with an event each');
is(sql('SELECT count(*) FROM portatext.expiry'), 0, 'nothing is left to expire');

# A message in a lease is looked at again instead of being ended under the dispatcher's hands.
my $held = sql(q{SELECT portatext.send_sms('+12223334444', 'Being handed over', valid_until => portatext.now() + interval '1 hour')});
sql(qq{WITH o AS (DELETE FROM portatext.outbox WHERE message_id = '$held')
	INSERT INTO portatext.lease (worker, ids) VALUES (999, '{$held}')});
configure('portatext.clock_offset' => 11 * 3600);
ok($node->wait_sql("SELECT due > portatext.now() FROM portatext.expiry WHERE message_id = '$held'", 't'),
	'a message that is being handed over is looked at later');
is(sql("SELECT state FROM portatext.message WHERE message_id = '$held'"), 'queued', 'and left alone');
sql('DELETE FROM portatext.lease');

# A paused run's messages stay set aside, whatever goes out beside them; an opt-out and a cancellation end them.
configure('portatext.clock_offset' => 0);
my @aside = map { sql("SELECT portatext.send_sms('+1222333500$_', 'Set aside $_')") } 1 .. 3;
sql(q{WITH o AS (DELETE FROM portatext.outbox o USING portatext.message m
		WHERE m.message_id = o.message_id AND m.body LIKE 'Set aside%' RETURNING o.*)
	INSERT INTO portatext.parked (key, due, message_id, lane, segments, to_number)
		SELECT 'run:7', due - interval '2 hours', message_id, lane, 1, to_number FROM o});

# Parked senders: one sender's backlog delays no other, and drains by its own pace.
configure('portatext.dispatchers' => 1);
sql(q{INSERT INTO portatext.did (account_id, number, segments_per_second)
	SELECT account_id, n, 20 FROM portatext.account, unnest(ARRAY['+12025550111', '+12025550112']) n WHERE is_default});
sql(q{SELECT count(portatext.send_sms('+12223334444', 'Slow ' || i, from_number => '+12025550111')) FROM generate_series(1, 120) i});
my $quick = sql(q{SELECT portatext.send_sms('+12223334444', 'Quick', from_number => '+12025550112')});
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$quick'", 'delivered'),
	'a sender with tokens sends');
cmp_ok(sql(q{SELECT count(*) FROM portatext.message WHERE body LIKE 'Slow%' AND step = 'queued'}), '>', 0,
	'SMS-17: while another waits for its own');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE body LIKE 'Slow%' AND state = 'delivered'}, 120),
	'every parked message goes out');
cmp_ok(sql(q{SELECT extract(epoch FROM max(sent_at) - min(sent_at)) FROM portatext.message WHERE body LIKE 'Slow%'}), '>', 4,
	'SMS-17: not faster than the sender may (120 segments, 20 a second, the first 20 at once)');
is(sql(q{SELECT string_agg(DISTINCT key, ' ') || ' ' || count(*) FROM portatext.parked}), 'run:7 3', 'nothing stays parked but a paused run');
is(sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'parked_old'}), 0, 'which is no problem');
is(sql("SELECT portatext.blacklist_add('+12223335001')"), 1, 'an opt-out ends its message');
is(sql("SELECT portatext.cancel_sms('$aside[1]')"), 't', 'CAMP-14: and so does a cancellation');
sql(q{WITH o AS (DELETE FROM portatext.parked WHERE key = 'run:7' RETURNING *)
	INSERT INTO portatext.outbox (lane, due, message_id, to_number) SELECT lane, due, message_id, to_number FROM o;
	SELECT portatext.wake_senders()});
ok($node->wait_sql(q{SELECT string_agg(state::text, ' ' ORDER BY body) FROM portatext.message WHERE body LIKE 'Set aside%'},
	'skipped cancelled delivered'), 'when they come back, those that are left go out');

# A message without a receipt is listed, never failed or refunded by age.
sql(q{SELECT portatext.alter_carrier('loopback', settings => '{"receipt_delay_ms": 86400000}', receipt_timeout => '3 days')});
my $lost = sql(q{SELECT portatext.send_sms('+12223334444', 'Its receipt is lost')});
# Its transaction ends when the scheduler has looked at later messages.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN');
my $late = $holder->query_safe(q{SELECT portatext.send_sms('+12223340005', 'Committed late')});
my $silent = sql(q{SELECT portatext.send_sms('+12223330005', 'No receipt comes')});
ok($node->wait_sql("SELECT step FROM portatext.message WHERE message_id = '$silent'", 'sent'), 'handed over');
configure('portatext.clock_offset' => 2 * 86400);
ok($node->wait_sql("SELECT count(*) FROM portatext.receipt_watch WHERE message_id = '$silent'", 1), 'watched');
is(sql("SELECT upto > '$late' FROM portatext.reconcile_mark"), 't', 'the mark has passed a message that is not committed');
$holder->query_safe('COMMIT');
$holder->quit;
ok($node->wait_sql("SELECT count(*) FROM portatext.receipt_watch WHERE message_id = '$late'", 1),
	'SMS-08: committed late, it is watched, too');
configure('portatext.clock_offset' => 4 * 86400);
ok($node->wait_sql("SELECT string_agg(kind::text, ' ') FROM portatext.attention WHERE message_id = '$silent'", 'no_receipt'),
	'SMS-08: listed when the carrier had it for its receipt_timeout');
is(sql("SELECT state FROM portatext.message WHERE message_id = '$silent'"), 'sending', 'SMS-08: and still sending');
is(sql("SELECT count(*) FROM portatext.ledger_entry WHERE reference = '$silent' AND kind = 'refund'"), 0, 'not refunded');
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$lost'", 'delivered'),
	'SMS-08: a carrier that can be asked tells what became of a message');
is(sql(q{SELECT count(*) FROM portatext.attention}), 1, 'messages with a receipt are not listed');

# Idempotency keys that have expired are removed.
configure('portatext.clock_offset' => 0);
sql(q{INSERT INTO portatext.idempotency SELECT account_id, 'old', gen_random_uuid(), now() - interval '1 s' FROM portatext.account WHERE is_default});
$node->reload;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.idempotency WHERE key = 'old'}, 0), 'old idempotency keys are removed');
is(sql(q{SELECT string_agg(last_error, '; ') FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler'}), '',
	'no task has failed');

# One failing task does not stop the others; it shows in the view.
sql(q{ALTER FUNCTION portatext.balance_alerts() RENAME TO balance_alerts_away});
$node->reload;
ok($node->wait_sql(q{SELECT last_error LIKE '%balance_alerts%' FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler'}, 't'),
	'a failing task is shown');
sql(q{INSERT INTO portatext.idempotency SELECT account_id, 'old', gen_random_uuid(), now() - interval '1 s' FROM portatext.account WHERE is_default});
$node->reload;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.idempotency WHERE key = 'old'}, 0), 'and the others go on');

$node->stop;
done_testing();
