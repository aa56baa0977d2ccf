# Many sessions on one small balance, with savepoints, rollbacks, refunds and
# recharges: never below zero, the ledger adds up, no deadlock (BILL-07, BILL-11, BILL-20).
use strict;
use warnings;

use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $each = $ENV{CHECK_LONG} ? 2000 : 150;
my $node = PortatextNode->new_node('race', conf => "deadlock_timeout = 200ms\nmax_prepared_transactions = 4\nautovacuum = off\n");

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(q{CREATE EXTENSION portatext});
my $account = sql(q{SELECT portatext.create_account('race')});

sql("SELECT portatext.recharge(300, NULL, $account)");
# Watches every committed write: a balance below zero is an error at once.
sql(qq{
	CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \$\$
	BEGIN
		IF NEW.amount < 0 THEN RAISE EXCEPTION 'stripe % below zero', NEW.stripe; END IF;
		RETURN NULL;
	END \$\$;
	CREATE TRIGGER watch AFTER UPDATE ON portatext.balance_stripe FOR EACH ROW EXECUTE FUNCTION watch();
});

my %script = (
	# one message each
	single => "SELECT portatext.debit(1, 'single', $account, false);\n",
	# several in a transaction, larger than any stripe
	bulk => "\\set n random(1, 12)\nBEGIN;\n"
	  . "SELECT count(portatext.debit(3, 'bulk', $account, false)) FROM generate_series(1, :n);\n"
	  . "SAVEPOINT s;\nSELECT portatext.debit(:n * 5, 'bulk', $account, false);\nROLLBACK TO s;\n"
	  . "SELECT portatext.debit(:n, 'bulk', $account, false);\nCOMMIT;\n",
	# given up
	undone => "BEGIN;\nSELECT portatext.debit(20, 'undone', $account, false);\nROLLBACK;\n",
	repeatable => "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
	  . "SELECT portatext.debit(2, 'repeatable', $account, false);\nCOMMIT;\n",
	# credits come in
	credit => "SELECT portatext.recharge(6, 'more', $account);\n",
);
my @files;

for my $name (sort keys %script)
{
	my $file = $node->basedir . "/$name.sql";

	append_to_file($file, $script{$name});
	push @files, '-f', $file;
}
my $before = $node->log_size;
my ($out, $err);

# First with the trigger, for which stripes are written by a statement; then as
# usual, straight into the table, and somebody looks at every moment.
sub race
{
	my ($how, @more) = @_;

	IPC::Run::run(
		[
			'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $each, '--max-tries=100', '-M', 'simple',
			@files, @more, $node->connstr('postgres')
		],
		'>', \$out, '2>', \$err);
	like($out, qr{number of transactions actually processed: @{[ $clients * $each ]}/},
		"BILL-07: $how: every transaction ends, if need be after 40001 and another try") or diag($err);
	is($out =~ /number of failed transactions: (\d+)/ ? $1 : -1, 0, "$how: none fails");
	unlike($node->log_since($before), qr/deadlock detected|below zero|division by zero/,
		"BILL-11: $how: no deadlock, and no stripe is ever below zero");
	is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, "BILL-20: $how: the balance is the sum of the ledger");
	cmp_ok(sql("SELECT portatext.balance($account)"), '>=', 0, "BILL-11: $how: the balance is not below zero");
	return;
}

my $look = $node->basedir . '/look.sql';

append_to_file($look, "SELECT 1 / (min(amount) >= 0)::int FROM portatext.balance_stripe WHERE account_id = $account;\n"
	  . "SELECT 1 / (count(*) = 16)::int FROM portatext.balance_stripe WHERE account_id = $account;\n");
race('with a trigger');
sql('DROP TRIGGER watch ON portatext.balance_stripe; DROP FUNCTION watch');
race('without', '-f', $look);

# What is left can be spent to the last credit, whatever stripe it lies on.
is(sql("SELECT portatext.debit(portatext.balance($account), 'rest', $account, false) FROM portatext.account WHERE portatext.balance($account) > 0 AND account_id = $account"),
	sql("SELECT 't' FROM portatext.ledger_entry WHERE note = 'rest'"), 'all of it can be spent');
is(sql("SELECT portatext.balance($account)"), 0, 'down to zero');


# PREPARE TRANSACTION writes what was spent, and either end of it counts.
sql("SELECT portatext.recharge(10, NULL, $account)");
sql("BEGIN; SELECT portatext.debit(4, 'prepared', $account, false); PREPARE TRANSACTION 'a'");
is(sql("SELECT portatext.balance($account)"), 10, 'a prepared charge is not seen yet');
sql("ROLLBACK PREPARED 'a'");
is(sql("SELECT portatext.debit(10, 'all', $account, false)"), 't', 'rolled back, it is all there again');
sql("SELECT portatext.recharge(10, NULL, $account)");
sql("BEGIN; SELECT portatext.debit(4, 'prepared', $account, false); PREPARE TRANSACTION 'a'");
sql("COMMIT PREPARED 'a'");
is(sql("SELECT portatext.balance($account), count(*) FROM portatext.check_balances()"), '6|0',
	'BILL-20: committed, it is charged once');

# A dump that holds accounts, stripes, credits not yet absorbed and a ledger.
sql("SELECT portatext.recharge(1, 'pending', $account)");
my $dump = $node->basedir . '/race.sql';

$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
sql('CREATE DATABASE copy');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', $dump, $node->connstr('copy') ],
	'the books restore in one transaction');
is($node->safe_psql('copy', "SELECT portatext.balance($account), count(*) FROM portatext.check_balances()"),
	'7|0', 'with the same balance');
is($node->safe_psql('copy', "SELECT portatext.create_account('after') > $account"), 't', 'numbers of accounts go on');

# One message: one transaction id, no MultiXact; with a savepoint no MultiXact either.
sub counters
{
	return split qr{\|}, sql('CHECKPOINT; SELECT next_multixact_id, pg_snapshot_xmax(pg_current_snapshot()) FROM pg_control_checkpoint()');
}
my $send = q{SELECT portatext.send_sms('+12015550123', 'Hello, world')};

sql('SELECT portatext.stop_workers()');
sql($send);
my @first = counters();

sql(join('; ', ($send) x 20));
my @second = counters();

is($second[1] - $first[1], 20, 'a message takes one transaction id');
sql("BEGIN; SAVEPOINT s; $send; RELEASE s; COMMIT");
is((counters())[0], $first[0], 'and no MultiXact, also from within a savepoint');

# An old snapshot keeps every version: the stripe's row moves to other pages, with new index entries.
my $old = $node->background_psql('postgres');
my $default = sql('SELECT account_id FROM portatext.account WHERE is_default');

$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
sql(join('; ', ("SELECT portatext.debit(1, 'old', $default, false)") x 300));
cmp_ok(sql("SELECT pg_relation_size('portatext.balance_stripe')"), '>', 8192, 'versions are on several pages');
is(sql("SET enable_seqscan = off; SELECT count(*) FROM portatext.balance_stripe WHERE account_id = $default"),
	16, 'the key leads to the newest version of each stripe');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: and the balance is right');
$old->quit;

$node->stop;
done_testing();
