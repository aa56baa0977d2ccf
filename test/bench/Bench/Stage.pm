# The server of the measurements: built, started, with a sink; databases are made
# and dropped on it.
package Bench::Stage;

use strict;
use warnings;

use Bench::Database;
use Bench::Sink;
use PortatextNode;
use PostgreSQL::Test::Utils ();

sub new
{
	my ($class) = @_;
	my $self = bless { work => $ENV{PT_WORK}, databases => [], made => 0 }, $class;

	$self->build;
	$self->{node} = PortatextNode->new_node('bench', shipped => 1, conf => <<'EOT');
fsync = on
synchronous_commit = on
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
track_commit_timestamp = on
EOT
	$self->{sink} = Bench::Sink->start(program => $self->program('sink'));
	return $self;
}

sub build
{
	my ($self) = @_;
	my $work = $self->{work};

	system(qq(make -s -j2 PG_CONFIG="$ENV{PG_CONFIG}" all >&2)) == 0
	  && system(qq(make -s PG_CONFIG="$ENV{PG_CONFIG}" install DESTDIR="$ENV{PT_SHIP_DESTDIR}" >&2)) == 0
	  && system(qq(gcc -O2 -o "$work/sink" test/bench/sink.c)) == 0
	  && system(qq(gcc -O2 -o "$work/curlclient" test/bench/curlclient.c -lcurl)) == 0
	  or die "the build failed\n";
	return;
}

sub node { return $_[0]{node} }
sub sink { return $_[0]{sink} }
sub work { return $_[0]{work} }
sub program { return "$_[0]{work}/$_[1]" }

# Another sink, which writes down when each request came; it ends with its object.
sub logging_sink
{
	my ($self, $log) = @_;
	return Bench::Sink->start(program => $self->program('sink'), log => $log);
}

# A new database with the extension and an account that sends (see Bench::Database).
sub database
{
	my ($self, %opt) = @_;
	my $database = Bench::Database->new($self, 'bench' . ++$self->{made}, %opt);

	push @{ $self->{databases} }, $database;
	return $database;
}

# Drops all databases.
sub clear
{
	my ($self) = @_;

	while (my $database = pop @{ $self->{databases} })
	{
		alarm 60;
		eval { $database->drop; 1 } or warn "database not dropped: $@";
		alarm 0;
	}
	return;
}

sub postmaster
{
	my ($self) = @_;
	my ($pid) = PostgreSQL::Test::Utils::slurp_file($self->{node}->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	return $pid;
}

sub version { return PortatextNode::config('--version') }

# Processors and memory of this machine.
sub machine
{
	my $cores = () = PostgreSQL::Test::Utils::slurp_file('/proc/cpuinfo') =~ /^processor\s*:/mg;
	my ($kb) = PostgreSQL::Test::Utils::slurp_file('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;

	return sprintf '%d processors, %.0f GiB', $cores, $kb / 1024 / 1024;
}

# Ends everything that was started.
sub close
{
	my ($self) = @_;

	alarm 0;
	$_->leave for @{ $self->{databases} };
	delete $self->{sink};
	$self->{node}->stop('immediate') if $self->{node};
	return;
}

1;
