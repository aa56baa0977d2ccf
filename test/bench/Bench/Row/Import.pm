# Contacts from CSV: import_contacts() of a whole file, and the upload of its lines by
# COPY with the import by the runner, beside COPY of the same file into a plain table;
# and the memory of the processes that read the upload.
package Bench::Row::Import;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Proc qw(private_kb);
use Bench::Size qw(size);
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my ($few, $many) = (int(size('MANY') / 4), size('MANY'));
	my %file = map { $_ => write_file($stage, $_) } $few, $many;
	my (@ours, @theirs, @keyed, @uploads);

	$database->sql(q{CREATE TABLE plain (number text, name text, city text);
		CREATE TABLE keyed (number text PRIMARY KEY, name text, city text); GRANT ALL ON plain, keyed TO app;
		GRANT pg_read_server_files TO app; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app});
	$database->app("SELECT portatext.create_contact_list('customers')");
	my $small = largest(map { (upload($database, $file{$few}, $few))[0] } 1 .. size('ROUNDS'));
	my @large;

	for (1 .. size('ROUNDS'))
	{
		$database->app('TRUNCATE plain, keyed');
		push @theirs, $database->app_seconds("COPY plain FROM '$file{$many}' (FORMAT csv, HEADER)");
		push @keyed, $database->app_seconds("COPY keyed FROM '$file{$many}' (FORMAT csv, HEADER)");
		push @ours, $database->app_seconds("SELECT portatext.import_contacts('customers', pg_read_file('$file{$many}'))");
		check($database, $many);
		my ($memory, $seconds) = upload($database, $file{$many}, $many);
		push @uploads, $seconds;
		push @large, $memory;
		$database->sql('CHECKPOINT');
	}
	my $large = largest(@large);
	$table->pair("import_contacts, $many lines", median(@ours), 's', 'COPY of the same file into a plain table', median(@theirs), '<= 3');
	$table->pair("import_contacts, $many lines", median(@ours), 's', 'COPY of the same file into a table with a key', median(@keyed));
	$table->pair('COPY into contact_upload, import by the runner', median(@uploads), 's', 'the same', median(@theirs));
	$table->fact("  memory of its backend, growth from $few lines", ($large->{backend} - $small->{backend}) / 1024, 'MB', '<= 5');
	$table->fact("  memory of the runner, the same", ($large->{runner} - $small->{runner}) / 1024, 'MB', '<= 5');
	return;
}

# The greatest of each process's memory in several uploads.
sub largest
{
	my @uploads = @_;
	my %most;

	for my $which (qw(backend runner))
	{
		($most{$which}) = sort { $b <=> $a } map { $_->{$which} } @uploads;
	}
	return \%most;
}

# A file with a header and so many lines; its path.
sub write_file
{
	my ($stage, $n) = @_;
	my $path = $stage->work . "/contacts$n.csv";

	open my $f, '>', $path or die "$path: $!\n";
	print $f "number,name,city\n";
	printf $f "+1%03d%07d,Customer %d,\"Springfield, IL\"\n", (201, 212, 312, 303)[ $_ % 4 ], 5_000_000 + $_, $_ for 1 .. $n;
	close $f or die "$path: $!\n";
	chmod 0644, $path;
	return $path;
}

sub check
{
	my ($database, $n) = @_;
	my $there = $database->sql(q{SELECT count(*) FROM portatext.contact c JOIN portatext.contact_list l USING (version) WHERE l.name = 'customers'});

	die "$there contacts were imported instead of $n\n" unless $there == $n;
	return;
}

# Uploads a file by a psql of its own and waits for the runner; the greatest private
# memory of both processes meanwhile, in kB, and how long it took.
sub upload
{
	my ($database, $path, $n) = @_;
	my $begin = time;
	my $runner = $database->sql(q{SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'portatext runner'});
	my %most = (backend => 0, runner => 0);
	my $script = "$path.sql";

	open my $f, '>', $script or die "$script: $!\n";
	print $f "SELECT pg_backend_pid(), portatext.start_import('customers') AS job \\gset\n\\echo :pg_backend_pid :job\n",
	  "\\copy portatext.contact_upload (line) from '$path'\nSELECT portatext.finish_upload(:job);\n";
	close $f or die "$script: $!\n";
	my $pid = open my $out, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $database->connection('app'), '-f', $script;
	my ($backend, $job) = split ' ', <$out> // die "psql has ended\n";

	until (waitpid $pid, WNOHANG)
	{
		see(\%most, backend => $backend);
		see(\%most, runner => $runner);
		sleep 0.01;
	}
	die "the upload failed\n" if $?;
	until ((my $state = $database->app("SELECT state FROM portatext.job WHERE job_id = $job")) eq 'finished')
	{
		die "the import is $state\n" if $state =~ /failed|cancelled/;
		see(\%most, runner => $runner);
		sleep 0.01;
	}
	check($database, $n);
	return (\%most, time - $begin);
}

# A process may have ended.
sub see
{
	my ($most, $which, $pid) = @_;
	my $kb = eval { private_kb($pid + 0) } // 0;

	$most->{$which} = $kb if $kb > $most->{$which};
	return;
}

1;
