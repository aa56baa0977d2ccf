# Real SIP for tests: baresip places the calls, sipp plays all far ends, and the
# bridge (test/engine/bridge.pl) speaks portatext's contract for engines.
#
#   my $engine = SipEngine->start('secret');    # of the callbacks; skips the file without baresip or sipp
#   ... $engine->url, $engine->trunk ...
#   $engine->stop;                    # also done when the test ends
#
# The last digit of the number called says what happens: test/engine/far_end.xml.
package SipEngine;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Cluster ();
use Test::More import => [qw(diag plan)];
use Time::HiRes qw(time sleep);

our $WAIT = 20;    # seconds

my $programs = abs_path(dirname(__FILE__) . '/../engine');
my $started = 0;
my @all;

# Is the program on the path?
sub installed
{
	my ($program) = @_;

	return grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# A program in the background, its output in a file of the folder.
sub launch
{
	my ($self, $name, @command) = @_;
	my $pid = fork // die "fork: $!\n";

	if (!$pid)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$self->{dir}/$name.log";
		open STDERR, '>&', \*STDOUT;
		chdir $self->{dir};
		exec @command or POSIX::_exit(127);
	}
	push @{ $self->{pids} }, $pid;
	return;
}

# Waits until something listens on a TCP port.
sub wait_port
{
	my ($self, $port) = @_;
	my $end = time + $WAIT;

	while (!IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port"))
	{
		die "nothing listens on port $port:\n" . `tail -n 20 "$self->{dir}"/*.log` if time > $end;
		sleep 0.05;
	}
	return;
}

# baresip's configuration; its TLS port is the SIP port + 1.
sub configure
{
	my ($self) = @_;
	my ($sip, undef, undef, $control) = @{ $self->{ports} };
	my ($modules) = grep { -d } '/usr/lib/baresip/modules', glob('/usr/lib/*/baresip/modules');
	my $media = PostgreSQL::Test::Cluster::get_free_port();

	open my $f, '>', "$self->{dir}/config" or die "$!\n";
	print $f <<"CONFIG";
poll_method epoll
sip_listen 127.0.0.1:$sip
sip_trans_def udp
call_local_timeout 300
call_max_calls 100
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
net_interface 127.0.0.1
rtp_ports $media-@{[$media + 40]}
module_path $modules
module g711.so
module aubridge.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:$control
CONFIG
	close $f;
	open $f, '>', "$self->{dir}/accounts" or die "$!\n";
	print $f "<sip:portatext\@127.0.0.1:$sip;transport=udp>;regint=0;answermode=manual\n";
	close $f;
	open $f, '>', "$self->{dir}/contacts" or die "$!\n";
	close $f;
	return;
}

sub start
{
	my ($class, $secret) = @_;
	my @ports = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 6;
	my $self = bless { dir => sprintf('%s/sip%d', $ENV{TESTDIR} || '.', ++$started), ports => \@ports,
		pids => [], owner => $$ }, $class;

	for my $program (qw(baresip sipp))
	{
		plan(skip_all => "not installed: $program (see tools/install-deps check)") if !installed($program);
	}
	mkdir $self->{dir};
	$self->configure;
	push @all, $self;
	$self->{far_end} = $ports[4];
	$self->launch('sipp', 'sipp', '-sf', "$programs/far_end.xml", '-i', '127.0.0.1', '-p', $ports[4],
		'-mi', '127.0.0.1', '-mp', $ports[5], '-nostdin', '-trace_err', '-error_file', "$self->{dir}/sipp.err");
	$self->launch('baresip', 'baresip', '-f', $self->{dir});
	$self->wait_port($ports[3]);
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	$self->launch('bridge', $^X, "$programs/bridge.pl", $self->{port}, $ports[3], $secret);
	$self->wait_port($self->{port});
	return $self;
}

sub url { return "http://127.0.0.1:$_[0]{port}" }
sub trunk { return "127.0.0.1:$_[0]{far_end}" }

# What the programs have written, for a test that fails.
sub logs
{
	my ($self) = @_;

	return `tail -n 20 "$self->{dir}"/*.log 2>/dev/null`;
}

sub stop
{
	my ($self) = @_;

	for my $pid (splice @{ $self->{pids} })
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	return;
}

# A test that dies must leave nothing behind; a forked child must not stop it.
END
{
	my $status = $?;

	$_->stop for grep { $_->{owner} == $$ } @all;
	$? = $status;
}

1;
