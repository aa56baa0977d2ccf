# Files of any size become contacts (CSV-05, CSV-06, CSV-08): neither the backend that
# takes the file grows nor the runner that reads it; whoever is killed, the import goes
# on; one that is cancelled leaves the list as it was.  200,000 lines, with CHECK_LONG=1
# a file of 1 GB.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $lines = $ENV{CHECK_LONG} ? 18_000_000 : 200_000;
my $bound = 10_000;    # kB that a process may grow by after it has imported a small file
my $copy = q{WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')};
my $node = PortatextNode->new_node('import', conf => "checkpoint_timeout = 1h\nmax_wal_size = 4GB\nmaintenance_work_mem = 8MB\n");

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{CREATE EXTENSION portatext;
	SELECT portatext.create_contact_list('few'), portatext.create_contact_list('many')});

# A file with a header and so many contacts in no order, each number once; the
# last line corrects the first.
sub write_file
{
	my ($name, $n) = @_;
	my $path = $node->basedir . "/$name.csv";

	open my $f, '>', $path or die "$path: $!\n";
	print $f "number,first_name,city\r\n";
	printf $f "%d,Name %d,\"Reus, %d\"\r\n", 12010000000 + ($_ * 7_919_311) % 90_000_000, $_, $_ % 1000 for 1 .. $n - 1;
	printf $f "%d,Corrected,\r\n", 12010000000 + 7_919_311;
	close $f or die "$path: $!\n";
	return $path;
}

my %file = (few => write_file('few', 20_000), many => write_file('many', $lines));

note(sprintf 'the file has %d bytes', -s $file{many});

# Private memory of a process in kB.
sub private_kb
{
	my ($pid) = @_;
	my ($kb) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;

	return $kb;
}

# What a process has at most while the code is false.
sub most_kb
{
	my ($pid, $code) = @_;
	my $most = 0;

	wait_for {
		my $kb = private_kb($pid);
		$most = $kb if $kb > $most;
		$code->();
	} $ENV{CHECK_LONG} ? 3600 : 120 or diag('waited in vain');
	return $most;
}

my $session = $node->background_psql('postgres');
$session->set_query_timer_restart;
my $backend = $session->query_safe('SELECT pg_backend_pid()');

# Brings the file to the server; the job that will import it.
sub upload
{
	my ($list) = @_;

	$session->query_safe("SELECT portatext.start_import('$list')");
	$session->query_safe("\\copy portatext.contact_upload (line) FROM '$file{$list}' $copy");
	return $session->query_safe('SELECT portatext.finish_upload()');
}

sub state { return sql("SELECT state FROM portatext.job WHERE job_id = $_[0]") }
sub contacts { return sql("SELECT count(*) FROM portatext.contacts WHERE list = '$_[0]'") }

# ---- memory ----

my $runner = $node->wait_worker('portatext runner');
my $job = upload('few');
my $first_backend = private_kb($backend);
my $first_runner = most_kb($runner, sub { state($job) eq 'finished' });
is(contacts('few'), 19_999, 'a file of 20,000 lines is imported');

$job = upload('many');
my $grown = private_kb($backend) - $first_backend;
cmp_ok($grown, '<', $bound, "the backend that takes $lines lines has grown by $grown kB");
$grown = most_kb($runner, sub { state($job) eq 'finished' }) - $first_runner;
cmp_ok($grown, '<', $bound, "the runner that reads them has grown by $grown kB");
is(contacts('many'), $lines - 1, 'CSV-05: all are there');
is(sql(q{SELECT variables FROM portatext.contacts WHERE list = 'many' AND number = '+12017919311'}),
	'{"first_name": "Corrected"}', 'CSV-08: the last line of a number counts, also in another chunk');
is(sql("SELECT result->>'duplicates' FROM portatext.job WHERE job_id = $job"), 1, 'the other one is counted');
is(sql('SELECT count(*) FROM portatext.import_block'), 0, 'the file is gone');

# ---- whoever is killed, it goes on ----

sql(q{SELECT portatext.import_contacts('many', E'number\n12223334444\n')});
$node->arm_point('contact_import_chunk', 'kill');
$node->announce_kill;
$job = upload('many');
$node->wait_up;
$session->quit;
for my $turn (1 .. 3)
{
	last unless $node->wait_sql("SELECT done >= total / 5 * $turn FROM portatext.job WHERE job_id = $job");
	is(contacts('many'), 1, 'CSV-06: the old list is there') if state($job) eq 'running';
	sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'portatext runner'});
}
ok($node->wait_sql("SELECT state = 'finished' FROM portatext.job WHERE job_id = $job", 't', 'postgres', $ENV{CHECK_LONG} ? 3600 : 120),
	'a job whose runner was killed four times has finished');
is(sql("SELECT result - 'list_id' FROM portatext.job WHERE job_id = $job"),
	sprintf('{"lines": %d, "refused": 0, "contacts": %d, "replaced": true, "duplicates": 1, "normalised": 0}', $lines, $lines - 1),
	'each line was counted once');
is(contacts('many'), $lines - 1, 'and each contact is there once');

# A backend that is killed while it uploads leaves an import without a file.
$session = $node->background_psql('postgres', on_error_stop => 0);
$session->query('SELECT portatext.start_import(\'few\')');
my $open = sql(q{SELECT max(job_id) FROM portatext.job});
$session->query("BEGIN; INSERT INTO portatext.contact_upload (line) SELECT 'number' FROM generate_series(1, 20000)");
my $pid = $session->query('SELECT pg_backend_pid()');
sql("SELECT pg_terminate_backend($pid, 10000)");
is(sql("SELECT state FROM portatext.job j WHERE job_id = $open AND NOT EXISTS (SELECT FROM portatext.import_block)"),
	'open', 'a broken upload leaves nothing but its job');
is(sql("SELECT portatext.cancel_job($open)"), 't', 'which can be cancelled');
eval { $session->quit };

# ---- cancelled in the middle ----

sql(q{SELECT portatext.import_contacts('many', E'number\n12223334444\n')});
$session = $node->background_psql('postgres');
$node->arm_point('contact_import_chunk', 'pause');
$job = upload('many');
ok($node->wait_point_hit('contact_import_chunk'), 'the first chunk is under way');
$session->query_until(qr/^go/m, "\\echo go\nSELECT portatext.cancel_job($job) AS cancelled;\n");
$node->wait_sql(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}, 1);
$node->release_point('contact_import_chunk');
ok($node->wait_sql("SELECT state || ' ' || (done BETWEEN 1 AND total - 1) FROM portatext.job WHERE job_id = $job", 'cancelled true'),
	'cancelled in the middle');
is(contacts('many'), 1, 'CSV-06: the list is as it was');
is(sql('SELECT count(*) FROM portatext.import_block'), 0, 'its file is gone');
is(sql("SELECT count(*) FROM portatext.retired_version r JOIN portatext.job j ON r.version = (j.position->>'version')::bigint WHERE j.job_id = $job"),
	1, 'what it has written will be deleted');

# What was replaced is deleted a day later.
sql(q{UPDATE portatext.retired_version SET since = since - interval '2 days'});
sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'portatext runner'});
ok($node->wait_sql('SELECT count(*) = 2 FROM portatext.contact_list l WHERE NOT EXISTS (SELECT FROM portatext.retired_version)', 't', 'postgres',
		$ENV{CHECK_LONG} ? 1800 : undef), 'the runner deletes replaced versions');
is(sql('SELECT count(*) FROM portatext.contact c WHERE NOT EXISTS (SELECT FROM portatext.contact_list l WHERE l.version = c.version)'),
	0, 'with all their contacts');

# ---- in one statement ----

$backend = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe("SET maintenance_work_mem = '1MB'");
$session->query_safe("SELECT portatext.import_contacts('few', pg_read_file('$file{few}'))");
is(contacts('few'), 19_999, 'a sort that does not fit into memory');
$session->quit;

# ---- a database that is not UTF-8 ----

sql(q{CREATE DATABASE latin ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
sub latin { return $node->safe_psql('latin', "SET client_encoding = 'UTF8'; $_[0]") }
latin(q{CREATE EXTENSION portatext; SELECT portatext.create_contact_list('l')});
is(latin(q{SELECT contacts, refused FROM portatext.import_contacts('l', E'number,\u00e9t\u00e9\n12223334444,\u00e9\n')}), '1|0', 'text of the database');
is(latin(q{SELECT variables FROM portatext.contacts_of('l')}), '{"été": "é"}', 'is kept as it is');
is(latin(q{SELECT contacts, refused FROM portatext.import_contacts('l', '\x6e756d6265722c610a31323232333333343434342cc3a90a31323232333333343434352cc5810a'::bytea, true)}),
	'1|1', 'a line with a character that the database does not have is refused');
is(latin(q{SELECT string_agg(l, ' ') FROM portatext.export_contacts('l') l}), 'number,a 12223334444,é', 'the other is converted');
$job = latin(q{SELECT portatext.start_import('l') \gset
	INSERT INTO portatext.contact_upload (line) VALUES ('number,a'), (E'12223334444,\u00e8');
	SELECT portatext.finish_upload()});
ok($node->wait_sql("SELECT state = 'finished' FROM portatext.job WHERE job_id = $job", 't', 'latin'), 'lines of the database, uploaded');
is(latin(q{SELECT variables FROM portatext.contacts_of('l')}), '{"a": "è"}', 'are converted there and back');

$node->stop;
done_testing();
