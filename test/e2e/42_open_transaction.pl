# An account whose balance somebody holds in an open transaction delays no other (invariant:
# one slow tenant never delays another).
use strict;
use warnings;

use PortatextNode;
use Test::More;

my $node = PortatextNode->new_node('open_transaction');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = error; $_[0]") }

sql('CREATE EXTENSION portatext');
sql(q{SELECT portatext.alter_carrier('loopback', settings => '{"receipt_delay_ms": 1500}')});
my $other = sql(q{SELECT portatext.create_account('other', sandbox => true)});
sql(qq{
	SELECT portatext.assign_did('+12025550101', $other);
	SELECT portatext.set_tariff('', 1, $other);
	SELECT portatext.recharge(100, NULL, $other);
});

# 0010 is answered, and the answer costs the account a credit.
sql(q{SELECT portatext.send_sms('+12025550010', 'Hello there')});
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT count(*) FROM (SELECT FROM portatext.balance_stripe WHERE account_id <> $other FOR UPDATE) s");
my $id = sql(qq{SET portatext.account_id = $other; SELECT portatext.send_sms('+12025550123', 'Hello you')});

ok($node->wait_sql(qq{SELECT state FROM portatext.message WHERE message_id = '$id'}, 'delivered'),
	'the message of another account goes out and gets its receipt');
ok($node->wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+12025550010'}, 'delivered'),
	'and so does the one that is answered');
is(sql('SELECT count(*) FROM portatext.message WHERE inbound'), 0, 'whose answer could not be charged');
$holder->query_safe('ROLLBACK');
$holder->quit;

# 0012 answers that it has opted out, while its account is putting it on its blacklist.
my $default = sql('SELECT account_id FROM portatext.account WHERE is_default');
$id = sql(q{SELECT portatext.stop_carrier('loopback', 'test'); SELECT portatext.send_sms('+12025550012', 'Hello there')});
$id = (split /\n/, $id)[-1];
$holder = $node->background_psql('postgres');
$holder->query_safe(qq{BEGIN; INSERT INTO portatext.blacklist (account_id, number) VALUES ($default, '+12025550012')});
sql(q{SELECT portatext.resume_carrier('loopback')});
ok($node->wait_sql(qq{SELECT state FROM portatext.message WHERE message_id = '$id'}, 'rejected'),
	'an opt-out at the carrier is written while its account is adding the number itself');
$id = sql(qq{SET portatext.account_id = $other; SELECT portatext.send_sms('+12025550012', 'Hello you')});
ok($node->wait_sql(qq{SELECT count(*) FROM portatext.blacklist WHERE account_id = $other}, 1),
	'and the opt-out from another account reaches its blacklist');
is(sql(qq{SELECT count(*) FROM portatext.opt_out WHERE account_id = $default}), 1, 'the first one waits');
$holder->query_safe('ROLLBACK');
$holder->quit;
ok($node->wait_sql(qq{SELECT reason FROM portatext.blacklist WHERE account_id = $default}, 'opted out at the carrier'),
	'and is not lost');
is(sql('SELECT count(*) FROM portatext.opt_out'), 0, 'nothing is left to do');
# A batch of outcomes locks its messages in the order of their ids, whatever became of each.
sql(q{SELECT portatext.stop_carrier('loopback', 'test')});
my $refused = sql(q{SELECT portatext.send_sms('+12025550001', 'Hello there')});
my $taken = sql(q{SELECT portatext.send_sms('+12025550124', 'Hello there')});
$holder = $node->background_psql('postgres');
$holder->query_safe(qq{BEGIN; SELECT FROM portatext.message WHERE message_id = '$refused' FOR UPDATE});
sql(q{SELECT portatext.resume_carrier('loopback')});
ok($node->wait_sql(q{SELECT wait_event_type FROM pg_stat_activity WHERE backend_type LIKE 'portatext dispatcher%'}, 'Lock'),
	'somebody holds the first message of a batch');
is(sql(qq{SELECT count(*) FROM (SELECT FROM portatext.message WHERE message_id = '$taken' FOR UPDATE SKIP LOCKED) s}), 1,
	'its outcome waits before it locks a later one');
$holder->query_safe('ROLLBACK');
$holder->quit;
ok($node->wait_sql(qq{SELECT string_agg(state::text, ' ' ORDER BY message_id) FROM portatext.message
	WHERE message_id IN ('$refused', '$taken')}, 'rejected delivered'), 'then both are written');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');

$node->stop;
done_testing();
