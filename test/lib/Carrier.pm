# A real Kannel with a message centre simulator, for tests (test/carrier).
#
#   use Carrier;
#   my $carrier = Carrier->start(mo_url => ...);    # skips the file without Kannel
#   ... $carrier->sendsms_url, $carrier->wait_submits(3) ...
#   $carrier->stop;                                 # also done when the test ends
#
# Ports are free ones; every wait has an end.
package Carrier;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Cluster ();
use Test::More import => [qw(diag plan)];
use Time::HiRes qw(time sleep);

our $WAIT = 30;    # seconds

my $scripts = abs_path(dirname(__FILE__) . '/../carrier');
my $started = 0;
my @all;

# Options: mo_url (where inbound messages go), mps (messages a second of bearerbox),
# raw (parts of inbound messages are not joined, texts not recoded).
sub start
{
	my ($class, %opt) = @_;
	my @ports = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 5;
	my $self = bless {
		dir => sprintf('%s/carrier%d', $ENV{TESTDIR} || '.', ++$started),
		ports => "@ports", pid => $$, opt => \%opt }, $class;

	push @all, $self;
	$self->launch;
	return $self;
}

# Starts (again, after stop) with the same ports and folder.
sub launch
{
	my ($self) = @_;
	my $opt = $self->{opt};

	local $ENV{CARRIER_PORTS} = $self->{ports};
	local $ENV{CARRIER_MPS} = $opt->{mps} // '';
	local $ENV{CARRIER_RAW} = $opt->{raw} // '';
	local $ENV{MO_URL} = $opt->{mo_url} // '';
	my $out = "$self->{dir}.start";

	# A file, not a pipe: the carrier's processes would keep a pipe open.
	my $status = system(qq("$scripts/start" "$self->{dir}" >"$out" 2>&1)) >> 8;
	my $text = _slurp($out);

	plan(skip_all => "not installed: Kannel (see tools/install-deps check)") if $status == 77;
	die "carrier did not start:\n$text" if $status;
	%$self = (%$self, $text =~ /^CARRIER_(\w+)=(.*)$/mg);
	return;
}

sub stop
{
	my ($self) = @_;

	system "$scripts/stop", $self->{dir} if -d $self->{dir};
	return;
}

# A test that dies must not leave a carrier behind; a forked child must not stop it.
END
{
	my $status = $?;

	$_->stop for grep { $_->{pid} == $$ } @all;
	$? = $status;
}

sub sendsms_url { return $_[0]{SENDSMS_URL} }
sub user { return $_[0]{USER} }
sub password { return $_[0]{PASSWORD} }
sub admin_url { return $_[0]{ADMIN_URL} }
sub sim_url { return $_[0]{SIM_URL} }

# ---- what the message centre saw ----

sub control
{
	my ($self, $path, %arg) = @_;
	my $response = HTTP::Tiny->new(timeout => 10)->post_form($self->sim_url . $path, \%arg);

	die "simulator $path: $response->{status} $response->{content}\n" unless $response->{success};
	return decode_json($response->{content});
}

# Messages that arrived, as hashes (see test/carrier/README.md); options: since, to.
sub submits
{
	my ($self, %opt) = @_;
	my $list = $self->control('/submits', since => $opt{since} // 0);

	return grep { !defined $opt{to} || $_->{to} eq $opt{to} } @$list;
}

# The same, as soon as there are so many of them.
sub wait_submits
{
	my ($self, $count, %opt) = @_;
	my $end = time + ($opt{seconds} // $WAIT);

	while (1)
	{
		my @list = $self->submits(%opt);

		return @list if @list >= $count;
		if (time > $end)
		{
			diag("waited for $count message(s) at the message centre, there are " . @list);
			return @list;
		}
		sleep 0.05;
	}
}

# The text that the recipient's telephone would show: accepted parts in their order.
sub received_text
{
	my ($self, $to) = @_;

	return join '', map { $_->{text} } sort { $a->{part} <=> $b->{part} }
	  grep { !$_->{status} } $self->submits(to => $to);
}

# ---- what the message centre does ----

# An inbound message; text is a Perl string.
sub mo
{
	my ($self, $from, $to, $text) = @_;

	return $self->control('/mo', from => $from, to => $to, text => $text);
}

# One inbound message or part as octets: udh and data in hexadecimal, coding as SMPP's data_coding.
sub deliver { my ($self, %arg) = @_; return $self->control('/deliver', %arg) }

sub link_state { my ($self, $state) = @_; return $self->control('/link', state => $state) }
sub receipts { my ($self, $state) = @_; return $self->control('/receipts', state => $state) }
sub mps { my ($self, $value) = @_; return $self->control('/mps', value => $value) }
sub reset { my ($self) = @_; return $self->control('/reset') }
sub receipt { my ($self, %arg) = @_; return $self->control('/receipt', %arg) }

# A command of Kannel's administration: suspend, isolate, resume, stop-smsc ...
sub admin
{
	my ($self, $command, %arg) = @_;
	my $http = HTTP::Tiny->new(timeout => 10);
	my $query = $http->www_form_urlencode({ password => 'adminpass', %arg });
	my $response = $http->get($self->admin_url . "/$command?$query");

	die "Kannel $command: $response->{status} $response->{content}\n" unless $response->{success};
	return $response->{content};
}

# Waits until bearerbox has its link to the message centre, or has lost it.
sub wait_link
{
	my ($self, $up) = @_;
	my $end = time + $WAIT;

	while (time < $end)
	{
		my $status = HTTP::Tiny->new(timeout => 5)->get($self->admin_url . '/status.txt?password=statuspass');

		return 1 if ($status->{content} =~ /sim\[sim\].*\(online/ ? 1 : 0) == ($up ? 1 : 0);
		sleep 0.1;
	}
	return 0;
}

sub _slurp
{
	my ($path) = @_;

	open my $f, '<', $path or return '';
	local $/;
	return scalar(<$f>) // '';
}

1;
