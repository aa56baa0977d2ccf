# A tenant is not there for another one through PostgREST either (GEN-11): every view and
# every function of the OpenAPI document, with the key of the one, of the other, and without
# any, over the same connections in turn.
use strict;
use warnings;

use Isolation;
use JSON::PP;
use PortatextNode;
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('rest_isolation', conf => "portatext.api_requests_per_minute = 1000000\nportatext.api_anonymous_per_minute = 1000000\n");
my $iso = Isolation->set_up($node);
my ($own, $other) = ($iso->account('own'), $iso->account('other'));
# Each request is taken back, so that all find the same; who touches rows of the other is caught by triggers.
my $rest = PortatextRest->start($node, pool => 2, nginx => 0, conf => qq{db-tx-end = "rollback"\n});
my %key = (own => $rest->key($own, name => q{'osprey key'}), other => $rest->key($other, name => q{'kestrel key'}), nobody => undef);
my $MARK = $Isolation::MARK;

$iso->{before} = $iso->digest;    # with the keys

sub ask
{
	my ($who, $method, $path, %opt) = @_;
	return $rest->request($method, $path, key => $key{$who}, %opt);
}

# The document as the tenant gets it: paths with what can be done.
my $api = ask(own => GET => '/')->{json};
my @views = sort grep { $_ ne '/' && !m{^/rpc/} } keys %{ $api->{paths} };
my @functions = sort map { m{^/rpc/(.*)} ? $1 : () } keys %{ $api->{paths} };

cmp_ok(scalar(@views), '>', 20, 'views: ' . @views);
cmp_ok(scalar(@functions), '>', 60, 'functions: ' . @functions);

# ---- views ----

my (@leaks, @closed, @writes, %rows);
for my $view (@views)
{
	for my $who (qw(other own nobody))    # in turn, over two connections
	{
		my $r = ask($who, GET => $view);
		my $wrong = $who eq 'other' ? qr/osprey|1212555/i : $MARK;

		push @leaks, "$who $view: " . substr($r->{content}, 0, 200) if $r->{content} =~ $wrong;
		push @closed, "$who $view $r->{status}" if $who ne 'nobody' ? $r->{status} != 200 : $r->{status} !~ /^40[13]$/;
		$rows{$who} += @{ $r->{json} } if ref $r->{json} eq 'ARRAY';
		for my $method (qw(POST PATCH DELETE PUT))
		{
			my $w = ask($who, $method => "$view?limit=1", json => {});
			push @writes, "$who $method $view $w->{status} $w->{content}" if $w->{status} < 400 || $w->{content} =~ $wrong;
		}
	}
}
is(join("\n", @leaks), '', 'GEN-11: no view shows one tenant what is the other\'s');
is(join("\n", @closed), '', 'tenants read all views, and without credentials there are none');
is(join("\n", @writes), '', 'GEN-11: nobody writes to a view');
cmp_ok($rows{$_}, '>', 50, "$_ sees its own ($rows{$_} rows)") for qw(own other);
ok(!$rows{nobody}, 'and nobody sees none');

# Filters, orders, embedding and counts do not get around it.
@leaks = ();
for my $view (@views)
{
	my $name = substr $view, 1;
	my @columns = sort keys %{ $api->{definitions}{$name}{properties} || {} };

	for my $column (@columns)
	{
		my $r = ask(own => GET => "$view?$column=not.is.null&order=$column.desc", headers => { Prefer => 'count=exact' });
		push @leaks, "$view $column $r->{content}" if $r->{content} =~ $MARK;
	}
	for my $estimate (qw(planned estimated))
	{
		my $r = ask(own => GET => "$view?limit=1", headers => { Prefer => "count=$estimate" });
		push @leaks, "$view $r->{content}" if $r->{content} =~ $MARK;
	}
	push @leaks, "account of $view" if grep { $_ eq 'account_id' } @columns;
}
is(join("\n", @leaks), '', 'GEN-11: neither do filters, orders and counts, and no view has a column account_id');

# ---- functions ----

# What the other has and what nobody has, by the type that OpenAPI tells.
my (%pairs, $turn);
$turn = 0;
for my $line (split /\n/, $iso->super(q{SELECT class, value, twin FROM iso.candidate WHERE class IN ('number', 'text', 'uuid') ORDER BY class, source, value}))
{
	my ($class, $value, $twin) = split /\|/, $line;
	push @{ $pairs{$class} }, [ $value, $twin ];
}

# Arguments of a function: name => class.
sub arguments
{
	my ($name) = @_;
	my ($body) = grep { ($_->{in} // '') eq 'body' } @{ $api->{paths}{"/rpc/$name"}{post}{parameters} || [] };
	my $properties = $body->{schema}{properties} || {};

	return map {
		my ($type, $format) = ($properties->{$_}{type} // '', $properties->{$_}{format} // '');
		($_ => $format eq 'uuid' ? 'uuid' : $type eq 'integer' ? 'number' : $type eq 'array' ? 'list' : 'text')
	} keys %$properties;
}

# Values for an argument of that class: one of each kind that it may be, each time others.
sub pairs
{
	my ($class) = @_;
	my @kinds = $class eq 'list' ? ('text', 'number') : $class eq 'text' ? ('text', 'text', ('number', 'uuid')[ $turn % 2 ]) : $class;

	return map { $pairs{$_}[ $turn++ % @{ $pairs{$_} } ] } @kinds;
}

# Something of the caller's own for an argument that is not asked about.
my %usual = (to => '+12125550203', number => '+12125550203', numbers => ['+12125550203'], text => 'Hello from the test', name => 'FRESH', country => 'US',
	list => 'osprey list', lists => ['osprey list'], template => 'osprey template', service => 'OSPREY', email => 'ana@example.com', password => 'a good password',
	campaign => $iso->super("SELECT min(campaign_id) FROM portatext.campaign WHERE account_id = $own"), variables => {}, settings => {}, value => 'v', keyword => 'FRESH');

sub plain
{
	my ($r, $value) = @_;
	my $text = "$r->{status} $r->{content}";

	$text =~ s/\Q$value\E|\Q@{[ $value =~ s{^\+}{}r ]}\E/<id>/g;
	$text =~ s/kestrel|phantom/<tag>/gi;
	$text =~ s/1415555|1510555/<area>/g;
	$text =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/<uuid>/g;
	$text =~ s/pt_\w{8}_\w{32}/<key>/g;
	$text =~ s/\d{4}-\d\d-\d\d[T ][\d:.]+(?:[+-]\d\d:?\d\d)?/<time>/g;
	return $text =~ s/\d{4,}/<n>/gr;
}

my (@differ, $calls, %status);
for my $name (@functions)
{
	my %class = arguments($name);
	my %base = map { $_ => $usual{$_} } grep { exists $usual{$_} } keys %class;

	for my $argument (sort keys %class)
	{
		for my $pair (pairs($class{$argument}))
		{
			for my $who ('own', $calls++ % 5 ? () : 'nobody')
			{
				my @answer = map { ask($who, POST => "/rpc/$name", json => { %base, $argument => $class{$argument} eq 'list' ? [$_] : $_ }) } @$pair;
				my ($told, $twin) = map { plain($answer[$_], $pair->[$_]) } 0, 1;

				$status{ $answer[0]{status} }++;
				push @differ, "$who $name $argument=$pair->[0]\n$answer[0]{status} $answer[0]{content}\n$answer[1]{status} $answer[1]{content}" if $told ne $twin;
			}
		}
	}
}
is(join("\n", @differ), '', "GEN-11: no function tells the other's from nobody's ($calls calls)");
ok($status{$_}, "some calls are answered $_") for 200, 401, 404;
ok(!$status{500}, 'none with 500');
$iso->unchanged('GEN-11: after all that the other has what it had');

# ---- another's credentials are no way in ----

my $claim = PortatextRest::jwt({ role => 'portatext_account', account_id => $other + 0 }, 'another secret of 32 characters, or more');
is($rest->get('/messages', jwt => $claim)->{status}, 401, 'a token that was signed by somebody else is refused');
for my $header ('X-Account-Id', 'X-Portatext-Account', 'Prefer')
{
	my $r = $rest->get('/messages', key => $key{own}, headers => { $header => $header eq 'Prefer' ? "account_id=$other" : $other });
	unlike($r->{content}, $MARK, "GEN-11: the header $header names no account");
}

$rest->stop;
$node->stop;
done_testing();
