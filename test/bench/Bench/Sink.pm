# The far end: a server that takes every request (sink.c) and counts.
package Bench::Sink;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Cluster ();
use Time::HiRes qw(time sleep);

# Options: program, log (a file: when each request came, and for whom).
sub start
{
	my ($class, %opt) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $pid = fork // die "fork: $!\n";

	if (!$pid)
	{
		exec $opt{program}, $port, $opt{log} ? ('-l', $opt{log}) : () or POSIX::_exit(1);
	}
	my $self = bless { port => $port, pid => $pid, owner => $$ }, $class;
	my $end = time + 10;

	until ($self->{socket} = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5))
	{
		die "the sink does not listen\n" if time > $end;
		sleep 0.05;
	}
	return $self;
}

sub port { return $_[0]{port} }

sub url { return "http://127.0.0.1:$_[0]{port}" }

# How many requests have come so far.
sub count
{
	my ($self) = @_;
	my $answer = '';

	syswrite $self->{socket}, "GET /count HTTP/1.1\r\nHost: sink\r\n\r\n";
	while (1)
	{
		my ($length, $body) = $answer =~ /^Content-Length: (\d+)(?=\r\n).*?\r\n\r\n(.*)\z/ms;

		return $body if defined $length && length($body) == $length;
		IO::Select->new($self->{socket})->can_read(10) or die "the sink does not answer\n";
		sysread $self->{socket}, $answer, 4096, length $answer or die "the sink has ended\n";
	}
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);

	return unless $self->{owner} == $$;
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

1;
