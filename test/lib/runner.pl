# Runs the suites of "make check" in a private copy of the tree (test/run made
# it), each within its own time budget, and prints one summary.
#
# Every test is a command that prints TAP (Test Anything Protocol); so a suite is
# only a list of such commands.  Their output goes to files, not pipes: a process
# that a dying test leaves behind cannot make the runner wait.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use TestEnvironment;

use File::Basename qw(basename);
use File::Path qw(make_path);
use POSIX qw(:sys_wait_h);
use TAP::Parser;
use Time::HiRes qw(time sleep);

my $work = $ENV{PT_WORK} or die "PT_WORK is not set; use make check\n";
my $log = "$work/log";
my $long = $ENV{CHECK_LONG} ? 1 : 0;
my $jobs = $ENV{JOBS} || qx(nproc) || 2;
chomp $jobs;

my %total = (passed => 0, failed => 0, skipped => 0);
my %ran;        # test files that ran, as the coverage table names them
my %running;    # process id of a job => the job
my @blocked;    # reasons why later suites cannot run

$| = 1;
$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { kill_all(); leftovers(1); exit 130 };

my @suites = (
	{ name => 'build', budget => 600, list => \&build_jobs },
	{ name => 'unit', budget => 400, list => sub { c_jobs('unit', 'plain') } },
	{ name => 'sanitize', budget => 500, list => sub { c_jobs('unit', 'sanitize') } },
	{ name => 'fuzz', budget => $long ? 5400 : 300, list => \&fuzz_jobs },
	{ name => 'static', budget => 720, list => \&static_jobs },
	{ name => 'regress', budget => 300, list => \&regress_jobs, server => 1 },
	{ name => 'isolation', budget => 240, list => \&isolation_jobs, server => 1 },
	{ name => 'e2e', budget => $long ? 9000 : 1200, list => sub { tap_jobs('e2e') }, server => 1 },
	{ name => 'rest', budget => 180, list => sub { tap_jobs('rest') }, server => 1 },
	{ name => 'crash', budget => $long ? 9000 : 1200, list => sub { tap_jobs('crash') }, server => 1 },
	{ name => 'coverage', budget => 60, list => \&coverage_jobs });

exit main();

sub main
{
	my @wanted = split ' ', $ENV{SUITES} || '';
	my %known = map { $_->{name} => 1 } @suites;

	for my $name (grep { !$known{$_} } @wanted)
	{
		die "no suite \"$name\"; there are: " . join(' ', map { $_->{name} } @suites) . "\n";
	}
	my %want = map { $_ => 1 } @wanted ? @wanted : keys %known;
	$want{build} = 1 if grep { $want{ $_->{name} } && $_->{server} } @suites;
	for my $suite (grep { $want{ $_->{name} } } @suites)
	{
		$suite->{partial} = 1 if @wanted;
		run_suite($suite);
	}
	return summary();
}

# Prints the last line and writes it to a file for .ci/run; the exit status.
sub summary
{
	my $left = leftovers();

	if ($left)
	{
		print "FAILED: $left process(es) were left running and have been killed\n";
		$total{failed}++;
	}
	my $line = "$total{passed} passed, $total{failed} failed";
	$line .= ", $total{skipped} skipped" if $total{skipped};
	write_file("$log/summary", "$line\n");
	print "$line\n";
	return $total{failed} || !$total{passed} ? 1 : 0;
}

# ---- what the suites consist of ----

sub job
{
	my ($name, $file, @command) = @_;
	return { name => $name, file => $file, command => \@command };
}

sub build_jobs
{
	my @make = ('sh', '-eu', 'test/lib/build.sh');

	system('cp', '-r', "$work/src", "$work/ship") == 0 or die "cp failed\n";
	return (
		job('test-build', undef, @make, "$work/src", "$work/dest", 'PORTATEXT_TEST=1'),
		job('shipped-build', undef, @make, "$work/ship", "$work/ship-dest", 'WERROR=-Werror'));
}

# One job for each C program, all linked with the core files of that mode.
sub c_jobs
{
	my ($dir, $mode) = @_;

	return map { job(basename($_, '.c'), $_, "test/$dir/run", $mode, $_) } sort glob "test/$dir/*.c";
}

sub fuzz_jobs
{
	my @files = sort glob 'test/fuzz/*.c';
	my $all = $long ? 3600 : 100 * $jobs;
	my $seconds = @files ? int($all / @files) + 1 : 0;

	$seconds = 8 if !$long && $seconds > 8;
	$seconds = 2 if $seconds < 2;
	return map { job(basename($_, '.c'), $_, 'test/fuzz/run', $_, $seconds) } @files;
}

sub static_jobs
{
	my @list = (job('cppcheck', undef, 'test/static/run', 'cppcheck'));

	for my $file (sort glob('src/*.c src/*/*.c src/*/*.cpp'))
	{
		(my $name = $file) =~ tr{/}{-};
		push @list, job("clang-$name", undef, 'test/static/run', 'clang', $file);
		push @list, job("tidy-$name", undef, 'test/static/run', 'tidy', $file) if $file =~ /\.c$/;
	}
	return @list;
}

sub perl_job
{
	my ($name, $file, @arg) = @_;
	return job($name, $file, 'perl', '-Itest/lib', $file, @arg);
}

sub regress_jobs
{
	return () unless glob 'sql/*.sql';
	return map { perl_job($_, 'test/regress/run.pl', $_) } 'test', 'shipped';
}

sub isolation_jobs
{
	return () unless glob 'test/isolation/specs/*.spec';
	return perl_job('isolation', 'test/isolation/run.pl');
}

sub tap_jobs
{
	my ($dir) = @_;
	return map { perl_job(basename($_, '.pl'), $_) } sort glob "test/$dir/*.pl";
}

# In a partial run it cannot be told which tests would have run.
sub coverage_jobs
{
	my ($suite) = @_;

	write_file("$log/ran", map { "$_\n" } sort keys %ran);
	return job('coverage', undef, '/usr/bin/python3', 'test/coverage/check',
		$suite->{partial} ? () : ('--ran', "$log/ran"));
}

# ---- running them ----

sub run_suite
{
	my ($suite) = @_;
	my %count = (passed => 0, failed => 0, skipped => 0);
	my $started = time;
	my @queue = $suite->{list}->($suite);

	$suite->{end} = $started + $suite->{budget};
	$suite->{count} = \%count;
	make_path("$log/$suite->{name}");
	if ($suite->{server} && @blocked)
	{
		problem($suite, $suite->{name}, "cannot run: @blocked") if @queue;
		@queue = ();
	}
	while (@queue || %running)
	{
		start_job($suite, shift @queue) while @queue && keys %running < $jobs && time < $suite->{end};
		reap($suite);
		next if time < $suite->{end};
		problem($suite, $_->{name}, 'did not run: the time budget of the suite was spent') for @queue;
		@queue = ();
	}
	push @blocked, 'the build failed' if $suite->{name} eq 'build' && $count{failed};
	$total{$_} += $count{$_} for keys %count;
	printf "%-10s %5d passed %4d failed %4d skipped  %5.1f s\n", $suite->{name},
	  @count{qw(passed failed skipped)}, time - $started;
}

sub start_job
{
	my ($suite, $job) = @_;

	$job->{out} = "$log/$suite->{name}/$job->{name}.tap";
	$job->{err} = "$log/$suite->{name}/$job->{name}.log";
	$job->{dir} = "$work/tap/$suite->{name}-$job->{name}";
	$job->{started} = time;
	make_path($job->{dir});
	my $pid = fork // die "fork: $!\n";
	if (!$pid)
	{
		setpgrp;
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$ENV{TESTDIR} = $job->{dir};
		# PostgreSQL 16 and later ask for these instead.
		$ENV{TESTDATADIR} = "$job->{dir}/tmp_check";
		$ENV{TESTLOGDIR} = "$job->{dir}/tmp_check/log";
		open STDOUT, '>', $job->{out} or die "$job->{out}: $!\n";
		open STDERR, '>', $job->{err} or die "$job->{err}: $!\n";
		exec { $job->{command}[0] } @{ $job->{command} } or die "$job->{command}[0]: $!\n";
	}
	$running{$pid} = $job;
}

# Takes in what ended; kills what is over the suite's time.
sub reap
{
	my ($suite) = @_;

	for my $pid (keys %running)
	{
		my $job = $running{$pid};

		if (waitpid($pid, WNOHANG) == $pid)
		{
			$job->{status} = $?;
			kill 'KILL', -$pid;
			delete $running{$pid};
			finish_job($suite, $job);
		}
		elsif (time >= $suite->{end} && !$job->{late})
		{
			$job->{late} = 1;
			kill 'INT', -$pid;
			$job->{kill_at} = time + 10;
		}
		elsif ($job->{late} && time >= $job->{kill_at})
		{
			kill 'KILL', -$pid;
		}
	}
	sleep 0.02;
}

# Counts the assertions of one command; one more failure when it ended badly.
sub finish_job
{
	my ($suite, $job) = @_;
	my $tap = TAP::Parser->new({ tap => read_file($job->{out}) || "# nothing\n" });
	my (@bad, $skipped);

	while (my $result = $tap->next)
	{
		next unless $result->is_comment;
		$ran{$1} = 1 if $result->raw =~ /^# ran: (\S+)/;
		print "$1\n" if $result->raw =~ /^# summary: (.*)/;
	}
	if (defined $tap->skip_all)
	{
		$ENV{CI} && $ENV{CI} ne 'false'
		  ? push @bad, 'skipped, which CI does not allow: ' . $tap->skip_all
		  : print "SKIPPED $suite->{name}/$job->{name}: " . $tap->skip_all . "\n";
		$suite->{count}{skipped}++ unless @bad;
		$skipped = 1;
	}
	else
	{
		$ran{ $job->{file} } = 1 if defined $job->{file};
		$suite->{count}{skipped} += $tap->skipped;
		$suite->{count}{passed} += $tap->passed - $tap->skipped;
		$suite->{count}{failed} += $tap->failed;
		print "SKIPPED $suite->{name}/$job->{name}: $_\n" for skip_reasons($job);
		push @bad, 'no assertion was made' unless $tap->tests_run || $job->{status};
		push @bad, 'wrong plan' if $tap->tests_run && ($tap->parse_errors || !defined $tap->plan);
	}
	push @bad, "ended with status " . status_text($job) if $job->{status} && (!$tap->failed || $job->{late});
	save_node_logs($suite, $job) if @bad || $tap->failed;
	printf "  %-40s %5.1f s\n", "$suite->{name}/$job->{name}", time - $job->{started} if $ENV{V};
	problem($suite, $job->{name}, join '; ', @bad) if @bad;
	show_failure($suite, $job) if @bad || $tap->failed;
}

sub skip_reasons
{
	my ($job) = @_;
	my %seen;

	return grep { !$seen{$_}++ } read_file($job->{out}) =~ /^ok .*# skip\s*(.*)$/mgi;
}

sub status_text
{
	my ($job) = @_;

	return 'time-out' if $job->{late};
	return 'signal ' . ($job->{status} & 127) if $job->{status} & 127;
	return $job->{status} >> 8;
}

sub problem
{
	my ($suite, $name, $what) = @_;

	print "FAILED $suite->{name}/$name: $what\n";
	$suite->{count}{failed}++;
}

# The failing assertions, and the ends of the logs that tell why.
sub show_failure
{
	my ($suite, $job) = @_;
	my @failed = grep { /^not ok/ && !/# TODO/ } split /\n/, read_file($job->{out});

	print "FAILED $suite->{name}/$job->{name}\n";
	print "    $_\n" for @failed[ 0 .. ($#failed < 19 ? $#failed : 19) ];
	for my $file ($job->{err}, glob("$log/$suite->{name}/$job->{name}.d/*.diffs"))
	{
		my @lines = split /\n/, -e $file ? read_file($file) : '';

		next unless @lines;
		splice @lines, 0, @lines - 60 if @lines > 60;
		(my $shown = $file) =~ s{^\Q$log\E}{build/check};
		print "    ---- end of $shown\n";
		print "    $_\n" for @lines;
	}
}

# Server logs and pg_regress differences of a failed test are worth keeping.
sub save_node_logs
{
	my ($suite, $job) = @_;
	my $to = "$log/$suite->{name}/$job->{name}.d";
	my @files = grep { -f && -s } glob("$job->{dir}/tmp_check/log/* $job->{dir}/*.diffs $job->{dir}/keep/* $job->{dir}/rest*/*.log");

	return unless @files;
	make_path($to);
	system 'cp', '--', @files, $to;
}

# ---- leaving nothing behind ----

sub kill_all
{
	kill 'KILL', map { -$_ } keys %running;
	%running = ();
}

# Kills what still runs of this check; how many processes that were.
sub leftovers
{
	my ($quiet) = @_;
	my @left = ours();
	my $count = 0;

	for (1 .. 50)
	{
		last unless @left;
		if (!$count)
		{
			$count = @left;
			print "left running: $_ " . (read_file("/proc/$_/cmdline") =~ tr/\0/ /r) . "\n" for $quiet ? () : @left;
		}
		kill 'KILL', @left;
		sleep 0.1;
		@left = ours();
	}
	return $count;
}

# A process is ours when it inherited our mark or works inside our copy (servers
# overwrite the memory that shows their environment).
sub ours
{
	my @found;

	for my $pid (grep { $_ != $$ && $_ != getppid } map { m{/(\d+)$} } glob '/proc/[0-9]*')
	{
		my $cwd = readlink("/proc/$pid/cwd") // next;

		next if is_ancestor($pid);
		next unless read_file("/proc/$pid/environ") =~ /(?:^|\0)PT_RUN_ID=\Q$work\E(?:\0|$)/
		  || $cwd =~ m{^\Q$work\E/(?:tmp|tap)/};
		push @found, $pid;
	}
	return @found;
}

sub is_ancestor
{
	my ($pid) = @_;
	my $p = $$;

	while ($p > 1)
	{
		return 1 if $p == $pid;
		($p) = read_file("/proc/$p/stat") =~ /^\d+ \(.*\) \S (\d+)/s or return 0;
	}
	return 0;
}

# ---- small things ----

sub read_file
{
	my ($path) = @_;

	open my $f, '<', $path or return '';
	local $/;
	return scalar(<$f>) // '';
}

sub write_file
{
	my ($path, @text) = @_;

	open my $f, '>', $path or die "$path: $!\n";
	print $f @text;
	close $f or die "$path: $!\n";
}
