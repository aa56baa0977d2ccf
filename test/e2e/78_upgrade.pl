# pg_upgrade of a server with traffic: the data arrives whole, nothing is sent until
# adopt(), then everything goes on.  PostgreSQL allows an upgrade to the same major
# version, so one is enough.
use strict;
use warnings;

use FaultPeer;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils qw(run_log slurp_file);
use Test::More;

my ($version) = PortatextNode::config('--version') =~ /(\d+)/;
my $library = PortatextNode::config('--pkglibdir') . '/portatext.so';

# From 18 on pg_upgrade looks for libraries where the server is installed, and nowhere else.
if ($version >= 18 && !-e $library)
{
  SKIP: { skip("pg_upgrade $version needs the extension to be installed", 1) }
	done_testing();
	exit 0;
}

# There both servers take that one: a process cannot load two copies.
my %installed = $version >= 18 ? (shipped => 1, conf => "dynamic_library_path = '\$libdir'\n") : ();
my $old = PortatextNode->new_node('old', %installed);
my $peer = FaultPeer->start;
my $node = $old;

sub sql { return $node->safe_psql('postgres', @_) }
sub as { return qq{SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = 'shop';\n} }

# Sends in one statement to so many numbers from the first on; further arguments of send_sms.
sub send_by
{
	my ($first, $count, $more) = @_;

	sql(as() . sprintf q{SELECT count(portatext.send_sms('+1202555' || lpad(g::text, 4, '0'), 'Number ' || g%s))
		FROM generate_series(%d, %d + %d - 1) g}, $more // '', $first, $first, $count);
	return map { sprintf '+1202555%04d', $_ } $first .. $first + $count - 1;
}

sub among { return 'to_number IN (' . join(',', map { "'$_'" } @_) . ')' }

sub all_sent
{
	my ($name, @to) = @_;
	return ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND } . among(@to), scalar @to), $name);
}

# The rows of every table of the extension, as a check sum.
sub contents
{
	my %sum;

	for my $table (split /\n/, sql(q{SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass
		AND d.objid = c.oid AND d.deptype = 'e' WHERE c.relkind = 'r' AND c.relname <> 'balance_pending' ORDER BY 1}))
	{
		$sum{$table} = sql("SELECT count(*) || ' ' || COALESCE(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM $table t");
	}
	return \%sum;
}

sql(sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.create_carrier('web', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
		'user', 'pass', sender_segments_per_second => NULL, max_in_flight => 8);
	SELECT portatext.assign_did('+12025550100', portatext.create_account('shop', carrier => 'web'));
	SELECT portatext.recharge(1000, 'first', account_id) FROM portatext.account;
	UPDATE portatext.account SET message_events = true;
	CREATE ROLE clerk LOGIN;
	SELECT portatext.grant_account('clerk', account_id) FROM portatext.account WHERE name = 'shop';
	ALTER DATABASE postgres SET portatext.retention_events = 1000}, $peer->url);
sql(as() . q{SELECT portatext.blacklist_add('+12025550999', 'asked for it')});

# Handed over; waiting for their time; out when the server stops; waiting behind those.
my @sent = send_by(1000, 30);
all_sent('traffic', @sent);
my @later = send_by(2000, 20, q{, send_at => now() + interval '1 day', idempotency_key => 'later ' || g});
$peer->behave(mode => 'hang');
my @out = send_by(3000, 40);
$peer->wait_requests(30 + 8);
sql('ALTER SYSTEM SET portatext.shutdown_grace = 0');
$old->reload;
$old->stop('fast');
$peer->behave;
my %came;
$came{$_}++ for $peer->recipients;
my @unclear = grep { $came{$_} } @out;
my @queued = grep { !$came{$_} } @out;
cmp_ok(scalar @unclear, '>=', 8, 'stopped while ' . @unclear . ' requests were out');

# What the old server holds, seen without workers.
$old->append_conf('postgresql.conf', "portatext.dispatchers = 0\n");
$old->start;
ok($old->wait_sql(q{SELECT count(*) FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler' AND state = 'waiting'}, 1), 'the old server rests');
sql('SELECT portatext.stop_workers()');
my $before = contents();
my $clerk = [ '-U', 'clerk' ];
is(sql(q{SELECT count(*) FROM portatext.message WHERE step = 'unclear'}), scalar @unclear, 'what was out is unclear');
$old->stop;

my $new = PortatextNode->new_node('new', start => 0, %installed);
my $bin = PortatextNode::config('--bindir');
my $here = $new->basedir;
chdir $here or die "chdir: $!\n";
ok(run_log([ 'pg_upgrade', '--no-sync', '-b', $bin, '-B', $bin, '-d', $old->data_dir, '-D', $new->data_dir,
		'-p', $old->port, '-P', $new->port, '-s', $new->host ]), 'pg_upgrade');

$node = $new;
$new->start;
ok($new->wait_sql(q{SELECT bool_and(state = 'not adopted') FROM portatext.pg_stat_portatext_worker WHERE kind <> 'launcher'}), 'the workers see another server');
is_deeply(contents(), $before, 'every row of every table is there: ' . keys(%$before) . ' tables');
cmp_ok(scalar(grep { !/^0 / } values %$before), '>', 12, 'most of them have rows');
is(sql(q{SELECT subject FROM portatext.health() WHERE problem = 'not_adopted'}), 'postgres', 'health() says that nothing is sent');
ok(wait_for { $new->log_since(0) =~ /nothing is sent: the data of database \d+ belongs to another place/ }, 'so does the log');
my @new = send_by(4000, 5);
is(sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued' AND } . among(@queued, @later, @new)), @queued + @later + @new,
	'what is queued waits, new messages, too');
is(scalar($peer->recipients), 30 + @unclear, 'and nothing goes out');

# Who may do what, settings, numbers that go on.
is($new->safe_psql('postgres', 'SELECT count(*) FROM portatext.sms', extra_params => $clerk), 30 + 20 + 40 + 5, 'an account sees its messages');
isnt($new->psql('postgres', 'SELECT count(*) FROM portatext.carrier', extra_params => $clerk, stderr => \my $err), 0, 'and no more than before');
like($err, qr/permission denied/, 'carriers\' passwords are not for it');
is(sql('SHOW portatext.retention_events'), 1000, 'settings of the database are there');
cmp_ok(sql(q{SELECT portatext.create_account('next')}), '>', sql(q{SELECT account_id FROM portatext.account WHERE name = 'shop'}), 'numbers go on');
is(sql(q{SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'portatext' AND pg_get_userbyid(c.relowner) <> 'portatext_owner' AND c.relkind = 'r'}), 0, 'the tables have their owner');

sql('SELECT portatext.adopt()');
all_sent('after adopt() they go out', @queued, @new);
is(sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued' AND } . among(@later)), 20, 'those for later wait');
is(sql(as() . q{SELECT to_number FROM portatext.sms WHERE message_id =
	portatext.send_sms('+12025552000', 'Number 2000', send_at => now() + interval '1 day', idempotency_key => 'later 2000')}) =~ s/.*\n//r,
	'+12025552000', 'an idempotency key is remembered');
is(sql('SELECT count(*) FROM portatext.message WHERE ' . among(@later)), 20, 'and nothing is sent anew by it');
sql(q{SELECT portatext.settle_message(message_id, 'sent') FROM portatext.needs_attention});
$came{$_} = 0 for keys %came;
$came{$_}++ for $peer->recipients;
is(join(' ', grep { $came{$_} != 1 } @sent, @unclear, @queued, @new), '', 'BILL-22: each went out once');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');

$new->stop;
done_testing();
