# Jobs and their runner: each chunk is done once, whatever is killed or cancelled;
# a job that fails stops no other; accounts take turns and see their own jobs only.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('jobs');
my ($err, $out);

sub sql { return $node->safe_psql('postgres', @_) }
sub sql_as { my $role = shift; return $node->safe_psql('postgres', @_, extra_params => [ '-U', $role ]) }
sub wait_sql { return $node->wait_sql(@_) }

sql(q{
	CREATE EXTENSION portatext;
	CREATE FUNCTION make_job(account bigint, kind text, arguments jsonb, open boolean DEFAULT false) RETURNS bigint
		LANGUAGE c STRICT AS 'portatext', 'pt_job_test_create';
	CREATE ROLE red LOGIN;
	CREATE ROLE blue LOGIN;
	SELECT portatext.grant_account('red', portatext.create_account('red'));
	SELECT portatext.grant_account('blue', portatext.create_account('blue'));
});
my %account = map { $_ => sql("SELECT account_id FROM portatext.account WHERE name = '$_'") } 'red', 'blue';

# A job of src/job/test_kind.c; its number.
sub make_job
{
	my ($name, $kind, $arguments) = @_;
	return sql("SELECT make_job($account{$name}, '$kind', '$arguments')");
}

sub state_of { return sql("SELECT state FROM portatext.job WHERE job_id = $_[0]") }
sub done_of { return sql("SELECT done FROM portatext.job WHERE job_id = $_[0]") }

# The chunks that were committed, in order.
sub chunks_of
{
	return sql("SELECT string_agg(payload ->> 'n', ' ' ORDER BY event_id)
		FROM portatext.event WHERE type = 'test.chunk' AND subject = '$_[0]'");
}

sub reaches
{
	my ($job, $state, $name) = @_;
	return ok(wait_sql("SELECT state FROM portatext.job WHERE job_id = $job", $state), $name);
}

# A job that is in the middle of its next chunk; its number.
sub paused_job
{
	my ($name, $kind, $arguments) = @_;
	my $job;

	$node->arm_point('job_test_chunk', 'pause');
	$job = make_job($name, $kind, $arguments);
	ok($node->wait_point_hit('job_test_chunk'), "job $job is in a chunk");
	return $job;
}

# ---- the runner works, and what is killed goes on (JOB-04) ----

my $job = make_job('red', 'test_count', '{"chunks": 3}');
reaches($job, 'finished', 'the runner does a job by itself, when it is woken');
is(chunks_of($job), '1 2 3', 'each chunk once');
is(sql("SELECT string_agg(type, ' ' ORDER BY event_id) FROM portatext.event WHERE subject = '$job' AND type LIKE 'job.%'"),
	'job.queued job.running job.finished', 'NOTI-02: an event for each state');
is(sql("SELECT payload FROM portatext.event WHERE subject = '$job' AND type = 'job.finished'"),
	qq({"id": $job, "result": {"counted": 3}, "status": "finished", "job_type": "test_count"}), 'with its result');

for my $kill ('job_test_chunk', 'job_chunk_done', 'runner', 'postmaster')
{
	$job = make_job('red', 'test_count', '{"chunks": 12, "ms": 60}');
	ok(wait_sql("SELECT done >= 3 FROM portatext.job WHERE job_id = $job"), 'a job is on its way');
	if ($kill =~ /^job/) { $node->arm_point($kill, 'kill'); ok($node->wait_up, "kill -9 at $kill") }
	elsif ($kill eq 'runner') { ok($node->kill9_worker('portatext runner'), 'kill -9 of the runner') }
	else { ok($node->kill9_restart, 'kill -9 of the postmaster') }
	reaches($job, 'finished', 'JOB-04: it goes on');
	is(chunks_of($job), join(' ', 1 .. 12), 'and does no chunk twice');
	is(sql("SELECT count(*) FROM portatext.event WHERE subject = '$job' AND type = 'job.finished'"), 1, 'and ends once');
}

# An interrupted chunk is undone and tried again.
$job = paused_job('red', 'test_count', '{"chunks": 3}');
sql(q{SELECT pg_cancel_backend(pid) FROM portatext.pg_stat_portatext_worker WHERE kind = 'runner'});
ok(wait_sql("SELECT failures FROM portatext.job WHERE job_id = $job", 1), 'a chunk that is cancelled counts as failed');
$node->release_point('job_test_chunk');
reaches($job, 'finished', 'and is tried again');
is(chunks_of($job), '1 2 3', 'once');
is(sql("SELECT failures || ' ' || (error IS NULL) FROM portatext.job WHERE job_id = $job"), '0 true', 'its error is forgotten');

# SIGTERM: the chunk is finished.
$job = paused_job('red', 'test_count', '{"chunks": 3}');
my $stopper = $node->background_psql('postgres');
$stopper->query_until(qr/^go/m, "\\echo go\nSELECT portatext.stop_workers();\n");
ok(wait_sql('SELECT portatext.workers_running()', 1), 'SIGTERM: all others have left');
$node->release_point('job_test_chunk');
ok(wait_sql('SELECT portatext.workers_running()', 0), 'the runner follows');
is(state_of($job) . ' ' . chunks_of($job), 'running 1', 'after the chunk that it was at');
$stopper->quit;
sql('SELECT portatext.start_workers()');
reaches($job, 'finished', 'the next runner goes on');
is(chunks_of($job), '1 2 3', 'from there');

# ---- who sees what; cancelling (JOB-03) ----

$job = paused_job('red', 'test_undo', '{"chunks": 1000}');
is(sql_as('red', 'SELECT count(*) FROM portatext.job WHERE job_id = ' . $job), 1, 'JOB-03: the account sees its job');
is(sql_as('blue', 'SELECT count(*) FROM portatext.job'), 0, 'JOB-05: another one does not');
is(sql_as('red', 'SELECT kind, job_id, account_id, pid FROM portatext.pg_stat_progress_portatext'),
	"test_undo|$job|$account{red}|" . $node->wait_worker('portatext runner'), 'pg_stat_progress_portatext shows it');
is(sql_as('blue', 'SELECT count(*) FROM portatext.pg_stat_progress_portatext'), 0, 'to that account only');
is(sql('SELECT count(*) FROM portatext.pg_stat_progress_portatext'), 1, 'and to operators');
isnt($node->psql('postgres', "SELECT portatext.cancel_job($job)", extra_params => [ '-U', 'blue' ], stderr => \$err), 0,
	'another account cannot cancel it');
like($err, qr/job $job does not exist/, 'for there is none');
isnt($node->psql('postgres', "CALL portatext.run_job($job)", stderr => \$err), 0, 'run_job() refuses while the runner is at it');
like($err, qr/job $job is being worked at.*HINT:.*pg_stat_progress_portatext/s, 'and says where to look');
my $canceller = $node->background_psql('postgres');
$canceller->query_until(qr/^go/m, "\\echo go\nSELECT portatext.cancel_job($job) AS cancelled;\n");
ok(wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%cancel_job(%' AND wait_event_type = 'Lock'}, 1),
	'cancel_job() waits for the chunk');
$node->release_point('job_test_chunk');
reaches($job, 'cancelled', 'the job is cancelled');
$canceller->quit;
is(chunks_of($job), '1', 'before its next chunk');
is(sql("SELECT count(*) FROM portatext.event WHERE subject = '$job' AND type = 'test.abandon'"), 1, 'its kind has tidied up');
my $next = make_job('red', 'test_count', '{"chunks": 1}');
reaches($next, 'finished', 'the next job runs');
is(chunks_of($job), '1', 'and the cancelled one no more');

# ---- a job that always fails ----

my $from = $node->log_size;
my $poison = make_job('red', 'test_undo', '{"chunks": 5, "fail_at": 3}');
ok(wait_sql("SELECT failures > 0 FROM portatext.job WHERE job_id = $poison"), 'a job fails');
for my $name ('red', 'blue')
{
	$job = make_job($name, 'test_count', '{"chunks": 2}');
	reaches($job, 'finished', "a job of $name is done all the same");
}
is(state_of($poison), 'running', 'before the first has failed for good');
ok(wait_sql("SELECT failures >= 2 AND run_after > now() AND error = 'test job failed at 3' FROM portatext.job WHERE job_id = $poison"),
	'which is tried again, later each time');
# Not to wait for the third and fourth time.
sql("UPDATE portatext.job SET failures = 4, run_after = now() WHERE job_id = $poison");
reaches($poison, 'failed', 'until it has failed five times in a row');
is(sql("SELECT error || ', ' || done || ' done' FROM portatext.job WHERE job_id = $poison"), 'test job failed at 3, 2 done', 'the reason is kept');
is(chunks_of($poison), '1 2', 'and what was done before');
is(sql("SELECT string_agg(type, ' ' ORDER BY event_id) FROM portatext.event WHERE subject = '$poison' AND type <> 'test.chunk'"),
	'job.queued job.running test.abandon job.failed', 'its kind tidies up once');
is(() = $node->log_since($from) =~ /LOG:  portatext runner: jobs failed: test job failed at 3/g, 1, 'the log says it once');
is(sql(q{SELECT last_error FROM portatext.pg_stat_portatext_worker WHERE kind = 'runner'}), 'test job failed at 3', 'the view as well');

# What fails even to tidy up ends without.
$node->arm_point('job_test_abandon', 'error');
$poison = make_job('red', 'test_undo', '{"chunks": 5, "fail_at": 1}');
ok(wait_sql("SELECT failures > 0 FROM portatext.job WHERE job_id = $poison"), 'a job fails');
sql("UPDATE portatext.job SET failures = 4, run_after = now() WHERE job_id = $poison");
reaches($poison, 'failed', 'and cannot tidy up: it ends all the same');
is(sql("SELECT error || ' ' || (SELECT count(*) FROM portatext.event WHERE subject = '$poison' AND type = 'test.abandon')
	FROM portatext.job WHERE job_id = $poison"), 'test job failed at 1 0', 'with the first reason');

# A server without room is not the job's fault.
sql(q{CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
	CREATE TRIGGER full_disk BEFORE INSERT ON portatext.event FOR EACH ROW WHEN (NEW.type = 'test.chunk') EXECUTE FUNCTION full_disk()});
$job = make_job('red', 'test_count', '{"chunks": 2}');
ok(wait_sql("SELECT failures > 0 FROM portatext.job WHERE job_id = $job"), 'the disk is full');
sql("UPDATE portatext.job SET failures = 20, run_after = now() WHERE job_id = $job");
ok(wait_sql("SELECT failures > 20 AND state <> 'failed' AND run_after > now() + interval '50 seconds' FROM portatext.job WHERE job_id = $job"),
	'the job waits for room, a minute at a time');
sql("DROP TRIGGER full_disk ON portatext.event; UPDATE portatext.job SET run_after = now() WHERE job_id = $job");
reaches($job, 'finished', 'and goes on when there is some');

# Nobody's open transaction stops the runner: neither what a chunk waits for ...
my $holder = $node->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(77)');
my $waiter = make_job('red', 'test_count', '{"chunks": 2, "lock": 77}');
ok(wait_sql("SELECT failures > 0 AND error LIKE '%lock timeout%' FROM portatext.job WHERE job_id = $waiter"), 'a chunk does not wait for a lock for ever');
$job = make_job('blue', 'test_count', '{"chunks": 2}');
reaches($job, 'finished', 'the others go on');
$holder->query_safe('SELECT pg_advisory_unlock(77)');
reaches($waiter, 'finished', 'and it, too, when the lock is free');

# ... nor a job that is cancelled, and the transaction stays open.
$waiter = paused_job('red', 'test_count', '{"chunks": 5, "fail_at": 1}');
$holder->query_until(qr/^go/m, "\\echo go\nBEGIN; SELECT portatext.cancel_job($waiter);\n");
ok(wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%cancel_job(%' AND wait_event_type = 'Lock'}, 1), 'a job is cancelled in its chunk');
$node->release_point('job_test_chunk');
$job = make_job('blue', 'test_count', '{"chunks": 2}');
reaches($job, 'finished', 'the chunk fails, the transaction stays open, the others go on');
$holder->query_safe('COMMIT');
is(state_of($waiter), 'cancelled', 'then it is cancelled');

# ... nor a hundred of them.
sql('SELECT portatext.stop_workers()');
sql("SELECT make_job($account{red}, 'test_count', '{}') FROM generate_series(1, 100)");
$holder->query_safe("BEGIN; SELECT count(*) FILTER (WHERE portatext.cancel_job(job_id)) FROM portatext.job WHERE state = 'queued'");
$job = make_job('blue', 'test_count', '{"chunks": 2}');
sql('SELECT portatext.start_workers()');
reaches($job, 'finished', 'an account that cancels a hundred jobs and does not commit is in nobody\'s way');
is(sql("SELECT count(*) FROM portatext.job WHERE account_id = $account{red} AND state = 'queued'"), 100, 'its own jobs are left alone');
$holder->query_safe('COMMIT');
is(sql("SELECT count(*) FROM portatext.job WHERE account_id = $account{red} AND state = 'queued'"), 0, 'until they are cancelled');
$holder->quit;

# ---- turns ----

sql('SELECT portatext.stop_workers()');
sql("SELECT make_job($account{red}, 'test_count', '{\"chunks\": 1, \"ms\": 10}') FROM generate_series(1, 300)");
$job = make_job('blue', 'test_count', '{"chunks": 4}');
sql("SELECT portatext.suspend_account($account{blue})");
sql('SELECT portatext.start_workers()');
ok(wait_sql("SELECT count(*) > 5 FROM portatext.job WHERE account_id = $account{red} AND state = 'finished' AND job_id < $job"), 'one account has 300 jobs');
is(state_of($job), 'queued', 'the job of a suspended account waits');
my $before = sql("SELECT portatext.suspend_account($account{blue}, false); SELECT portatext.uuid7()");
$before =~ s/.*\n//s;
reaches($job, 'finished', 'then it has its turns');
cmp_ok(sql("SELECT count(*) FROM portatext.event r WHERE r.account_id = $account{red} AND r.type = 'job.finished'
	AND r.event_id > (SELECT event_id FROM portatext.event WHERE subject = '$job' AND type = 'test.chunk' AND payload ->> 'n' = '1')
	AND r.event_id < (SELECT event_id FROM portatext.event WHERE subject = '$job' AND type = 'job.finished')"), '<=', 4,
	'between the first and the last of its four chunks the other account had a turn each');
ok(wait_sql("SELECT count(*) FROM portatext.job WHERE account_id = $account{red} AND state IN ('queued', 'running')", 0), 'all jobs are done');
is(sql("SELECT count(*) FROM (SELECT subject FROM portatext.event WHERE type = 'test.chunk' GROUP BY subject, payload -> 'n' HAVING count(*) > 1) twice"),
	0, 'in all this no chunk was done twice');

# ---- in a session ----

sql('SELECT portatext.stop_workers()');
$job = make_job('red', 'test_count', '{"chunks": 3}');
$node->arm_point('job_test_chunk', 'pause');
my $session = $node->background_psql('postgres');
$session->query_until(qr/^go/m, "\\echo go\nCALL portatext.run_job($job);\n");
ok($node->wait_point_hit('job_test_chunk'), 'run_job() works at a job');
sql('SELECT portatext.start_workers()');
$next = make_job('red', 'test_count', '{"chunks": 2}');
reaches($next, 'finished', 'the runner passes that job by');
is(done_of($job), 0, 'and has not touched it');
isnt($node->psql('postgres', "CALL portatext.run_job($job)", stderr => \$err), 0, 'a second session is refused');
like($err, qr/job $job is being worked at/, 'with the reason');
$node->release_point('job_test_chunk');
reaches($job, 'finished', 'the session ends it');
is(chunks_of($job), '1 2 3', 'each chunk once');
$session->quit;
ok(wait_sql('SELECT count(*) FROM portatext.pg_stat_progress_portatext', 0), 'the view is empty again');

# ---- a copy is silent ----

sql(q{INSERT INTO portatext.installation VALUES (1, 1, 'elsewhere')});
ok(wait_sql(q{SELECT state FROM portatext.pg_stat_portatext_worker WHERE kind = 'runner'}, 'not adopted'), 'the runner of a copy sees that it is one');
$job = make_job('red', 'test_count', '{"chunks": 2}');
ok(wait_sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'not_adopted'}, 1), 'health() says so');
is(state_of($job), 'queued', 'and leaves its jobs alone');
sql('SELECT portatext.adopt()');
reaches($job, 'finished', 'until adopt()');

# ---- retention (JOB-05) ----

sql("UPDATE portatext.job SET finished_at = now() - interval '3 days' WHERE job_id = $job");
sql('ALTER SYSTEM SET portatext.retention_jobs = 2');
$node->reload;
ok(wait_sql("SELECT count(*) FROM portatext.job WHERE job_id = $job", 0), 'JOB-05: after portatext.retention_jobs an ended job is deleted');
is(state_of($next), 'finished', 'a younger one is kept');
is(sql(q{SELECT COALESCE(string_agg(last_error, '; '), '') FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler'}), '', 'without an error');
$node->stop;

# ---- without preloading ----

my $plain = PortatextNode->new_node('plain_jobs', preload => '');
$plain->safe_psql('postgres', q{CREATE EXTENSION portatext;
	CREATE FUNCTION make_job(account bigint, kind text, arguments jsonb, open boolean DEFAULT false) RETURNS bigint
		LANGUAGE c STRICT AS 'portatext', 'pt_job_test_create';
	SELECT make_job(portatext.current_account(), 'test_count', '{"chunks": 4, "ms": 1100}')});
is($plain->psql('postgres', 'CALL portatext.run_job(1)', stderr => \$err), 0, 'run_job() needs no workers');
like($err, qr/NOTICE:  job 1 is running: \d of 4 done.*NOTICE:  job 1 has finished: 4 of 4 done, 2 errors/s, 'and tells how far it is');
is($plain->safe_psql('postgres', 'SELECT count(*) FROM portatext.pg_stat_progress_portatext'), 0, 'the view is empty');
$plain->stop;

done_testing();
