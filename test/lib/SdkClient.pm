# A client that does what the SDKs of PortaText do, and looks at every answer as they do.
#
#   my $sdk = SdkClient->new(port => 8080, key => $key);
#   my $r = $sdk->call('PUT', 'contacts', type => 'text/csv', body => $csv);
#   $r->{status}, $r->{json}, $r->{body}, $r->{type}, $r->{headers}
#
# It speaks HTTP/1.1 over one connection, sends Content-Type and Accept with every request,
# a body also with GET, and logs in again when a session has ended.  complaints() lists
# what would break one of the SDKs.
package SdkClient;

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);

our $WAIT = 30;    # seconds that an answer may take

my %KNOWN = map { $_ => 1 } 200, 400, 401, 402, 403, 404, 405, 406, 415, 429, 500;

# Options: port; key, session or basic ([user, password], used for POST login).
sub new
{
	my ($class, %opt) = @_;
	return bless { complaints => [], logins => 0, %opt }, $class;
}

# What was wrong with the answers so far; forgets it.
sub complaints
{
	my ($self) = @_;
	return splice @{ $self->{complaints} };
}

sub complain
{
	my ($self, $what) = @_;
	push @{ $self->{complaints} }, $what;
	return;
}

# A request.  Options: type, accept, body; as (key, session, basic, none); headers.
sub call
{
	my ($self, $method, $path, %opt) = @_;
	my $as = $opt{as} // ($self->{key} ? 'key' : 'session');
	my $answer;

	for my $try (1 .. 3)
	{
		$self->log_in if $as eq 'session' && !defined $self->{session};
		$answer = $self->exchange($method, $path, $as, %opt);
		# The SDKs log in again and repeat, without end: a server must not answer 401 for ever.
		return $answer if $as ne 'session' || $answer->{status} != 401;
		$self->{session} = undef;
	}
	$self->complain("$method $path: 401 with a session that is new: an SDK asks for ever");
	return $answer;
}

sub log_in
{
	my ($self) = @_;
	my $answer = $self->exchange('POST', 'login', 'basic');

	$self->{logins}++;
	$self->{session} = $answer->{json}{token};
	$self->complain("POST login: no token: $answer->{body}") unless $answer->{status} == 200 && $self->{session};
	return;
}

sub headers
{
	my ($self, $as, %opt) = @_;
	my %headers = (
		Host => 'rest.example.com', 'User-Agent' => 'SdkClient',
		'Content-Type' => $opt{type} // 'application/json',
		Accept => $opt{accept} // 'application/json', %{ $opt{headers} || {} });

	$headers{'X-Api-Key'} //= $self->{key} if $as eq 'key';
	$headers{'X-Session-Token'} //= $self->{session} if $as eq 'session';
	$headers{Authorization} //= 'Basic ' . encode_base64(join(':', @{ $self->{basic} }), '') if $as eq 'basic';
	return %headers;
}

sub exchange
{
	my ($self, $method, $path, $as, %opt) = @_;
	my $body = $opt{body} // '';
	my %headers = $self->headers($as, %opt);
	my $answer;

	for my $try (1, 2)    # the server may have ended an idle connection
	{
		$self->{socket} //= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => $WAIT)
		  or die "no connection: $!\n";
		$self->{socket}->print("$method /$path HTTP/1.1\r\n", (map { "$_: $headers{$_}\r\n" } sort keys %headers),
			'Content-Length: ' . length($body) . "\r\n\r\n", $body);
		$self->{socket}->flush;
		$answer = eval { local $SIG{ALRM} = sub { die "no answer in $WAIT s\n" }; alarm $WAIT; my $a = $self->read_answer; alarm 0; $a };
		alarm 0;
		last if $answer;
		close delete $self->{socket};
	}
	$answer or die "$method $path: $@";
	close delete $self->{socket} if ($answer->{headers}{connection} // '') =~ /close/i;
	$self->look_at($answer, "$method $path");
	return $answer;
}

sub read_answer
{
	my ($self) = @_;
	my $socket = $self->{socket};
	my $line = readline $socket;
	my %answer = (headers => {}, lines => []);

	die "the connection was closed\n" unless defined $line;
	@answer{qw(version status)} = $line =~ m{^(\S+) (\d+)} or die "status line: $line\n";
	while (defined($line = readline $socket) && $line ne "\r\n")
	{
		$line =~ s/\r\n\z//;
		push @{ $answer{lines} }, $line;
		my ($name, $value) = split /:\s*/, $line, 2;
		$answer{headers}{ lc $name } = $value;
	}
	$answer{body} = $self->read_body($answer{headers});
	$answer{type} = $answer{headers}{'content-type'} // '';
	return \%answer;
}

sub read_body
{
	my ($self, $headers) = @_;
	my $body = '';

	if (($headers->{'transfer-encoding'} // '') =~ /chunked/)
	{
		while ((my $length = hex readline $self->{socket}) > 0)
		{
			$body .= $self->read_octets($length);
			readline $self->{socket};
		}
		readline $self->{socket};
		return $body;
	}
	return $self->read_octets($headers->{'content-length'} // 0);
}

sub read_octets
{
	my ($self, $length) = @_;
	my $octets = '';

	while (length($octets) < $length)
	{
		read($self->{socket}, $octets, $length - length($octets), length $octets) or die "the body ends early\n";
	}
	return $octets;
}

# What holds for every answer (API-03 and the quirks of the clients).
sub look_at
{
	my ($self, $answer, $what) = @_;
	my ($status, $body) = @$answer{qw(status body)};
	my $short = substr $body, 0, 200;

	$self->complain("$what: $answer->{version}, and the SDK in PHP wants HTTP/1.x") unless $answer->{version} =~ m{^HTTP/1\.[01]$};
	$self->complain("$what: header without value: $_") for grep { !/^[^:]+: \S/ } @{ $answer->{lines} };
	$self->complain("$what: status $status, which the SDKs do not know") unless $KNOWN{$status};
	$self->complain("$what: an empty body") if $body eq '';
	if ($answer->{type} =~ m{^application/json})
	{
		$self->complain("$what: JSON that is not ASCII: $short") if $body =~ /[^\x20-\x7e\n]/;
		$answer->{json} = eval { JSON::PP->new->decode($body) };
		return $self->complain("$what: no JSON object: $short") if ref $answer->{json} ne 'HASH';
		my $success = $answer->{json}{success};
		$self->complain("$what: success is not what the status $status says: $short")
		  unless JSON::PP::is_bool($success) && !!$success == ($status == 200);
	}
	return if $status == 200;
	my $why = $answer->{json} && $answer->{json}{error_description};
	$self->complain("$what: status $status without error_description, a list of texts: $short")
	  unless ref $why eq 'ARRAY' && @$why && !grep { ref || !defined || $_ eq '' } @$why;
	return;
}

1;
