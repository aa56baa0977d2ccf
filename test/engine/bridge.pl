#!/usr/bin/perl
# A telephony engine for tests: speaks the JSON contract of docs/engines.md (adapter
# gateway) on one side and has a real SIP user agent, baresip, place the calls on the
# other.  No product: one call to a number at a time, one leg, no flows.
#
#   bridge.pl PORT CONTROL SECRET
#
# PORT: where it listens; CONTROL: baresip's ctrl_tcp; SECRET: what events are signed in with.  Events are posted until they are
# taken, and the last one of each call twice.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

# What a SIP status means when nothing better is told (Q.850).
my %cause = (404 => 1, 604 => 1, 410 => 22, 484 => 28, 486 => 17, 600 => 17, 480 => 20, 408 => 18,
	603 => 21, 403 => 21, 500 => 41, 503 => 34, 502 => 38);
my %reason = (202 => 'Accepted', 200 => 'OK', 204 => 'No Content', 404 => 'Not Found', 400 => 'Bad Request');

my ($port, $control, $secret) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
  or die "bridge: $!\n";
my $agent = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$control") or die "bridge: baresip: $!\n";
my $select = IO::Select->new($listener, $agent);
my $http = HTTP::Tiny->new(timeout => 2, keep_alive => 1);
my %input = ($agent => '');
my (%call, %by_peer, @outbox);

# A command to baresip, as a netstring.
sub command
{
	my $text = encode_json({@_});

	print $agent length($text) . ":$text,";
	return;
}

# Tells portatext of a call; facts are repeated each time.
sub report
{
	my ($call, $event) = @_;
	my %facts = map { $_ => $call->{$_} } grep { defined $call->{$_} } qw(q850 sip ringing_at answered_at ended_at);

	$facts{alerted} = defined $call->{ringing_at} ? JSON::PP::true : JSON::PP::false;
	push @outbox,
	  { callback => $call->{callback},
		event => { call_id => $call->{call_id}, leg => 'A', seq => ++$call->{seq}, event => $event, at => time,
			a => \%facts } };
	return;
}

# The call is over: its cause, and whether it rang.
sub over
{
	my ($call, $words) = @_;

	$call->{ended_at} = time;
	$call->{sip} = $1 + 0 if $words =~ /^(\d{3}) /;
	$call->{q850} = defined $call->{answered_at} ? 16
	  : defined $call->{sip} ? ($cause{ $call->{sip} } // 31)
	  : $call->{gave_up} ? 19
	  : 16;
	$call->{q850} = 19 if ($call->{sip} // 0) == 480 && defined $call->{ringing_at};
	report($call, 'ended');
	push @outbox, $outbox[-1];    # once more: what comes twice must be harmless
	delete $by_peer{ $call->{peer} };
	return;
}

# One event of baresip's.
sub heard
{
	my ($e) = @_;
	my $type = $e->{type} // '';
	my $call = $by_peer{ ($e->{peeruri} // '') =~ s/;.*//r } or return;

	$call->{id} = $e->{id} if $e->{id};
	if ($type eq 'CALL_RINGING') { $call->{ringing_at} //= time; report($call, 'ringing') }
	elsif ($type eq 'CALL_ESTABLISHED') { $call->{answered_at} //= time; report($call, 'answered') }
	elsif ($type eq 'CALL_CLOSED') { over($call, $e->{param} // '') }
	return;
}

# Ends a call: baresip's command works on the call that it was told to find.
sub hang_up
{
	my ($call) = @_;

	return if !$call->{id} || $call->{ended_at};
	command(command => 'callfind', params => $call->{id}, token => 'find');
	command(command => 'hangup', params => '', token => 'hangup');
	return;
}

# POST /v1/calls: places it, once for each id.
sub place
{
	my ($order) = @_;
	my $id = $order->{call_id} or return (400, { problem => 'no call_id' });
	my $call = $call{$id};

	return (200, state_of($call)) if $call;
	$call = $call{$id} = { call_id => $id, seq => 0, callback => $order->{callback}{events}, placed_at => time,
		timeout => $order->{dial_timeout} // 30,
		peer => "sip:$order->{to}\@" . ($order->{trunk}{address} // $order->{trunk}{ip}) };
	$by_peer{ $call->{peer} } = $call;
	command(command => 'dial', params => $call->{peer}, token => $id);
	return (202, state_of($call));
}

# What has become of a call, as an event.
sub state_of
{
	my ($call) = @_;
	my %facts = map { $_ => $call->{$_} } grep { defined $call->{$_} } qw(q850 sip ringing_at answered_at ended_at);

	$facts{alerted} = defined $call->{ringing_at} ? JSON::PP::true : JSON::PP::false;
	return { call_id => $call->{call_id}, leg => 'A', seq => $call->{seq},
		event => $call->{ended_at} ? 'ended' : $call->{answered_at} ? 'answered' : $call->{ringing_at} ? 'ringing' : 'placed',
		a => \%facts };
}

# One request; returns status and answer.
sub serve
{
	my ($method, $path, $body) = @_;
	my $call = $path =~ m{^/v1/calls/([0-9a-f-]{36})} ? $call{$1} : undef;

	return (200, { channels_free => 100, version => 'test' }) if $path eq '/v1/health';
	return place(eval { decode_json($body) } // {}) if $method eq 'POST' && $path eq '/v1/calls';
	return (404, { problem => 'no such call' }) if !$call;
	if ($method eq 'DELETE') { hang_up($call); return (204, undef) }
	return (200, state_of($call)) if $method eq 'GET';
	return (400, { problem => 'not possible here' });
}

# Reads what has come on a connection; answers whole requests.
sub client
{
	my ($socket) = @_;

	if (!sysread $socket, $input{$socket}, 65536, length $input{$socket})
	{
		$select->remove($socket);
		delete $input{$socket};
		close $socket;
		return;
	}
	while ($input{$socket} =~ /^(\S+) (\S+) HTTP\/1\.1\r\n(.*?)\r\n\r\n/s)
	{
		my ($method, $path, $headers, $head) = ($1, $2, $3, $+[0]);
		my $len = $headers =~ /^content-length:\s*(\d+)/mi ? $1 : 0;

		last if length($input{$socket}) < $head + $len;
		my ($status, $answer) = serve($method, $path =~ s/\?.*//r, substr $input{$socket}, $head, $len);
		my $body = defined $answer ? encode_json($answer) : '';
		substr($input{$socket}, 0, $head + $len) = '';
		print $socket "HTTP/1.1 $status $reason{$status}\r\nContent-Type: application/json\r\nContent-Length: "
		  . length($body) . "\r\n\r\n$body";
	}
	return;
}

# Reads baresip's netstrings.
sub listen_to_agent
{
	sysread $agent, $input{$agent}, 65536, length $input{$agent} or die "bridge: baresip has gone\n";
	while ($input{$agent} =~ /^(\d+):/ && length($input{$agent}) > $1 + $+[0])
	{
		my ($len, $start) = ($1, $+[0]);
		my $event = decode_json(substr $input{$agent}, $start, $len);

		substr($input{$agent}, 0, $start + $len + 1) = '';
		heard($event) if $event->{event};
	}
	return;
}

# Posts events, oldest first; what is not taken waits for the next turn.
sub deliver
{
	while (@outbox)
	{
		my $to = $outbox[0]{callback};
		my $answer = $http->post($to,
			{ headers => { 'Content-Type' => 'application/json', Authorization => "Bearer $secret" },
				content => encode_json([ $outbox[0]{event} ]) });

		last if !$answer->{success};
		shift @outbox;
	}
	return;
}

$_->autoflush(1) for $agent;
while (1)
{
	for my $socket ($select->can_read(@outbox ? 0.1 : 0.25))
	{
		if ($socket == $listener)
		{
			my $new = $listener->accept or next;
			$new->autoflush(1);
			$input{$new} = '';
			$select->add($new);
		}
		elsif ($socket == $agent) { listen_to_agent() }
		else { client($socket) }
	}
	for my $call (values %call)
	{
		next if $call->{ended_at} || $call->{answered_at} || $call->{gave_up} || time < $call->{placed_at} + $call->{timeout};
		$call->{gave_up} = 1;
		hang_up($call);
	}
	deliver();
}
