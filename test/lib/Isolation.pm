# Two tenants with rows in every table, for the tests that one of them is not there for
# the other (tenant.sql, isolation.sql, isolation_calls.sql).
#
#   my $iso = Isolation->set_up($node);   # the extension is made, workers are stopped
#   $iso->as('own', 'SELECT …')           # output, then what was said to standard error
package Isolation;

use strict;
use warnings;

use Test::More import => [qw(is diag)];

# What is the other's and nobody else's, as it may appear in an answer.
our $MARK = qr/kestrel|1415555/i;

our %ROLE = (
	own => 'iso_own',              # a tenant
	other => 'iso_other',          # another one
	stray => 'iso_stray',          # a tenant's rights without an account
	anonymous => 'iso_anonymous',  # as PostgREST is before authentication
	plain => 'iso_plain');         # no right at all

sub set_up
{
	my ($class, $node) = @_;
	my $self = bless { node => $node }, $class;

	$self->super(<<'END');
CREATE EXTENSION portatext;
CREATE ROLE iso_own LOGIN; CREATE ROLE iso_other LOGIN; CREATE ROLE iso_plain LOGIN;
CREATE ROLE iso_stray LOGIN IN ROLE portatext_account;
CREATE ROLE iso_anonymous LOGIN IN ROLE portatext_anonymous;
CREATE SCHEMA iso_own AUTHORIZATION iso_own;
SELECT portatext.create_short_code('US', '55512', ARRAY['US', 'CA']);
SELECT portatext.loopback_engine();
END
	$self->run_file('isolation.sql');
	$self->run_file('isolation_calls.sql');
	# The two have ids of their own kind: seven digits, four digits.
	$self->tenant('other', 'kestrel', 'iso_other', 415, 7700000);
	$self->tenant('own', 'osprey', 'iso_own', 212, 1000);
	is($self->quiet, 't', 'what both have begun is done');
	is($self->super(q{SET client_min_messages = warning; SELECT portatext.stop_workers()}), 't', 'the workers are stopped');
	is($self->super(q{SET session_replication_role = replica;
		SELECT string_agg(p, chr(10)) FROM iso.relation r, iso.tenant t, iso.fill(r.rel, t.account_id, t.tag, t.area) p
		WHERE r.keyed AND r.relkind = 'r'}), '', 'GEN-11: both have rows in every table that says whose they are');
	$self->super('SELECT iso.set_guards(), iso.take_samples(), iso.take_candidates(); ANALYZE');
	$self->{before} = $self->digest;
	return $self;
}

sub run_file
{
	my ($self, $file, @variables) = @_;
	my @set = map { ('-v', $_) } @variables;

	return $self->{node}->safe_psql('postgres', "\\i test/lib/$file", extra_params => \@set);
}

# Fills one account whose ids begin at that number.
sub tenant
{
	my ($self, $which, $tag, $role, $area, $first) = @_;

	$self->super("DO \$\$ DECLARE s regclass; BEGIN
		FOR s IN SELECT oid FROM pg_class WHERE relnamespace = 'portatext'::regnamespace AND relkind = 'S' LOOP
			PERFORM setval(s, $first);
		END LOOP; END \$\$");
	$self->run_file('tenant.sql', "tag=$tag", "role=$role", "n=$area");
	$self->super("INSERT INTO iso.tenant SELECT '$which', account_id, '$tag', '$area' FROM portatext.account WHERE name = '$tag'");
	return;
}

# Waits until messages and campaigns have come to rest; 't'.
sub quiet
{
	my ($self) = @_;
	my $done = $self->{node}->wait_sql(q{SELECT NOT EXISTS (SELECT FROM portatext.message WHERE state IN ('queued', 'sending') AND client_ref IS NOT NULL)
		AND (SELECT count(*) FROM portatext.campaign_run WHERE state = 'ready') = 4});

	return $done ? 't' : 'f';
}

sub super { my ($self, $sql) = @_; return $self->{node}->safe_psql('postgres', $sql) }
sub account { my ($self, $which) = @_; return $self->super("SELECT iso.account('$which')") }

# What the role gets for its statements, and what it is told besides.
sub as
{
	my ($self, $who, $sql) = @_;
	my ($out, $err) = ('', '');

	$self->{node}->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 0,
		connstr => $self->{node}->connstr('postgres') . " user=$ROLE{$who}");
	return wantarray ? ($out, $err) : $out;
}

sub digest { my ($self) = @_; return $self->super(q{SELECT iso.digest(iso.account('other'))}) }

# The other has what it had.
sub unchanged
{
	my ($self, $what) = @_;

	is($self->digest, $self->{before}, $what);
	is(scalar(() = PostgreSQL::Test::Utils::slurp_file($self->{node}->logfile) =~ /isolation broken/g), 0, 'and nobody tried in vain');
	return;
}

1;
