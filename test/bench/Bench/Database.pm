# A database with the extension, an application's role and an account that sends
# through the sink (setup.sql): queueing, waiting, emptying.
package Bench::Database;

use strict;
use warnings;

use Bench::Client qw(in_flight);
use Bench::Session;
use PostgreSQL::Test::Utils ();
use Time::HiRes qw(time sleep);

# Options: url (where messages go; default the sink), username, password,
# receiver_port (default none).
sub new
{
	my ($class, $stage, $name, %opt) = @_;
	my $self = bless { stage => $stage, name => $name }, $class;
	my $sink = $stage->sink->url;
	my %variable = (
		url => $opt{url} || "$sink/cgi-bin/sendsms", dlr_url => $sink, in_flight => in_flight(),
		username => $opt{username} || 'bench', password => $opt{password} || 'bench');

	$stage->node->safe_psql('postgres', "CREATE DATABASE $name");
	$stage->node->safe_psql('postgres', "ALTER DATABASE $name SET portatext.receiver_port = $opt{receiver_port}")
	  if $opt{receiver_port};
	$stage->node->psql($name, PostgreSQL::Test::Utils::slurp_file('test/bench/setup.sql'),
		on_error_die => 1, extra_params => [ map { ('-v', "$_=$variable{$_}") } sort keys %variable ]);
	$self->{watch} = Bench::Session->new($self->connection('postgres'));
	$self->{app} = Bench::Session->new($self->connection('app'));
	return $self;
}

# For libpq, as a role.
sub connection
{
	my ($self, $role) = @_;
	return $self->{stage}->node->connstr($self->{name}) . " user=$role";
}

# As superuser, and as the application's role under row-level security.
sub sql { return $_[0]{watch}->ask($_[1]) }
sub app { return $_[0]{app}->ask($_[1]) }

# How long a statement of the application takes, in seconds.
sub app_seconds { return $_[0]{app}->seconds($_[1]) }

# Closes the sessions.
sub leave
{
	my ($self) = @_;

	delete @$self{qw(watch app)};
	return;
}

sub drop
{
	my ($self) = @_;

	$self->leave;
	$self->{stage}->node->safe_psql('postgres', "DROP DATABASE $self->{name} WITH (FORCE)");
	return;
}

# ---- workers ----

sub stop_workers
{
	my ($self) = @_;

	die "the workers do not stop\n" unless $self->sql('SELECT portatext.stop_workers()') eq 't';
	return;
}

# Starts them and gives the dispatcher's process id.
sub start_workers
{
	my ($self) = @_;

	$self->sql('SELECT portatext.start_workers()');
	return $self->dispatcher;
}

# The dispatcher's process id, as soon as there is one.
sub dispatcher
{
	my ($self) = @_;
	my $end = time + 30;

	while (time < $end)
	{
		my $pid = $self->sql(q{SELECT pid FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'portatext dispatcher'});

		return $pid if $pid;
		sleep 0.02;
	}
	die "there is no dispatcher\n";
}

# ---- the queue ----

# Queues so many messages in one transaction.
sub queue
{
	my ($self, $n) = @_;

	die "not all messages were queued\n" unless $self->app("SELECT count(message_id) FROM send_many($n)") == $n;
	return;
}

# Queues very many in several transactions, from two sessions; those in which later is
# true for tomorrow.
sub fill
{
	my ($self, $n, $later) = @_;
	my $chunk = $n >= 100_000 ? 50_000 : int($n / 2);
	my $what = $later ? "send_later($chunk)" : "send_many($chunk)";

	Bench::Client::pgbench($self->{stage}, script => "SELECT count(message_id) FROM $what;\n", clients => 2,
		count => int($n / $chunk / 2), connection => $self->connection('app'));
	return;
}

# Is nothing queued, parked or in hand?
sub is_empty
{
	my ($self) = @_;

	return $self->sql(q{SELECT NOT EXISTS (SELECT FROM portatext.lease) AND NOT EXISTS (SELECT FROM portatext.outbox)
		AND NOT EXISTS (SELECT FROM portatext.parked)}) eq 't';
}

sub waiting
{
	my ($self) = @_;

	return $self->sql(q{SELECT (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.parked)
		+ (SELECT COALESCE(sum(cardinality(ids)), 0) FROM portatext.lease)});
}

# Until every message has an outcome; gives up when nothing has moved for half a
# minute.  Returns when that was.
sub wait_empty
{
	my ($self) = @_;
	my ($left, $looked, $moved) = ('', time, time);

	until ($self->is_empty)
	{
		if (time - $looked > 5)
		{
			my $now = $self->waiting;

			($left, $moved) = ($now, time) if $now ne $left;
			$looked = time;
		}
		die "$left rows stay in the queue: " . $self->trouble . "\n" if time - $moved > 30;
		sleep 0.005;
	}
	return time;
}

# What the extension itself says is wrong.
sub trouble
{
	my ($self) = @_;

	return $self->sql('SELECT COALESCE(string_agg(h::text, $$; $$), $$health() knows no problem$$) FROM portatext.health() h');
}

# Forgets all messages but their bookings, and the copies.
sub forget
{
	my ($self) = @_;

	$self->sql(q{TRUNCATE plain_message, plain_ledger, plain_outbox, portatext.message, portatext.message_part,
		portatext.carrier_ref, portatext.event, portatext.outbox, portatext.parked, portatext.lease, portatext.expiry});
	$self->sql('CHECKPOINT');
	return;
}

# Brings what was filled into the state that it would have after a while.
sub settle
{
	my ($self) = @_;

	$self->sql("VACUUM (ANALYZE) portatext.$_") for qw(message outbox ledger_entry parked);
	$self->sql('CHECKPOINT');
	return;
}

1;
