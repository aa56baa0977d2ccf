# Reminders by the scheduler: once each over restarts and overlapping workers, at
# a bounded pace after a standstill, again after a top-up.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;

# Nobody hands over: what is queued is counted.
my $node = PortatextNode->new_node('reminders', conf => "portatext.dispatchers = 0\nportatext.reminder_rate = 0\n");

sub sql { return $node->safe_psql('postgres', @_) }

# Changes settings of the workers, which follow at the reload.
sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for sort keys %settings;
	$node->reload;
	return;
}

# Puts the business clock of all processes at a time (an SQL expression over real time).
sub put_clock
{
	my ($at) = @_;

	configure('portatext.clock_offset' => sql("SELECT extract(epoch FROM ($at) - clock_timestamp())"));
	return;
}

my $sent = q{FROM portatext.message WHERE kind = 'reminder' AND state = 'queued'};
my $most = "SELECT COALESCE(max(n), 0) FROM (SELECT count(*) AS n $sent GROUP BY to_number) x";

sql('CREATE EXTENSION portatext');
sql(q{SELECT portatext.create_short_code('US', '12345', carrier => 'loopback')});
my $service = sql(q{SELECT portatext.request_service('DEALS', 'US', 'marketing', true, 18, 4, 'Offers', '{Half price}', '{Text DEALS YES}',
	'https://example.com/deals', '1-800-555-0100')});
sql("SELECT portatext.approve_service($service, '12345', true), portatext.activate_service($service)");

# 60 subscribers of one minute, at noon in New York, 40 days ago.
sql(qq{SELECT portatext.service_opt_in($service, '+12125550' || n, NULL, 'web', '{"form": 1}', NULL) FROM generate_series(100, 159) n});
my $noon = q{date_trunc('day', now() AT TIME ZONE 'America/New_York') AT TIME ZONE 'America/New_York' + interval '40 days 12 hours'};

# FLOW-17: two workers at the same time share the work.
put_clock($noon);
my $first = $node->background_psql('postgres');
$first->query_safe('BEGIN');
is($first->query_safe('SELECT portatext.send_reminders(20)'), 20, 'a worker takes a batch');
is(sql('SELECT portatext.send_reminders(10)'), 0, 'what it has looked at is not looked at by another');
$first->query_safe('COMMIT');
$first->quit;
is(sql('SELECT portatext.send_reminders(10)'), 10, 'the other goes on behind it');
is(sql("SELECT count(*) $sent"), 30, 'FLOW-17: overlapping workers');
is(sql($most), 1, 'FLOW-17: none is sent twice');

# FLOW-17: the server dies between the messages and the dates.
$node->arm_point('reminders_queued', 'kill');
configure('portatext.reminder_rate' => 10);
ok($node->wait_up, 'the server is up again');
ok($node->wait_sql("SELECT count(*) $sent", 60), 'FLOW-17: after a restart the rest is sent');
is(sql($most), 1, 'FLOW-17: each once');

# What was due for long goes out at the pace that is set.
cmp_ok(sql("SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM (SELECT created_at $sent ORDER BY message_id OFFSET 30) x"),
	'>', 1.5, 'catching up: 30 at 10 a second, the first ones at once');
is(sql(q{SELECT count(*) FROM portatext.subscriber WHERE reminder_due > portatext.now() + interval '29 days'}), 60,
	'FLOW-15: the next dates are set');

# An error costs one reminder, and that is tried again.
put_clock("$noon + interval '32 days'");
configure('portatext.reminder_rate' => 0);
$node->arm_point('reminder', 'error');
my $before = $node->log_size;
configure('portatext.reminder_rate' => 100);
ok($node->wait_sql("SELECT count(*) $sent", 119), 'one fails, the others are sent');
like($node->log_since($before), qr/a reminder of service \d+ cannot be sent: test point/, 'the log says why');
put_clock("$noon + interval '33 days 8 hours'");
is(sql("SELECT count(*) $sent"), 119, 'not again in the night');
put_clock("$noon + interval '34 days 6 hours'");
ok($node->wait_sql("SELECT count(*) $sent", 120), 'the one that failed follows');

# FLOW-15: what cannot be paid waits for the next top-up.
sql('SELECT portatext.debit(portatext.balance() - 10)');
put_clock("$noon + interval '66 days'");
ok($node->wait_sql(q{SELECT count(*) FROM portatext.subscriber WHERE reminder_unpaid}, 50), 'FLOW-15: ten are paid, the others wait');
is(sql('SELECT portatext.balance()'), 0, 'nothing is left');
put_clock("$noon + interval '67 days'");
sql('SELECT portatext.recharge(20)');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.subscriber WHERE reminder_unpaid}, 30),
	'FLOW-15: a top-up lets as many be due again as it may pay');
put_clock("$noon + interval '68 days'");
ok($node->wait_sql("SELECT count(*) $sent", 150), 'they are sent');
sql('SELECT portatext.recharge(1000)');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.subscriber WHERE reminder_unpaid}, 0), 'the next one serves the rest');
put_clock("$noon + interval '69 days'");
ok($node->wait_sql("SELECT count(*) $sent", 180), 'all of them are sent');
is(sql($most), 3, 'three times each in three months');
is(sql('SELECT portatext.balance()'), 970, 'each paid once');

$node->stop;
done_testing();
