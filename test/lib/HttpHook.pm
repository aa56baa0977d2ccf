# A small HTTP server for tests that writes down every request and answers as told:
# it stands where a customer's or a carrier's endpoint would be.
#
#   my $hook = HttpHook->start(status => 200, body => 'ok');
#   ... $hook->url ...
#   my @requests = $hook->wait_requests(2, path => qr{^/dlr});
#   $hook->behave(status => 503);
#
# It is a child process; it ends with the test that started it, whatever happens.
package HttpHook;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster ();
use Test::More import => ['diag'];
use Time::HiRes qw(time sleep);

our $WAIT = 30;    # seconds

my $started = 0;
my @all;

# Options: those of behave.
sub start
{
	my ($class, %opt) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $log = sprintf '%s/hook%d.jsonl', $ENV{TESTDIR} || '.', ++$started;
	my $self = bless { port => $port, log => $log, owner => $$ }, $class;
	my $listener = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128, ReuseAddr => 1)
	  or die "hook: $!\n";
	my $parent = $$;

	$self->behave(%opt);
	my $pid = fork // die "fork: $!\n";

	if (!$pid)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		eval { serve($listener, $log, $parent) };
		POSIX::_exit(0);    # no END block of the test may run here
	}
	close $listener;
	$self->{pid} = $pid;
	push @all, $self;
	return $self;
}

# How the next requests are answered: status (default 200), body, headers (a hash), delay (seconds
# before the answer), drop (the connection is closed without an answer); a method's name with
# a hash of these: how its requests are answered.
sub behave
{
	my ($self, %how) = @_;

	open my $f, '>', "$self->{log}.new" or die "hook: $!\n";
	print $f encode_json(\%how);
	close $f;
	rename "$self->{log}.new", "$self->{log}.how" or die "hook: $!\n";
	return;
}

sub behaviour
{
	my ($log) = @_;

	open my $f, '<', "$log.how" or return {};
	local $/;
	return decode_json(<$f>);
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

sub url { return "http://127.0.0.1:$_[0]{port}" }
sub port { return $_[0]{port} }

# Requests so far: hashes with method, path, headers (lower case), body.
sub requests
{
	my ($self, %opt) = @_;

	open my $f, '<', $self->{log} or return;
	return grep { !$opt{path} || $_->{path} =~ $opt{path} }
	  map { decode_json($_) } grep { /\n\z/ } <$f>;
}

# Those that have come since the last call.
sub new_requests
{
	my ($self, %opt) = @_;

	open my $f, '<', $self->{log} or return;
	seek $f, $self->{read} // 0, 0;
	my @whole = grep { /\n\z/ } <$f>;

	$self->{read} += length for @whole;
	return grep { !$opt{path} || $_->{path} =~ $opt{path} } map { decode_json($_) } @whole;
}

sub wait_requests
{
	my ($self, $count, %opt) = @_;
	my $end = time + ($opt{seconds} // $WAIT);
	my @list = $self->requests(%opt);

	while (@list < $count && time < $end)
	{
		sleep 0.05;
		@list = $self->requests(%opt);
	}
	diag("waited for $count request(s), there are " . @list) if @list < $count;
	return @list;
}

# ---- the child ----

# Ends when the test's process has ended.
sub serve
{
	my ($listener, $log, $parent) = @_;
	my $select = IO::Select->new($listener);
	my %buffer;

	open my $out, '>>', $log or die;
	$out->autoflush(1);
	# Not kill 0: a parent that nobody has waited for yet still has its number.
	while (getppid == $parent)
	{
		for my $socket ($select->can_read(0.5))
		{
			if ($socket == $listener)
			{
				$select->add($listener->accept // next);
				next;
			}
			my $got = sysread $socket, my $data, 65536;

			$buffer{$socket} .= $data if $got;
			if (!$got || !answer_all($socket, \$buffer{$socket}, $out, $log))
			{
				$select->remove($socket);
				delete $buffer{$socket};
				close $socket;
			}
		}
	}
	return;
}

# Answers every whole request in the buffer; false when the connection shall close.
sub answer_all
{
	my ($socket, $buffer, $out, $log) = @_;

	while ($$buffer =~ /\A(\S+) (\S+) [^\r\n]*\r\n(.*?)\r\n\r\n/s)
	{
		my ($method, $path, $head, $length) = ($1, $2, $3, $+[0]);
		my %header = map { /^([^:]+):\s*(.*?)\s*$/ ? (lc $1, $2) : () } split /\r\n/, $head;
		my $body_length = $header{'content-length'} || 0;

		return 1 if length($$buffer) < $length + $body_length;
		my $body = substr $$buffer, $length, $body_length;
		substr $$buffer, 0, $length + $body_length, '';
		utf8::decode($body);
		print $out encode_json(
			{ method => $method, path => $path, headers => \%header, body => $body, t => time }) . "\n";
		my $how = behaviour($log);
		$how = $how->{$method} if $how->{$method};
		my $answer = $how->{body} // '';

		sleep $how->{delay} if $how->{delay};
		return 0 if $how->{drop};
		my $lines = join '', map { "$_: $how->{headers}{$_}\r\n" } sort keys %{ $how->{headers} || {} };
		syswrite $socket, sprintf("HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n%s\r\n%s",
			$how->{status} // 200, length $answer, $lines, $answer) or return 0;
		return 0 if lc($header{connection} // '') eq 'close';
	}
	return 1;
}

1;
