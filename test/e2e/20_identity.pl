# Who is speaking when the library is not there yet, and behind a connection pool
# in transaction mode (GEN-11, docs/accounts.md).
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('identity', preload => '');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# One session of a role; the answer and what was said to standard error.
sub session
{
	my ($role, $sql) = @_;
	my ($status, $out, $err) =
	  $node->psql('postgres', $sql, connstr => $node->connstr('postgres') . " user=$role",
		on_error_stop => 0);

	return ($out, $err);
}

sql(q{
	CREATE EXTENSION portatext;
	CREATE ROLE red LOGIN; CREATE ROLE blue LOGIN;
	SELECT portatext.grant_account('red', portatext.create_account('red'));
	SELECT portatext.grant_account('blue', portatext.create_account('blue'));
});
my $red = sql(q{SELECT account_id FROM portatext.account WHERE name = 'red'});
my $blue = sql(q{SELECT account_id FROM portatext.account WHERE name = 'blue'});

# A new session has not loaded the library: SET makes a placeholder that anybody may set.
my ($out, $err) = session('red', "SET portatext.account_id = '$blue'; SELECT portatext.current_account();");

is($out, $red, 'GEN-11: a setting made before the library is loaded is thrown away');
like($err, qr/permission denied to set parameter/, 'and the session is told so');
($out, $err) = session('red', "LOAD 'portatext'; SET portatext.account_id = '$blue'; SELECT portatext.current_account();");
is($out, $red, 'GEN-11: a setting made afterwards is refused');
like($err, qr/permission denied to set parameter/, 'with an error');
($out) = session('red', "BEGIN; SET LOCAL portatext.account_id = '$blue'; SELECT portatext.current_account(); COMMIT; SELECT portatext.current_account();");
is($out, "$red\n$red", 'SET LOCAL as well');
($out, $err) = session('red', "ALTER ROLE red SET portatext.account_id = '$blue'");
($out) = session('red', 'SELECT portatext.current_account()');
is($out, $red, 'GEN-11: a role cannot give itself a setting for its next login');
($out) = session('red', 'RESET ALL; DISCARD ALL; SELECT portatext.current_account()');
is($out, $red, 'RESET ALL and DISCARD ALL leave the account as it was');

# A pool gives one server connection to many clients: what one chose for its
# transaction must be gone for the next.
SKIP:
{
	my $pgbouncer = (grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer')[0];

	skip('pgbouncer is not installed', 3) unless $pgbouncer;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $dir = $node->basedir;

	open my $ini, '>', "$dir/pgbouncer.ini" or die $!;
	print $ini "[databases]\npostgres = host=" . $node->host . ' port=' . $node->port . " user=pool\n"
	  . "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = $port\nauth_type = any\n"
	  . "pool_mode = transaction\ndefault_pool_size = 1\nlogfile = $dir/pgbouncer.log\n"
	  . "pidfile = $dir/pgbouncer.pid\nunix_socket_dir =\n";
	close $ini;
	sql('CREATE ROLE pool LOGIN IN ROLE portatext_operator');
	my $child = fork // die "fork: $!";
	# It refuses to run as root; a container may run the tests as root all the same.
	exec $pgbouncer, '-q', "$dir/pgbouncer.ini" unless $child;

	my $pooled = sub {
		my $answer = qx(psql -XqAt "host=127.0.0.1 port=$port dbname=postgres" -c "$_[0]" 2>&1);
		chomp $answer;
		return $answer;
	};

	wait_for { $pooled->('SELECT 1') eq '1' };
	is($pooled->("BEGIN; SELECT portatext.act_as($blue); SELECT portatext.current_account(); COMMIT"),
		"\n$blue", 'act_as() holds for its transaction');
	my $default = sql('SELECT portatext.current_account()');
	is($pooled->('SELECT portatext.current_account()'), $default,
		'GEN-11: the next transaction on the same connection does not inherit it');
	is($pooled->('SELECT count(*) FROM portatext.message WHERE account_id = ' . $blue), 0, 'and goes on working');
	kill 'TERM', $child;
	waitpid $child, 0;
}

$node->stop;
done_testing();
