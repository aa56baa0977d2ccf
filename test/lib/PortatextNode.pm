# A PostgreSQL server of its own for one test, with portatext preloaded.
#
#   use PortatextNode;
#   my $node = PortatextNode->new_node('main');     # started, nothing created
#   $node->safe_psql('postgres', 'CREATE EXTENSION portatext');
#
# It is a PostgreSQL::Test::Cluster with the extension of this tree (the test
# build, or the shipped one with shipped => 1) and helpers for workers, stop points
# and waiting.  Every wait has an end.
package PortatextNode;

use strict;
use warnings;

use parent -norequire, 'PostgreSQL::Test::Cluster';

use Exporter qw(import);
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();    # its functions would hide the class's methods
use Test::More import => ['diag'];
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(wait_for);

our $WAIT = 60;    # seconds that any wait lasts at most

# A process that lives as long as the server's shared memory.
my $CHECKPOINTER = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'};

# Options: conf (lines for postgresql.conf), start (default 1), shipped,
# init (a hash for PostgreSQL::Test::Cluster::init), preload (default portatext).
sub new_node
{
	my ($class, $name, %opt) = @_;
	my $self = PostgreSQL::Test::Cluster->new($name);
	my $init = $opt{init} || {};

	bless $self, $class;
	$self->init(
		%$init,
		extra => [ '--locale=C.UTF-8', '--encoding=UTF8', @{ $init->{extra} || [] } ]);
	$self->append_conf('postgresql.conf', settings(%opt));
	$self->append_conf('postgresql.conf', $opt{conf}) if defined $opt{conf};
	$self->start if $opt{start} // 1;
	return $self;
}

# postgresql.conf lines that make a server find the extension of this tree.
sub settings
{
	my (%opt) = @_;
	my $dest = $opt{shipped} ? $ENV{PT_SHIP_DESTDIR} : $ENV{PT_DESTDIR};
	my $preload = $opt{preload} // 'portatext';
	my $conf = <<"EOT";
shared_preload_libraries = '$preload'
restart_after_crash = on
log_statement = none
log_min_messages = info
max_worker_processes = 24
shared_buffers = 128MB
EOT

	return $conf unless $dest;
	my ($lib, $share) = map { config($_) } '--pkglibdir', '--sharedir';
	my ($version) = config('--version') =~ /(\d+)/;

	$conf .= "dynamic_library_path = '$dest$lib:\$libdir'\n";
	$conf .=
	  $version >= 18
	  ? "extension_control_path = '$dest$share:\$system'\n"
	  : "extension_destdir = '$dest'\n";
	return $conf;
}

sub config
{
	my ($what) = @_;
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	my $value = qx("$pg_config" $what);

	chomp $value;
	return $value;
}

# ---- waiting ----

# Waits until SQL gives the expected text ('t'); true, or a diagnosis and false.
sub wait_sql
{
	my ($self, $sql, $expected, $db, $seconds) = @_;
	my $end = time + ($seconds // $WAIT);
	my ($out, $err) = ('', '');

	$expected //= 't';
	do
	{
		# A server that is just restarting refuses, and psql may have ended
		# before it was given the statement: that is no failure yet.
		eval { $self->psql($db // 'postgres', $sql, stdout => \$out, stderr => \$err); 1 } or $out = '';
		return 1 if ($out // '') eq $expected;
		sleep 0.05;
	} while (time < $end);
	diag("waited in vain for: $sql\nwanted: $expected\ngot: " . ($out // '') . "\n" . ($err // ''));
	return 0;
}

# Waits until the code gives a true value, and returns that.
sub wait_for(&;$)
{
	my ($code, $seconds) = @_;
	my $end = time + ($seconds // $WAIT);

	do
	{
		my $value = $code->();
		return $value if $value;
		sleep 0.02;
	} while (time < $end);
	return;
}

# Waits until the server takes work; after a kill that was announced (a point armed
# with "kill", kill9_worker) not before it has restarted its processes, for just
# after the kill it still answers.
sub wait_up
{
	my ($self, $seconds) = @_;
	my $before = delete $self->{before_kill} || 0;

	return $self->wait_sql("SELECT NOT pg_is_in_recovery() AND ($CHECKPOINTER) <> $before",
		't', 'postgres', $seconds);
}

sub announce_kill
{
	my ($self) = @_;

	$self->{before_kill} = $self->safe_psql('postgres', $CHECKPOINTER);
	return;
}

# ---- what must hold ----

# Groups and states whose tallies are not the counts of their messages, as text; empty: none.
sub wrong_tallies
{
	my ($self, $db) = @_;

	return $self->safe_psql($db // 'postgres', q{
		SELECT group_id, state, m.messages, c.messages AS tally, m.credits, c.credits AS tally_credits
		FROM (SELECT group_id, state, count(*) AS messages,
				sum(CASE WHEN state IN ('rejected', 'expired', 'cancelled', 'skipped') THEN 0 ELSE cost END) AS credits
			FROM portatext.message WHERE group_id IS NOT NULL GROUP BY group_id, state) m
		FULL JOIN (SELECT * FROM portatext.message_group_count WHERE messages <> 0 OR credits <> 0) c USING (group_id, state)
		WHERE (m.messages, m.credits) IS DISTINCT FROM (c.messages, c.credits)});
}

# ---- stop points (src/point.c) ----

sub point_dir { return $_[0]->data_dir . '/portatext_points' }

# Arms a point: word is kill, error or pause.  It acts once.
sub arm_point
{
	my ($self, $name, $word) = @_;
	my $dir = $self->point_dir;

	$self->announce_kill if $word eq 'kill';
	make_path($dir);
	unlink "$dir/$name.hit";
	PostgreSQL::Test::Utils::append_to_file("$dir/$name.new", "$word\n");
	rename "$dir/$name.new", "$dir/$name" or die "arm $name: $!\n";
}

# Waits until a process has reached the point.
sub wait_point_hit
{
	my ($self, $name, $seconds) = @_;
	my $hit = $self->point_dir . "/$name.hit";

	return wait_for { -e $hit } $seconds;
}

# Lets a process go on that pauses there.
sub release_point
{
	my ($self, $name) = @_;
	return unlink $self->point_dir . "/$name.hit";
}

sub disarm_points
{
	my ($self) = @_;
	return unlink glob($self->point_dir . '/*');
}

# ---- workers ----

# Process ids of workers whose backend_type matches the SQL pattern.
sub worker_pids
{
	my ($self, $type) = @_;
	my $out = $self->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type LIKE '$type' ORDER BY pid");

	return split /\n/, $out;
}

# Waits for a worker of that type and returns its process id.
sub wait_worker
{
	my ($self, $type, $seconds) = @_;
	my $pid = wait_for { eval { ($self->worker_pids($type))[0] } } $seconds;

	diag("no worker like \"$type\"") unless $pid;
	return $pid;
}

# kill -9 of one worker: the whole server restarts its processes.  Returns when
# it takes connections again.
sub kill9_worker
{
	my ($self, $type) = @_;
	my $pid = $self->wait_worker($type) or return 0;

	$self->announce_kill;
	kill 'KILL', $pid;
	return $self->wait_up;
}

# kill -9 of the postmaster; waits until its children have ended too, then starts
# the server again.
sub kill9_restart
{
	my ($self) = @_;
	my @children = split /\n/, $self->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');

	$self->kill9;
	wait_for { !grep { kill 0, $_ } @children };
	unlink $self->data_dir . '/postmaster.pid';
	$self->start;
	return $self->wait_up;
}

# kill -9 of the postmaster while its children live on for a moment; no child is
# overlooked.  Starts the server again.
sub kill9_postmaster
{
	my ($self) = @_;
	my ($postmaster) = split /\n/, PostgreSQL::Test::Utils::slurp_file($self->data_dir . '/postmaster.pid');
	my @left;

	# Stopped, it makes no more children while they are counted.
	kill 'STOP', $postmaster;
	for my $stat (glob '/proc/[0-9]*/stat')
	{
		open my $f, '<', $stat or next;
		my ($pid, $parent) = (readline($f) // '') =~ /^(\d+) \(.*\) \S (\d+)/ or next;
		push @left, $pid if $parent == $postmaster;
	}
	kill 'KILL', $postmaster;
	$self->{_pid} = undef;
	wait_for { !grep { kill 0, $_ } @left };
	unlink $self->data_dir . '/postmaster.pid';
	$self->disarm_points;
	$self->start;
	return $self->wait_up;
}

# kill -9 of whatever comes to the point; if nothing does in that time, of the worker.
sub kill9_at_point
{
	my ($self, $point, $type, $seconds) = @_;

	$self->arm_point($point, 'kill');
	return $self->finish_kill($point, $type, $seconds);
}

# The same when the point is armed already.
sub finish_kill
{
	my ($self, $point, $type, $seconds) = @_;

	if ($self->wait_point_hit($point, $seconds // 3))
	{
		my $up = $self->wait_up;
		$self->disarm_points;
		return $up;
	}
	$self->disarm_points;
	delete $self->{before_kill};
	return $self->kill9_worker($type);
}

# What the server log says from this offset on.
sub log_size { return -s $_[0]->logfile || 0 }

sub log_since
{
	my ($self, $offset) = @_;
	return substr(PostgreSQL::Test::Utils::slurp_file($self->logfile), $offset);
}

1;
