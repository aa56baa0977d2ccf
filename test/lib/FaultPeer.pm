# A carrier's endpoint that misbehaves as told (test/carrier/fault_peer.py).
#
#   my $peer = FaultPeer->start(mode => 'drop');
#   ... $peer->url, $peer->wait_requests(3) ...
#   $peer->behave(status => 429, headers => { 'Retry-After' => 2 });
#   $peer->stop;  $peer->launch;                    # away, and back on the same port
#
# Option tls: a hash of cert and key.  Recipients are told from the query's "to".
package FaultPeer;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster ();
use Test::More import => ['diag'];
use Time::HiRes qw(time sleep);

our $WAIT = 30;    # seconds

my $script = abs_path(dirname(__FILE__) . '/../carrier/fault_peer.py');
my $started = 0;
my @all;

# Options: those of behave; tls.
sub start
{
	my ($class, %opt) = @_;
	my $tls = delete $opt{tls};
	my $self = bless {
		port => PostgreSQL::Test::Cluster::get_free_port(), tls => $tls, owner => $$,
		log => sprintf('%s/peer%d.jsonl', $ENV{TESTDIR} || '.', ++$started) }, $class;

	$self->behave(%opt);
	push @all, $self;
	$self->launch;
	return $self;
}

# Starts, or starts again on the same port; tls replaces the certificate.
sub launch
{
	my ($self, %opt) = @_;
	my @arg = ('--port', $self->{port}, '--log', $self->{log}, '--how', "$self->{log}.how");
	my $end = time + $WAIT;

	$self->{tls} = $opt{tls} if $opt{tls};
	push @arg, '--cert', $self->{tls}{cert}, '--key', $self->{tls}{key} if $self->{tls};
	my $pid = fork // die "fork: $!\n";
	if (!$pid)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>>', "$self->{log}.err";
		exec '/usr/bin/python3', $script, @arg or POSIX::_exit(1);
	}
	$self->{pid} = $pid;
	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}))
	{
		die "fault_peer.py did not start\n" if time > $end;
		sleep 0.05;
	}
	return;
}

sub behave
{
	my ($self, %how) = @_;

	open my $f, '>', "$self->{log}.new" or die "peer: $!\n";
	print $f encode_json(\%how);
	close $f;
	rename "$self->{log}.new", "$self->{log}.how" or die "peer: $!\n";
	return;
}

sub stop
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
	return;
}

END
{
	my $status = $?;

	$_->stop for @all;
	$? = $status;
}

sub url { return ($_[0]{tls} ? 'https' : 'http') . "://127.0.0.1:$_[0]{port}" }
sub port { return $_[0]{port} }

sub requests
{
	my ($self) = @_;

	my @list;

	if (open my $f, '<', $self->{log})
	{
		@list = map { decode_json($_) } grep { /\n\z/ } <$f>;
	}
	return @list;
}

# The recipients of the requests that came, in order.
sub recipients
{
	my ($self) = @_;
	return map { $_->{path} =~ /[?&]to=(?:%2B|\+)?(\d+)/ ? "+$1" : () } $self->requests;
}

sub wait_requests
{
	my ($self, $count, $seconds) = @_;
	my $end = time + ($seconds // $WAIT);
	my @list = $self->requests;

	while (@list < $count && time < $end)
	{
		sleep 0.05;
		@list = $self->requests;
	}
	diag("waited for $count request(s), there are " . @list) if @list < $count;
	return @list;
}

1;
