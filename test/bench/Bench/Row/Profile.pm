# What test/bench/profile lets perf watch: the dispatcher during a drain, and a
# backend that sends one message a transaction.  perf runs outside, perhaps as root;
# files in the folder perf carry question and answer.
package Bench::Row::Profile;

use strict;
use warnings;

use Bench::Client ();
use Bench::Size qw(size);
use POSIX ();
use PortatextNode qw(wait_for);
use Time::HiRes qw(sleep);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my $n = size('WATCHED');

	die "this is for test/bench/profile\n" unless -d $stage->work . '/perf';
	watch($stage, 'dispatcher', $database->dispatcher, sub { $database->queue($n); $database->wait_empty });
	$table->note("dispatcher: a drain of $n messages");
	for my $commit ('on', 'off')
	{
		$database->stop_workers;
		$database->forget;
		watch_client($stage, $database, "send_sms-commit-$commit", $commit);
		$table->note("send_sms-commit-$commit: one message a transaction, synchronous_commit $commit, nobody sends them");
	}
	return;
}

# Lets perf watch a process while the code runs.
sub watch
{
	my ($stage, $name, $pid, $code) = @_;
	my $file = $stage->work . "/perf/$name";

	write_file("$file.new", "$pid\n");
	rename "$file.new", "$file.pid" or die "$file: $!\n";
	wait_for { -e "$file.started" } or die "perf does not start\n";
	$code->();
	write_file("$file.stop", '');
	wait_for { -e "$file.ended" } or die "perf does not end\n";
	return;
}

# The backend of a pgbench that sends.
sub watch_client
{
	my ($stage, $database, $name, $commit) = @_;
	my $seconds = size('SPAN') + 2;
	my $child = fork // die "fork: $!\n";

	if (!$child)
	{
		my $ok = eval {
			Bench::Client::pgbench($stage, seconds => $seconds, connection => $database->connection('app') . ' application_name=profile',
				script => qq{SELECT portatext.send_sms(recipient(nextval('turn')), words());\n},
				settings => ["synchronous_commit=$commit"]);
		};
		POSIX::_exit($ok ? 0 : 1);
	}
	my $pid = wait_for {
		$database->sql(q{SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'profile'});
	};

	die "pgbench does not start\n" unless $pid;
	watch($stage, $name, $pid, sub { sleep $seconds - 1 });
	waitpid $child, 0;
	die "pgbench failed\n" if $?;
	return;
}

sub write_file
{
	my ($path, $text) = @_;

	open my $f, '>', $path or die "$path: $!\n";
	print $f $text;
	close $f or die "$path: $!\n";
	return;
}

1;
